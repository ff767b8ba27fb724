"""A detector on disk: what it reads, the trees that weigh the features, the threshold, and what it has seen.

    detector.json   layout, names of features, threshold and what it was set by
    trees.txt       LightGBM's own text format
    state.npz       counts, as arrays

Each file is whole or absent; nothing in them is run. Where there are several versions, `versions` says which
is in force.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from icelos import __version__
from icelos.data.atomic import atomic_write
from icelos.data.parse.limits import read_bounded
from icelos.errors import InputError, MissingExtra
from icelos.jobs.logs.detect import feedback
from icelos.jobs.logs.detect.behaviour import WHOLE, Behaviour, Matrix
from icelos.jobs.logs.detect.columns import Floats, Layout
from icelos.jobs.logs.detect.likeness import Likeness, Likenesses
from icelos.jobs.logs.detect.table import Arrays
from icelos.jobs.logs.detect.versions import home_of

FORMAT = 1
_SETTINGS, _TREES, _STATE = "detector.json", "trees.txt", "state.npz"
_LARGEST = 256 * 1024 * 1024
_STATE_LARGEST = 8 << 30
_BLOCK = 65_536
_TOLD_BY = 50
"""Trees that tell why: an alert costs as much as thousands of rows that are clear."""
_FEW = 16
"""Rows that are not worth a thread."""
_LOOKS = (0, 10, 60, 90)
"""After how many trees rows are let go."""
_MARGIN = 1e-6
"""More than what rounding can do to a sum of trees."""
QUANTILES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0)
"""Of the scores, kept by the calibration."""
_INNER = (0.5, 0.9, 0.99, 0.999)
_FEWEST = 200


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the threshold was set: so many alerts a day (an entity, a day), on rows without known attacks.
    `alerts_per_day` is what it gave there: less than the budget where there is less to choose from, 0 where
    that was not kept."""

    budget: float
    threshold: float
    rows: int
    days: float
    quantiles: tuple[float, ...]
    alerts_per_day: float = 0.0

    def counted(self, scores: Floats) -> npt.NDArray[np.int64]:
        """How many scores there are, and for each of `_INNER` how many are below that quantile, and at most
        there (1 + 2 * quantiles). Counts of several batches may be added."""
        inner = [self.quantiles[QUANTILES.index(share)] for share in _INNER] if self.quantiles else []
        ordered = np.sort(scores.astype(np.float32))  # quantiles are of such, and many may be the same
        edges = np.array(inner, np.float32)
        below = (np.searchsorted(ordered, edges, side=side) for side in ("left", "right"))
        return np.concatenate(([scores.size], *below)).astype(np.int64)

    def shift(self, counts: npt.NDArray[np.int64]) -> float:
        """How far `counted` scores are from those here: the largest difference of the shares that are below a
        quantile (as Kolmogorov's, at some points), 0 to 1; 0 for fewer than 200 scores."""
        total, below, up_to = int(counts[0]), *np.split(counts[1:], 2)
        if total < _FEWEST or not below.size:
            return 0.0
        shares = np.array(_INNER)
        return float(np.maximum(below / total - shares, shares - up_to / total).max(initial=0.0))


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is usual of a value, and how far above that one row in a thousand is."""

    usual: float
    rare: float

    def of(self, values: Floats) -> Floats:
        """Values by this scale: 0 is usual, 1 is one row in a thousand."""
        return (values - self.usual) / max(self.rare, 1e-6)

    def value(self, scaled: Floats) -> Floats:
        """The values that are these by this scale."""
        return scaled * max(self.rare, 1e-6) + self.usual

    @classmethod
    def learned(cls, values: Floats) -> Scale:
        """The scale of some values."""
        usual = float(np.median(values))
        return cls(usual, float(np.quantile(values, 0.999)) - usual)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """detector.json. `taught` counts rows of attacks by scenario; made up, all of them. The trees of a
    student say what its `teacher` would, a GPT; those of others ("") what is an attack."""

    format: int = FORMAT
    version: str = __version__
    layout: Layout
    features: tuple[str, ...]
    calibration: Calibration
    trees: Scale
    surprise: Scale
    likenesses: dict[str, Likeness]
    taught: dict[str, int]
    rows: int
    teacher: str = ""


def lightgbm() -> Any:
    """The library. Raises MissingExtra."""
    try:
        import lightgbm as found
    except (ImportError, OSError) as error:  # OSError: a system without the OpenMP runtime that it links to
        raise MissingExtra("lightgbm", extra="detect") from error
    return found


class Detector:
    """Scores rows: half by trees that know attacks, half by how unusual a row is as a whole, for what no one
    has taught. What adds to a score is found by `threads`."""

    def __init__(
        self, settings: Settings, trees: str, behaviour: Behaviour, said: feedback.Feedback | None = None
    ) -> None:
        """Raises MissingExtra, InputError for trees that are none."""
        library = lightgbm()
        self.settings, self.behaviour = settings, behaviour
        self.feedback = said or feedback.Feedback()
        self.threads = 1
        self.text = trees
        self.home: Path | None = None
        try:
            self._trees = library.Booster(model_str=trees)
        except library.basic.LightGBMError as error:
            raise InputError(f"not trees: {error}", source=_TREES) from error
        if self._trees.num_feature() != len(settings.features):
            raise InputError("trees of other features", source=_TREES)
        self._likenesses = Likenesses(settings.likenesses, len(settings.features))
        self._highest = [_highest(self._trees, begin) for begin in _LOOKS]
        self._surprise = settings.features.index(WHOLE)
        self.version = hashlib.blake2b(trees.encode(), digest_size=6).hexdigest()

    @property
    def threshold(self) -> float:
        """Scores from here on are alerts."""
        return self.settings.calibration.threshold

    def scores(self, features: Matrix) -> Floats:
        """(rows) 0 is usual, 1 is about one row in a thousand."""
        by_trees = self.settings.trees.of(predicted(self._trees, features))
        if self.settings.teacher:
            return by_trees
        as_a_whole = self.settings.surprise.of(features[:, self._surprise].astype(np.float64))
        return (by_trees + as_a_whole) / 2

    def reaching(self, features: Matrix, thresholds: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """The rows whose scores are at or above their thresholds (rows), and these scores.

        A row is let go as soon as no tree that is still to come can lift it there: most of them after a few.
        """
        left, sums = np.arange(len(features)), np.zeros(len(features))
        scaled = thresholds
        if not self.settings.teacher:
            scaled = 2 * thresholds - self.settings.surprise.of(
                features[:, self._surprise].astype(np.float64)
            )
        wanted = self.settings.trees.value(scaled) - _MARGIN
        seen = 0
        for look, highest in zip(_LOOKS, self._highest, strict=True):
            if look > seen:
                sums += predicted(
                    self._trees, features[left], start_iteration=seen, num_iteration=look - seen
                )
            hopeful = sums + highest >= wanted[left]
            left, sums, seen = left[hopeful], sums[hopeful], look
        scores = self.scores(features[left])
        reached = scores >= thresholds[left]
        return left[reached], scores[reached]

    @property
    def watched_threshold(self) -> float:
        """That of entities with a confirmed incident: one row in a hundred is above it."""
        quantiles = self.settings.calibration.quantiles
        return min(self.threshold, quantiles[QUANTILES.index(0.99)]) if quantiles else self.threshold

    def resembles(self, row: Matrix) -> str:
        """The ATT&CK technique whose rows are most like this one, "" where none was taught."""
        return self._likenesses.nearest(row)

    def share_below(self, score: float) -> float:
        """The share of the rows that the threshold was set by that scored less."""
        return float(np.interp(score, self.settings.calibration.quantiles, QUANTILES))

    def shares(self, features: Matrix) -> npt.NDArray[np.float64]:
        """(rows, features) what each feature adds to the score of its row (SHAP values of the first trees,
        which say most)."""
        parts = np.array_split(features, self.threads if len(features) >= _FEW else 1)
        with ThreadPoolExecutor(self.threads) as threads:  # LightGBM's own burn time where they wait
            found = threads.map(
                partial(self._trees.predict, pred_contrib=True, num_iteration=_TOLD_BY, num_threads=1), parts
            )
            return np.concatenate([*found])[:, :-1]

    def save(self, folder: Path) -> None:
        """Write all of it into a folder that has none; the settings last, without which there is no detector.

        A folder that has one gets another by `versions.put`, as a whole.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / _TREES) as file:
            file.write(self.text.encode())
        self.save_state(folder)
        with atomic_write(folder / _SETTINGS) as file:
            file.write(msgspec.json.format(msgspec.json.encode(self.settings), indent=2) + b"\n")

    def save_state(self, folder: Path | None = None) -> None:
        """Write what was seen: where it was loaded from if no folder is given, so that the state of one
        version never stands beside the trees of another."""
        folder = folder or self.home
        if folder is None:
            raise ValueError("was never loaded: there is no place for its state")
        with atomic_write(folder / _STATE) as file:
            np.savez_compressed(file, **self.behaviour.snapshot())  # type: ignore[arg-type]


