"""Jobs for the tests of engines: a plug-in's module, which they put on the path with its entry points."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence

import msgspec

from icelos.contracts import Needs, Scored
from icelos.errors import InputError, MissingExtra, SettingsError
from icelos.findings import Finding, Verdict
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Unpackable(Finding, frozen=True, kw_only=True):
    """An outcome that any sink can write and no other process can be given."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("not for other processes")


class Plain:
    """A finding for a third of the texts, or what the text says."""

    name = "plain"
    needs = Needs()

    def __init__(self, seconds: float = 0.0, busy: float = 0.0, log: str = "") -> None:
        self._seconds = seconds
        self._busy = busy
        self._log = log

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        assert isinstance(record, LogLine)
        if self._seconds:
            time.sleep(self._seconds)
        until = time.process_time() + self._busy
        while time.process_time() < until:
            pass
        if "poison" in record.text:
            raise ValueError("poison")
        if "kills" in record.text:
            os._exit(1)
        kind = Unpackable if "unpackable" in record.text else Finding
        if hashlib.blake2b(record.text.encode(), digest_size=1).digest()[0] % 3 and kind is Finding:
            return None
        return kind(
            record_id=record.id,
            job=self.name,
            verdict=Verdict.REVIEW,
            label="third",
            summary=record.text[:40],
        )


class Counting:
    """Counts the records of each entity, the text's first word; a finding for every third."""

    name = "counting"
    needs = Needs()

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def key(self, record: Record) -> str:
        assert isinstance(record, LogLine)
        return record.text.partition(" ")[0]

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        key = self.key(record)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count % 3:
            return None
        return Finding(
            record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="many", summary=f"{key} {count}"
        )

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._counts)

    def restore(self, state: bytes) -> None:
        self._counts = msgspec.msgpack.decode(state, type=dict[str, int])


def plain(settings: Settings, options: Mapping[str, str]) -> Plain:
    return Plain(float(options.get("seconds", "0")), float(options.get("busy", "0")))


def counting(settings: Settings, options: Mapping[str, str]) -> Counting:
    return Counting()


def broken(settings: Settings, options: Mapping[str, str]) -> Plain:
    errors: dict[str, Exception] = {
        "settings": SettingsError("no such option", hint="leave it out"),
        "input": InputError("no model there", source="model/"),
        "extra": MissingExtra("The thing", extra="thing"),
        "bug": KeyError("what"),
    }
    raise errors[options["why"]]
