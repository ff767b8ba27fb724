"""Records and outcomes as bytes, for the way between our own processes.

Pickled, since plug-ins bring records of their own and outcomes must arrive as they left. Bytes from outside
are never unpacked here: a parcel comes from a process that this one has started, or the other way round.
"""

from __future__ import annotations

import pickle  # noqa: TID251 - see above
from collections.abc import Sequence
from typing import Any

import msgspec

from icelos.contracts import Scored
from icelos.engine import packing
from icelos.errors import IcelosError, RunError
from icelos.findings import Failure, failure
from icelos.records import Record

_ROWS = b"R"
"""How a parcel of rows begins; what is pickled begins with \\x80."""


class Unsendable(Record, frozen=True, kw_only=True):
    """What is sent in the place of a record that cannot be: it is going to be a failure with this error."""

    error: str


class Reply(msgspec.Struct, frozen=True):
    """What a worker answers: a value, or the error that is the driver's to raise."""

    value: Any = None
    error: Exception | None = None

    def given(self) -> Any:
        """The value. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.value


def pack(thing: object) -> bytes:
    """Raises whatever a thing that cannot be packed raises."""
    return pickle.dumps(thing, protocol=5)


def unpack(parcel: bytes) -> Any:
    """Raises RunError where what is needed for it is not installed here, or in another version."""
    try:
        return pickle.loads(parcel)  # noqa: S301 - see above
    except Exception as error:
        raise RunError(
            f"a worker and its driver do not understand each other: {_said(error)}",
            hint="install the same packages, in the same versions, on every node",
        ) from error


def pack_records(batch: Sequence[Record]) -> bytes:
    """A batch; a record that cannot be packed costs itself only."""
    rows = packing.pack(batch)
    if rows is not None:
        return _ROWS + rows
    try:
        return pack(list(batch))
    except Exception:  # noqa: BLE001 - any error of one record; found below
        return pack([_sendable(record) for record in batch])


def unpack_records(parcel: bytes) -> list[Record]:
    """Raises RunError as `unpack` does."""
    if parcel[:1] == _ROWS:
        return packing.unpack(parcel[1:])
    records: list[Record] = unpack(parcel)
    return records


def _sendable(record: Record) -> Record:
    try:
        pack(record)
    except Exception as error:  # noqa: BLE001 - becomes its failure
        return Unsendable(id=record.id, source=record.source, error=f"cannot be sent: {_said(error)}")
    return record


def pack_reply(value: object = None, error: Exception | None = None) -> bytes:
    """A reply; an outcome that cannot be packed becomes a failure, such an error a RunError of its words."""
    if error is not None:
        return _pack_error(error)
    try:
        return pack(Reply(value))
    except Exception as problem:  # noqa: BLE001 - it must reach the driver, whatever it is
        return _pack_error(RunError(f"an answer cannot be sent: {_said(problem)}"))


def _pack_error(error: Exception) -> bytes:
    if not isinstance(error, IcelosError | ValueError):
        error = RunError(_said(error))
    try:
        parcel = pack(Reply(error=error))
        pickle.loads(parcel)  # noqa: S301 - some errors can be packed and not unpacked
    except Exception:  # noqa: BLE001 - its words can always be sent
        return pack(Reply(error=RunError(str(error))))
    return parcel


def sendable(outcomes: Sequence[Scored], batch: Sequence[Record], job: str) -> list[Scored]:
    """The outcomes; one that cannot be packed becomes a failure of its record."""
    try:
        pack(list(outcomes))
        return list(outcomes)
    except Exception:  # noqa: BLE001 - any error of one outcome; found below
        return [_outcome(one, record, job) for one, record in zip(outcomes, batch, strict=True)]


def _outcome(outcome: Scored, record: Record, job: str) -> Scored:
    try:
        pack(outcome)
    except Exception as error:  # noqa: BLE001 - becomes its failure
        reason = f"the outcome cannot be sent: {_said(error)}"
        return failure(record_id=record.id, job=job, error=reason, source=record.source)
    return outcome


def unsendable(record: Unsendable, job: str) -> Failure:
    """The failure of a record that could not be sent."""
    return failure(record_id=record.id, job=job, error=record.error, source=record.source)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
