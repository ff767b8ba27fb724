"""Advisories from files, looked up by the package they name.

Reads *.json and *.jsonl (gzip or zstd undone) in OSV's schema and in Alpine's secdb; other files of a
folder are passed over, a JSON file of another format is a Failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import msgspec

from icelos.data.aliases import merged
from icelos.data.parse.limits import load_json, read_bounded
from icelos.data.parse.osv_advisories import Advisory, is_osv, is_secdb, osv, secdb
from icelos.data.parse.purls import Place
from icelos.data.reading import files_below, open_input, read_lines, stream_errors
from icelos.data.statement import Statement
from icelos.errors import IcelosError, InputError
from icelos.findings import Failure, failure
from icelos.records import record_id

MAX_DOCUMENT = 256 * 1024 * 1024
SUFFIXES = (".json", ".jsonl", ".ndjson")


class AdvisoryIndex(Protocol):
    """What a job needs to look advisories up, in memory (`Advisories`) or on disk (`AdvisoryStore`)."""

    @property
    def failures(self) -> Sequence[Failure]: ...
    @property
    def count(self) -> int: ...
    def about(self, place: Place) -> Mapping[str, Sequence[Statement]]: ...
    def covers(self, place: Place) -> bool: ...
    def packages(self, ecosystem: str) -> Sequence[str]: ...


class Advisories:
    """Advisories by id and by the package they name. Withdrawn ones are left out."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.count = 0
        self._by_package: dict[tuple[str, str], list[Statement]] = {}
        self._releases: set[tuple[str, str]] = set()
        self._places: dict[tuple[str, str, str], dict[str, list[Statement]]] = {}

    def add(self, advisory: Advisory) -> None:
        """Take one in; what several documents say under one id stands side by side."""
        if advisory.withdrawn:
            return
        self.count += 1
        self._places.clear()
        for affected in advisory.affected:
            key = (affected.ecosystem, affected.name)
            self._by_package.setdefault(key, []).append(Statement(advisory, affected))
            self._releases.add((affected.ecosystem, affected.release))

    def about(self, place: Place) -> dict[str, list[Statement]]:
        """Advisory id -> what it says of the package at `place`, in the order of reading.

        Advisories that are aliases of each other stand together, under the least of their ids.
        Statements about another release of the distribution are left out; where the component's
        release is not known, all are given, and no verdict but "unknown" can rest on them.
        """
        key = (place.ecosystem, place.name, place.release)
        if key not in self._places:  # a job asks for a package as often as it has advisories
            self._places[key] = self._about(place)
        return self._places[key]

    def _about(self, place: Place) -> dict[str, list[Statement]]:
        found: dict[str, list[Statement]] = {}
        for statement in self._by_package.get((place.ecosystem, place.name), ()):
            if same_release(place, statement.affected.release):
                found.setdefault(statement.advisory.id, []).append(statement)
        return merged(found)

    def packages(self, ecosystem: str) -> list[str]:
        """The names of the packages of an ecosystem that any advisory names, sorted."""
        return sorted(name for found, name in self._by_package if found == ecosystem)

    def covers(self, place: Place) -> bool:
        """Whether there is any advisory at all for the component's ecosystem and release."""
        return any(
            ecosystem == place.ecosystem and same_release(place, release)
            for ecosystem, release in self._releases
        )


def same_release(place: Place, release: str) -> bool:
    """Whether a statement about `release` may be one about `place`, which unknown releases may.

    "22.04" answers to Ubuntu's "22.04:LTS", "8" to Red Hat's "enterprise_linux:8::baseos"."""
    if not release or not place.release:
        return True
    return release == place.release or place.release in release.split(":")


def load_advisories(location: str | Path) -> Advisories:
    """All advisories of a file or folder; kept in memory until the files change.

    Raises InputError where nothing is there, or no file in it could hold advisories.
    """
    path = Path(location)
    files = [path] if path.is_file() else [f for f in files_below(path) if _is_wanted(f)]
    if not files:
        raise InputError("no *.json or *.jsonl file with advisories", source=str(path))
    states = tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files)
    return _loaded(str(path if path.is_dir() else path.parent), states)


def _is_wanted(path: Path) -> bool:
    name = path.name
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return name.endswith(SUFFIXES)


@lru_cache(maxsize=4)
def _loaded(root: str, states: tuple[tuple[str, int, int], ...]) -> Advisories:
    advisories = Advisories()
    for file, _, _ in states:
        path = Path(file)
        name = os.path.relpath(path, root)
        try:
            for item in read_advisories(path, name):
                _take(advisories, item, name)
        except stream_errors() as error:
            reason = error.message if isinstance(error, IcelosError) else f"broken stream: {error}"
            _take(advisories, InputError(reason), name)
    return advisories


def _take(advisories: Advisories, item: Advisory | InputError, name: str) -> None:
    if isinstance(item, Advisory):
        advisories.add(item)
    else:
        advisories.failures.append(advisory_failure(item, name))


def advisory_failure(error: InputError, name: str) -> Failure:
    """The Failure of one advisory of the file `name`."""
    where = error.source or name
    return failure(record_id=record_id("advisory", where), job="", error=error.message, source=where)


def read_advisories(path: Path, name: str) -> Iterator[Advisory | InputError]:
    """The advisories of a file of lines, or of one document.

    They are told apart by whether the first line is a whole object.
    """
    if _is_lines(path):
        with open_input(path) as stream:
            for line in read_lines(stream, limit=MAX_DOCUMENT):
                if line.overlong:
                    yield InputError("line is too long", source=f"{name}:{line.number}")
                elif line.data.strip():
                    yield from advisories_in(line.data, f"{name}:{line.number}")
    else:
        data = read_bounded(path, MAX_DOCUMENT)
        whole = load_json(data)
        parts: Sequence[bytes] = [data]
        if isinstance(whole, list):
            parts = [bytes(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
        for number, part in enumerate(parts):
            yield from advisories_in(part, f"{name}:[{number}]" if len(parts) > 1 else name)


def _is_lines(path: Path) -> bool:
    if any(suffix in path.suffixes for suffix in (".jsonl", ".ndjson")):
        return True
    with open_input(path) as stream:
        first = next(iter(read_lines(stream, limit=1 << 20)), None)
    if first is None or first.overlong or not first.data.strip().startswith(b"{"):
        return False
    try:
        msgspec.json.decode(first.data)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def advisories_in(data: bytes, source: str) -> Iterator[Advisory | InputError]:
    """The advisories of one JSON document, which may be one of OSV or a secdb of Alpine."""
    try:
        head = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if is_osv(head):
            yield osv(data, source)
        elif is_secdb(head):
            yield from secdb(data, source)
        else:
            yield InputError("neither an OSV advisory nor an Alpine secdb", source=source)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        yield InputError(f"not a JSON object: {error}", source=source)
    except InputError as error:
        yield InputError(error.message, source=source)
