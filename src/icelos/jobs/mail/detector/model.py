"""The detector's model: numbers in one file, log-odds out, with what each part gave.

Five parts look at one mail: `text` (hashed words and characters), `meaning` (the sentence encoder, where
there is one), `anatomy` (how it is built), and the intents, which were learnt from synthetic mail only:
`harm` and `harmless` are the log-odds that any of the harmful intents, any of the benign topics is in it. A
mixture weighs them into calibrated log-odds. Nothing in the file is code: arrays and a JSON card.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.jobs.mail.detector.anatomy import NAMES as QUESTIONS
from icelos.jobs.mail.detector.meaning import meanings
from icelos.jobs.mail.detector.vectors import FEATURES, FOLDED, folded, vectors
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS
from icelos.llm.encoder import DIMENSIONS, Encoder

Floats = NDArray[np.float32]
PARTS = ("text", "meaning", "harm", "harmless", "anatomy")
FILE_LIMIT = 64 << 20
ARRAY_LIMIT = 128 << 20
_UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error,
    msgspec.MsgspecError,
)  # fmt: skip
"""What a damaged or foreign file may raise: RuntimeError where it is encrypted or packed in an unknown way,
MemoryError where an array says that it is huge."""
CLIP = 12.0
"""Log-odds beyond which a part says no more than "certain"."""


class Linear(NamedTuple):
    """`weights` (outputs, inputs) and `offsets` (outputs,) of a linear map to log-odds."""

    weights: Floats
    offsets: Floats

    def __call__(self, rows: Any) -> Floats:
        """Log-odds, shape (len(rows), outputs).

        Dense rows are summed in double precision: in single, a sum depends on how many rows stand beside it.
        """
        if isinstance(rows, np.ndarray):
            rows = rows.astype(np.float64)
        return np.asarray(rows @ self.weights.T + self.offsets, np.float32)


class Mixture(msgspec.Struct, frozen=True):
    """How much each of `PARTS` counts, and the offset: their sum is calibrated log-odds."""

    weights: Mapping[str, float]
    offset: float


class Thresholds(msgspec.Struct, frozen=True):
    """Log-odds from which a mail is put to review, and from which it is an alert, and how they were
    chosen."""

    review: float
    alert: float
    wanted_fpr: float
    ham: int


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is and what it was made from; shown by `icelos mail models`.

    `trained_on` names each set with its number of mails and licence. `thresholds` and `mixtures` have the
    keys "encoder" and "words": with the sentence encoder, and without.
    """

    version: str
    created: str
    trained_on: Sequence[str]
    intents: Sequence[str] = ALL
    mixtures: Mapping[str, Mixture]
    thresholds: Mapping[str, Thresholds]
    seed: int = 0
    notes: str = ""


class Reading(NamedTuple):
    """What the parts say of mails: `parts` (n, 5) log-odds in the order of `PARTS`, 0 where one was not
    asked; `intents` (n, number of intents) probabilities.
    """

    parts: Floats
    intents: Floats


class MailModel(NamedTuple):
    """The parts. `meaning` maps the encoder's vectors to the text's verdict and the intents, in this
    order."""

    card: Card
    text: Linear
    intents: Linear
    meaning: Linear | None
    anatomy: Linear

    def read(self, views: Sequence[str], anatomy: Floats, encoder: Encoder | None = None) -> Reading:
        """What each part says of mails, by their views and anatomy (of the modules of these names)."""
        rows = vectors(views)
        seen = meanings(views, encoder) if encoder is not None and self.meaning is not None else None
        return self.read_vectors(rows, anatomy, seen)

    def read_vectors(self, rows: Any, anatomy: Floats, seen: Floats | None = None) -> Reading:
        """The same for `vectors(views)` and the encoder's vectors, which are at hand."""
        parts = np.zeros((rows.shape[0], len(PARTS)), np.float32)
        parts[:, 0] = self.text(rows)[:, 0]
        intents = self.intents(folded(rows))
        if seen is not None and self.meaning is not None:
            meant = self.meaning(seen)
            parts[:, 1] = meant[:, 0]
            intents = np.asarray((intents + meant[:, 1:]) / 2, np.float32)
        probabilities = _logistic(intents)
        harmful = np.array([name in MALICIOUS for name in self.card.intents])
        parts[:, 2] = any_of(probabilities[:, harmful])
        parts[:, 3] = any_of(probabilities[:, ~harmful])
        parts[:, 4] = self.anatomy(anatomy)[:, 0]
        return Reading(np.clip(parts, -CLIP, CLIP), probabilities)

    def kind(self, encoder: Encoder | None) -> str:
        """The key of mixtures and thresholds. Raises InputError where the model has none for it."""
        return self.checked("encoder" if encoder is not None and self.meaning is not None else "words")

    def checked(self, kind: str) -> str:
        """`kind`, if the model can judge so. Raises InputError."""
        if kind not in self.card.mixtures:
            alone, other = ("without", "off") if kind == "encoder" else ("with", "on")
            raise InputError(
                f"the model {self.card.version!r} judges only {alone} the sentence encoder",
                hint=f'set mail.encoder = "{other}", or use another of `icelos mail models`',
            )
        return kind

    def weigh(self, parts: Floats, kind: str) -> Floats:
        """What each part adds to the log-odds, shape (n, 5); the mixture's offset is not in it."""
        mixture = self.card.mixtures[kind]
        return parts * np.array([mixture.weights.get(name, 0.0) for name in PARTS], np.float32)

    def log_odds(self, reading: Reading, kind: str) -> Floats:
        """Calibrated log-odds, shape (n,)."""
        return np.asarray(
            self.weigh(reading.parts, kind).sum(1) + np.float32(self.card.mixtures[kind].offset), np.float32
        )