def _highest(trees: Any, begin: int) -> float:
    """The most that the trees from this one on can add."""
    if begin >= trees.num_trees():
        return 0.0
    rest = trees.model_to_string(start_iteration=begin, num_iteration=-1)
    return float(lightgbm().Booster(model_str=rest).upper_bound())


def predicted(trees: Any, features: Matrix, **some: int) -> Floats:
    """(rows) log-odds that a row is of an attack, by all or `some` of the trees."""
    parts = [
        trees.predict(features[begin : begin + _BLOCK], raw_score=True, num_threads=1, **some)
        for begin in range(0, len(features), _BLOCK)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def load(folder: Path) -> Detector:
    """The detector of a folder, of the version in force.

    Raises InputError for one that is none, or of another version of Icelos; MissingExtra.
    """
    return load_files(home_of(folder), feedback.load(folder))


def load_files(folder: Path, said: feedback.Feedback | None = None) -> Detector:
    """The detector whose files stand in this very folder. Raises as `load`."""
    try:
        settings = msgspec.json.decode(_read(folder / _SETTINGS), type=Settings)
        trees = _read(folder / _TREES).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"not a detector: {error}", source=str(folder), hint="train it again") from error
    if settings.format != FORMAT:
        raise InputError("a detector of another version", source=str(folder), hint="train it again")
    behaviour = Behaviour(settings.layout)
    if behaviour.names != settings.features:
        raise InputError("a detector of other features", source=str(folder), hint="train it again")
    state = folder / _STATE
    try:
        behaviour.restore(load_arrays(state))
    except ValueError as error:
        raise InputError(str(error), source=str(state), hint="train it again") from error
    detector = Detector(settings, trees, behaviour, said)
    detector.home = folder
    return detector


def load_arrays(path: Path) -> Arrays:
    """Arrays of a file, without any objects. Raises InputError."""
    try:
        return arrays_of(_read(path, _STATE_LARGEST))
    except ValueError as error:
        raise InputError(str(error), source=str(path), hint="train it again") from error


def arrays_of(data: bytes) -> Arrays:
    """Arrays by name, as NumPy's savez writes them, without any objects. Raises ValueError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _STATE_LARGEST:
                raise ValueError("not a state: is too large")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, zipfile.BadZipFile, OSError, KeyError) as error:
        raise ValueError(f"not a state: {error}") from error


def _read(path: Path, most: int = _LARGEST) -> bytes:
    try:
        return read_bounded(path, most)
    except InputError as error:
        hint = error.hint or "a folder that `icelos logs detect train` wrote"
        raise InputError(f"no detector: {error.message}", source=str(path), hint=hint) from error
