"""A plug-in with two small jobs: what they find follows from the rows alone, so that runs can be compared.

marks    finds every seventh number; the text "raises" raises, "kills" ends its process
counts   per user: finds each tenth row, and says how many there were, which takes a state
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

import msgspec

from icelos.contracts import Needs, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Finding, Verdict, failure
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Marks:
    """Without state. `milliseconds` is what a record costs, in sleep."""

    name = "marks"
    needs = Needs()

    def __init__(self, milliseconds: float = 0.0, batch_size: int = 0) -> None:
        self._seconds = milliseconds / 1000
        self.needs = Needs(batch_size=batch_size)

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        return [self._one(record) for record in batch]

    def _one(self, record: Record) -> Scored:
        if self._seconds:
            time.sleep(self._seconds)
        fields = fields_of(record)
        if fields.get("what") == "raises":
            raise ValueError("poison")
        if fields.get("what") == "kills":
            os._exit(9)
        number = fields.get("number")
        if not isinstance(number, int) or number % 7:
            return None
        return Finding(
            record_id=record.id, job=self.name, verdict=Verdict.REVIEW, label="seventh",
            summary=f"number {number}", source=record.source,
        )  # fmt: skip


class Counts(Marks):
    """With a count for each user as its state."""

    name = "counts"

    def __init__(self, milliseconds: float = 0.0, batch_size: int = 0) -> None:
        super().__init__(milliseconds, batch_size)
        self._counts: dict[str, int] = {}

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        return [self._safely(record) for record in batch]

    def _safely(self, record: Record) -> Scored:
        try:
            return self._one(record)
        except Exception as error:  # noqa: BLE001 - so that the state counts each record once
            raw = record.text if isinstance(record, LogLine) else ""
            return failure(record_id=record.id, job=self.name, error=error, source=record.source, raw=raw)

    def _one(self, record: Record) -> Scored:
        super()._one(record)
        user = self.key(record)
        self._counts[user] = self._counts.get(user, 0) + 1
        if self._counts[user] % 10:
            return None
        return Finding(
            record_id=record.id, job=self.name, verdict=Verdict.ALERT, label="tenth",
            summary=f"row {self._counts[user]} of {user}", source=record.source,
        )  # fmt: skip

    def key(self, record: Record) -> str:
        return str(fields_of(record).get("user", ""))

    def snapshot(self) -> bytes:
        return msgspec.json.encode(self._counts)

    def restore(self, state: bytes) -> None:
        try:
            self._counts = msgspec.json.decode(state, type=dict[str, int])
        except msgspec.MsgspecError as error:
            raise ValueError(f"not a state: {error}") from error


def fields_of(record: Record) -> Mapping[str, object]:
    if not isinstance(record, LogLine) or record.fields is None:
        raise InputError("not a row", source=record.source)
    return record.fields


def build_marks(settings: Settings, options: Mapping[str, str]) -> Marks:
    return Marks(*_numbers(options))


def build_counts(settings: Settings, options: Mapping[str, str]) -> Counts:
    return Counts(*_numbers(options))


def _numbers(options: Mapping[str, str]) -> tuple[float, int]:
    unknown = sorted(options.keys() - {"milliseconds", "batch_size"})
    if unknown:
        raise SettingsError(f"no option {unknown[0]!r}", hint="milliseconds, batch_size")
    return float(options.get("milliseconds", 0)), int(options.get("batch_size", 0))