def _logistic(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30, 30))), np.float32)


def any_of(probabilities: Floats) -> Floats:
    """Log-odds that at least one of the columns holds, taken as independent; shape (n,).

    In double precision, for the reason that `Linear` has.
    """
    none = np.log1p(-np.clip(probabilities.astype(np.float64), 0, 1 - 1e-6)).sum(1)
    return np.asarray(np.log(-np.expm1(none) + 1e-9) - none, np.float32)


EMPTY = Card(version="", created="", trained_on=(), mixtures={}, thresholds={})


# ---- the file


def save_model(model: MailModel, path: Path) -> None:
    """Write one file, whole or not at all. Weights are kept in 8 bits with a scale for each output."""
    from icelos.data.atomic import atomic_write

    arrays: dict[str, NDArray[Any]] = {"card": np.frombuffer(msgspec.json.encode(model.card), np.uint8)}
    for name, part in (("text", model.text), ("intents", model.intents), ("meaning", model.meaning),
                       ("anatomy", model.anatomy)):  # fmt: skip
        if part is not None:
            arrays |= _packed(name, part)
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    with atomic_write(path) as file:
        file.write(stream.getvalue())


def load_model(path: Path) -> MailModel:
    """Raises InputError for what is no model file of this version."""
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise InputError("the model file is too large", source=str(path))
        with zipfile.ZipFile(path) as packed:
            if sum(member.file_size for member in packed.infolist()) > ARRAY_LIMIT:
                raise InputError("the model file unpacks to too much", source=str(path))
        with np.load(path, allow_pickle=False) as arrays:
            return _built(arrays)
    except _UNREADABLE as error:
        raise InputError(
            f"not a mail model of this version: {error}", source=str(path), hint="see `icelos mail models`"
        ) from error


def _built(arrays: Mapping[str, NDArray[Any]]) -> MailModel:
    card = msgspec.json.decode(np.asarray(arrays["card"]).tobytes(), type=Card)
    if not card.mixtures or card.mixtures.keys() != card.thresholds.keys():
        raise ValueError("its card has no threshold for each mixture")
    outputs = len(card.intents)
    meaning = _unpacked("meaning", arrays, (1 + outputs, DIMENSIONS)) if "meaning" in arrays else None
    return MailModel(
        card, _unpacked("text", arrays, (1, FEATURES)), _unpacked("intents", arrays, (outputs, FOLDED)),
        meaning, _unpacked("anatomy", arrays, (1, len(QUESTIONS))),
    )  # fmt: skip


def _packed(name: str, part: Linear) -> dict[str, NDArray[Any]]:
    scale = np.maximum(np.abs(part.weights).max(1), 1e-9) / 127
    return {
        name: np.round(part.weights / scale[:, None]).astype(np.int8),
        f"{name}-scale": scale.astype(np.float32),
        f"{name}-offsets": part.offsets.astype(np.float32),
    }


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Linear:
    weights = _checked(arrays, name, np.int8, shape)
    scale = _checked(arrays, f"{name}-scale", np.float32, shape[:1])
    offsets = _checked(arrays, f"{name}-offsets", np.float32, shape[:1])
    # Column after column, as sparse rows read them: kept row after row, all are copied for every product.
    return Linear(np.multiply(weights, scale[:, None], order="F"), offsets)


def _checked(
    arrays: Mapping[str, NDArray[Any]], name: str, kind: type[np.generic], shape: tuple[int, ...]
) -> NDArray[Any]:
    """An array as `_packed` makes it. Raises KeyError, ValueError."""
    array = np.asarray(arrays[name])  # a member that is no array comes as bytes
    if array.dtype != kind or array.shape != shape:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not {kind.__name__} of {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds what is no number")
    return array
