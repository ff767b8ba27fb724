"""Outcomes as objects of a store: parts of JSON lines, each put whole, so that what is written is durable.

    icelos scan logs signins.jsonl --sink s3://bucket/outcomes/

One object a run's part: `part-RUN-00000001.jsonl`, where RUN begins with the time at which the run began. A
small write is put together with those before it, under the same name, until that has `PART` bytes. Runs and
shards share a folder, since no two have the same RUN. Where a record has several outcomes, that of the
greatest name and line is in force; `stored_outcomes` reads just those.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from icelos.data.reading import LINE_LIMIT, read_lines
from icelos.data.sinks import FinishedByContext, as_line
from icelos.data.stores.objects import Bucket, place_of
from icelos.errors import InputError, SettingsError, StoreError
from icelos.findings import Failure, Finding, Outcome
from icelos.records import record_id

PART = 1 << 19
"""Bytes after which a part is left as it is: with batches of 32 KB, each byte is sent about eight times."""
_NAME = re.compile(r"part-(\d{8}T\d{12}Z-[0-9a-f]{8})-(\d{8,})\.jsonl")


class _Position(msgspec.Struct, frozen=True):
    """Which part of which run is written last, and its bytes."""

    run: str
    part: int = 1
    size: int = 0


class ObjectSink(FinishedByContext):
    """Findings and failures below a folder of an object store, durable when `write` returns.

    `location` is s3://bucket/prefix/. Raises SettingsError for one with a pattern, InputError where there is
    no such bucket, StoreError where the store does not answer; a write can be tried again.
    """

    options = ("endpoint",)

    def __init__(self, location: str, *, endpoint: str = "") -> None:
        place = place_of(location if str(location).endswith("/") else f"{location}/")
        if place.pattern:
            raise SettingsError("a pattern is no place to write to", source=str(place))
        self._bucket = Bucket(place, endpoint=endpoint)
        with contextlib.suppress(PermissionError):  # who may only write may not look
            self._bucket.check()
        self._lock = threading.Lock()
        run = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"
        self._position = _Position(run)
        self._data = b""

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """All of them or none. Raises StoreError."""
        if not outcomes:
            return
        added = b"".join(map(as_line, outcomes))
        with self._lock:
            at, data = self._position, self._data + added
            self._bucket.put(_name(at), data)
            if len(data) < PART:
                self._position, self._data = msgspec.structs.replace(at, size=len(data)), data
            else:
                self._position, self._data = _Position(at.run, at.part + 1), b""

    def position(self) -> bytes:
        """Behind what is written."""
        return msgspec.json.encode(self._position)

    def resume(self, position: bytes) -> None:
        """Write on behind it; what the run has written since goes. Raises StoreError, and InputError."""
        try:
            at = msgspec.json.decode(position, type=_Position)
        except msgspec.MsgspecError as error:
            raise InputError("not a position in a sink of objects") from error
        with self._lock:
            data = self._bucket.get(_name(at)) if at.size else b""
            if len(data) < at.size:
                raise StoreError(f"{_name(at)} is shorter than it was", source=str(self._bucket.place))
            data = data[: at.size]
            if at.size:
                self._bucket.put(_name(at), data)
            self._bucket.delete([name for name in self._bucket.names() if _is_behind(name, at)])
            self._position, self._data = at, data


def _name(at: _Position) -> str:
    return f"part-{at.run}-{at.part:08}.jsonl"


def _is_behind(name: str, at: _Position) -> bool:
    found = _NAME.fullmatch(name)
    if found is None or found[1] != at.run:
        return False
    return int(found[2]) >= at.part + bool(at.size)


def stored_outcomes(location: str, *, endpoint: str = "") -> Iterator[Outcome]:
    """The outcomes below a folder, of each (job, record) the newest, newest parts first.

    Memory: 16 bytes and a little an outcome, and one part. Raises InputError for a part that is none of ours.
    """
    bucket = Bucket(place_of(location if location.endswith("/") else f"{location}/"), endpoint=endpoint)
    seen: set[bytes] = set()
    entries = [one for one in bucket.entries() if _NAME.fullmatch(one.name)]
    for entry in reversed(entries):
        with bucket.open(entry) as stream:
            lines = list(read_lines(stream, limit=LINE_LIMIT))
        for line in reversed(lines):
            outcome = _outcome(line.data, f"{entry.name}:{line.number}")
            key = bytes.fromhex(record_id(outcome.job, outcome.record_id))
            if key not in seen:
                seen.add(key)
                yield outcome


class _Line(msgspec.Struct):
    finding: Finding | None = None
    failure: Failure | None = None


def _outcome(line: bytes, where: str) -> Outcome:
    try:
        read = msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError as error:
        raise InputError(f"no outcome: {error}", source=where) from error
    outcome = read.finding or read.failure
    if outcome is None:
        raise InputError("no outcome", source=where)
    return outcome
