"""Episodes into files: every line of the source as it is, the rows of attacks between them, labels beside.

A row of an attack is made after a row that stands shortly before it, the victim's own where there is one:
same user, device, tenant and session, but for what the scenario says otherwise.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from icelos import __version__
from icelos.data.atomic import atomic_write
from icelos.data.row_ids import ROW_ID_FIELDS
from icelos.errors import InputError
from icelos.jobs.logs.outputs import check_output, labels_path, open_output, write_meta
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.jobs.logs.whatif.forms import Fields, Form, Log
from icelos.jobs.logs.whatif.making import Maker, Models
from icelos.jobs.logs.whatif.planning import Episode, Planned, Wanted, plan
from icelos.jobs.logs.whatif.scenario import Scenario
from icelos.jobs.logs.whatif.world import LogFile, World, any_key, like_key, lines_of, matches, read_world
from icelos.records import record_id

_OWN_ROWS = 32
_LIKE_ROWS = 12
_ANY_ROWS = 12
"""Rows kept to make others after: of each victim, of each description, of anybody."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A line of FILE.labels.jsonl: a row by its number, from 1, its own id, and the record id of its findings
    ("" where that depends on the file's place); what it belongs to."""

    row: int
    id: str
    record_id: str
    episode: str
    scenario: str
    stage: str
    technique: str
    user: str
    benign: bool
    difficulty: float


class PlayedMeta(msgspec.Struct, frozen=True, kw_only=True):
    """FILE.meta.json. `rows` are all lines of the file, `simulated_rows` those that were played into it."""

    simulated: str = "in part: see the labels"
    generator: str = "icelos logs whatif"
    version: str = __version__
    log: str
    rows: int
    simulated_rows: int
    episodes: int
    scenarios: tuple[str, ...]
    difficulty: float
    seed: int
    ordered: bool
    sha256: str


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the side file of each file; planned rows that had no log, or no row to be made after;
    the episodes of which no row was played; and the scenarios whose logs are not there."""

    files: dict[str, PlayedMeta]
    unplayed_rows: int = 0
    unplayed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def whatif(
    source: str,
    output: Path,
    scenarios: Sequence[Scenario],
    wanted: Wanted,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Played:
    """Play scenarios into the log at `source`; write all of it to `output`, a folder where the source is one.

    FILE.labels.jsonl says which rows are of which episode, stage and technique, FILE.meta.json that they are
    made up. The same call gives the same bytes. Each file is whole or absent. Raises InputError where nothing
    can be played.
    """
    folder = Path(source).is_dir()
    check_output(output / "x" if folder else output)
    if output.exists() and Path(source).exists() and output.resolve() == Path(source).resolve():
        raise InputError("is the source itself", source=str(output), hint="name another --output")
    world, playable, episodes = _planned(source, scenarios, wanted, progress)
    written = {}
    for file in _in_order(world.files, playable):
        path = output / file.name if folder else output
        written[str(path)] = _Player(world, file, episodes, wanted).write(path, playable, progress)
    return Played(
        files=written,
        unplayed_rows=sum(len(one.rows) - one.played for one in episodes),
        unplayed=tuple(one.id for one in episodes if one.played == 0),
        left_out=tuple(one.name for one in scenarios if one not in playable),
    )


def attacked_lines(
    source: str, scenarios: Sequence[Scenario], wanted: Wanted
) -> Iterator[tuple[bytes, Label | None]]:
    """The lines of a log with scenarios played into it, and the labels of those that are played.

    Raises InputError where nothing can be played.
    """
    world, playable, episodes = _planned(source, scenarios, wanted, lambda _: None)
    for file in _in_order(world.files, playable):
        yield from _Player(world, file, episodes, wanted).lines()


def _planned(
    source: str, scenarios: Sequence[Scenario], wanted: Wanted, progress: Callable[[int], None]
) -> tuple[World, list[Scenario], list[Episode]]:
    """The world, the scenarios that have their logs here, and the episodes."""
    world = read_world(source, likes=_likes(scenarios), progress=progress)
    logs = {file.form.log for file in world.files if file.form is not None and file.rows}
    playable = [one for one in scenarios if logs & {stage.log for stage in one.stages}]
    if not playable:
        needed = sorted({stage.log for one in scenarios for stage in one.stages})
        raise InputError(
            f"no scenario has its log here, only {', '.join(sorted(logs))}", source=source,
            hint=f"what they need: {', '.join(needed)}",
        )  # fmt: skip
    return world, playable, plan(world, playable, wanted)


def _earlier_labels(path: Path) -> dict[int, dict[str, object]]:
    """Labels that stand beside the source, by row: what was played into it before."""
    beside = labels_path(path)
    if not beside.is_file():
        return {}
    found = {}
    for _, label in lines_of(beside):
        if label is not None and isinstance(number := label.get("row"), int):
            found[number] = label
    return found


def _likes(scenarios: Sequence[Scenario]) -> dict[str, dict[str, dict[str, Any]]]:
    """By log, what rows are looked for, under the key of each."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for scenario in scenarios:
        for stage in scenario.stages:
            found.setdefault(stage.log, {})[like_key(stage)] = stage.like
    return found


def _in_order(files: Iterable[LogFile], scenarios: Sequence[Scenario]) -> list[LogFile]:
    """Those first in which episodes begin: the rest goes by when they did."""
    places: dict[str, int] = {}
    for scenario in scenarios:
        for number, stage in enumerate(scenario.stages):
            places[stage.log] = min(number, places.get(stage.log, number))
    return sorted(
        files, key=lambda file: (places.get(file.form.log, 99) if file.form else 100, file.first, file.name)
    )


class _Player:
    """Writes one file."""

    def __init__(self, world: World, file: LogFile, episodes: Sequence[Episode], wanted: Wanted) -> None:
        self._world, self._file, self._episodes, self._wanted = world, file, episodes, wanted
        self._due: list[tuple[float, int, Episode, Planned, float]] = []
        self._pending: dict[str, list[Episode]] = {}
        self._like: dict[str, tuple[dict[str, Any], deque[bytes]]] = {}
        self._own: dict[str, deque[bytes]] = {}
        self._anyone: deque[bytes] = deque(maxlen=_ANY_ROWS)
        self._count = 0
        self._rng = random.Random(f"{wanted.seed} {file.name}")  # noqa: S311 - not a secret
        self._same_log = sorted(
            (
                one
                for one in world.files
                if one.rows and one.form and file.form and one.form.log == file.form.log
            ),
            key=lambda one: (one.first, one.name),
        )
        if file.form is not None and file.rows:
            self._expect(file.form)

    def _expect(self, form: Form) -> None:
        for episode in self._episodes:
            planned = [row for row in episode.rows if row.stage.log == form.log]
            for row in planned:
                key = like_key(row.stage)
                if key not in self._like:
                    self._like[key] = row.stage.like, deque(self._world.examples.get(key, ()), _LIKE_ROWS)
                self._own.setdefault(row.victim, deque(maxlen=_OWN_ROWS))
            if not planned:
                continue
            if episode.begins is None and episode.rows[0].stage.log == form.log:
                self._own.setdefault(episode.rows[0].victim, deque(maxlen=_OWN_ROWS))
                self._pending.setdefault(episode.rows[0].victim, []).append(episode)
            else:
                if episode.begins is None:
                    episode.begins = episode.earliest
                self._add(episode, form)

    def _add(self, episode: Episode, form: Form) -> None:
        """Its rows of this log and time become due."""
        assert episode.begins is not None  # noqa: S101 - by the callers
        for row in episode.rows:
            moment = episode.begins + row.after
            if row.stage.log == form.log and self._is_here(moment):
                self._count += 1
                heapq.heappush(self._due, (self._place(moment), self._count, episode, row, moment))

    def _is_here(self, moment: float) -> bool:
        """Whether this file is the one, of those of its log, that such a row belongs to."""
        same = self._same_log
        return next((file for file in same if moment <= file.last), same[-1]) is self._file

    def _place(self, moment: float) -> float:
        """Where in the file: by time, from the newest down in such a file, anywhere in one without order."""
        if not self._file.ordered:
            return self._rng.random() * self._file.rows
        return -moment if self._file.descends else moment

    def write(self, path: Path, scenarios: Sequence[Scenario], progress: Callable[[int], None]) -> PlayedMeta:
        """The file with its side files."""
        digest, rows, made, read = hashlib.sha256(), 0, 0, 0
        earlier = _earlier_labels(self._file.path)
        played: set[str] = set()
        with ExitStack() as stack:
            labels = stack.enter_context(atomic_write(labels_path(path)))
            out = stack.enter_context(open_output(path))
            for line, label in self.lines():
                rows += 1
                digest.update(line)
                out.write(line)
                if label is not None:
                    made += 1
                    played.add(label.episode)
                    labels.write(msgspec.json.encode(msgspec.structs.replace(label, row=rows)) + b"\n")
                    continue
                read += 1
                if read in earlier:
                    labels.write(msgspec.json.encode(earlier[read] | {"row": rows}) + b"\n")
                if not rows % 5000:
                    progress(rows)
        meta = PlayedMeta(
            log=self._file.form.log if self._file.form else "other", rows=rows, simulated_rows=made,
            episodes=len(played), scenarios=tuple(one.name for one in scenarios),
            difficulty=self._wanted.difficulty, seed=self._wanted.seed, ordered=self._file.ordered,
            sha256=digest.hexdigest(),
        )  # fmt: skip
        write_meta(path, meta)
        return meta

    def lines(self) -> Iterator[tuple[bytes, Label | None]]:
        """Everything that is written, with the labels of what is played."""
        form, ends = self._file.form, True
        number = 0
        for line, row in lines_of(self._file.path):
            if form is not None and row is not None and self._file.rows:
                number += 1
                moment = seconds_of(form.get(row, self._file.log.time), numbers=True)
                if moment is not None and ends:
                    yield from self._played(self._here(moment, number), form)
                self._remember(form, row, line)
                if moment is not None:
                    self._wake(form, row, moment)
            yield line, None
            ends = line.endswith(b"\n")
        if self._due and form is not None:
            if not ends:
                yield b"\n", None
            yield from self._played(float("inf"), form)

    def _here(self, moment: float, number: int) -> float:
        if not self._file.ordered:
            return number
        return -moment if self._file.descends else moment

    def _played(self, until: float, form: Form) -> Iterator[tuple[bytes, Label | None]]:
        while self._due and self._due[0][0] <= until:
            _, _, episode, planned, moment = heapq.heappop(self._due)
            maker = Maker(self._world, form, self._file.log, episode, planned, moment)
            made = maker.made(self._models(planned, form))
            if made is None:
                continue
            episode.played += 1
            line, row = made
            yield line, _label(line, row, form, self._file.log, episode, planned)

    def _remember(self, form: Form, row: Fields, line: bytes) -> None:
        user = form.get(row, self._file.log.user)
        own = self._own.get(user) if isinstance(user, str) else None
        if own is not None:
            own.append(line)
        self._anyone.append(line)
        for like, kept in self._like.values():
            if matches(form, row, like):
                kept.append(line)

    def _wake(self, form: Form, row: Fields, moment: float) -> None:
        """Episodes that wait for their victim to do something begin when it happens."""
        user = form.get(row, self._file.log.user)
        waiting = self._pending.get(user) if isinstance(user, str) else None
        if not waiting or form.get(row, "isInteractive") is False:
            return
        for episode in [one for one in waiting if one.earliest <= moment]:
            waiting.remove(episode)
            episode.begins = moment
            self._add(episode, form)

    def _models(self, planned: Planned, form: Form) -> Models:
        return Models(
            own=self._own.get(planned.victim, ()),
            like=self._like[like_key(planned.stage)][1],
            anyone=self._anyone or self._world.examples.get(any_key(form.log), ()),
        )


def _label(line: bytes, row: Fields, form: Form, log: Log, episode: Episode, planned: Planned) -> Label:
    named = any(isinstance(row.get(name), str) for name in ROW_ID_FIELDS)
    return Label(
        row=0, id=str(form.get(row, log.own[0]) or ""),
        record_id=record_id("row", line.rstrip(b"\n")) if named else "", episode=episode.id,
        scenario=episode.scenario.name, stage=planned.stage.name, technique=planned.stage.technique,
        user=planned.victim, benign=episode.scenario.benign, difficulty=episode.difficulty,
    )  # fmt: skip
