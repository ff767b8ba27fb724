"""Tables of the advisory database, and how structures are packed into it."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
APPLICATION = 0x49434C41
"""The mark of an advisory database in its file ("ICLA")."""
VERSION = 3
SCHEMA = (
    """CREATE TABLE source (
        number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL DEFAULT '',
        filled TEXT NOT NULL DEFAULT '', advisories INTEGER NOT NULL DEFAULT 0,
        facts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TABLE advisory (number INTEGER PRIMARY KEY, source INTEGER NOT NULL, content BLOB NOT NULL)",
    "CREATE INDEX advisory_source ON advisory (source)",
    """CREATE TABLE statement (
        ecosystem TEXT NOT NULL, name TEXT NOT NULL, advisory INTEGER NOT NULL, position INTEGER NOT NULL,
        release TEXT NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (ecosystem, name, advisory, position)) WITHOUT ROWID""",
    """CREATE TABLE release (
        source INTEGER NOT NULL, ecosystem TEXT NOT NULL, release TEXT NOT NULL,
        PRIMARY KEY (source, ecosystem, release)) WITHOUT ROWID""",
    """CREATE TABLE facts (
        name TEXT NOT NULL, source INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (name, source)) WITHOUT ROWID""",
    """CREATE TABLE failure (
        source INTEGER NOT NULL, record_id TEXT NOT NULL, error TEXT NOT NULL, place TEXT NOT NULL,
        PRIMARY KEY (source, record_id)) WITHOUT ROWID""",
)
_ZSTD = b"\x28\xb5\x2f\xfd"
_WORTH = 200
"""Bytes from which packing pays; below, zstd's frame costs more than it saves."""
MAX_UNPACKED = 256 * 1024 * 1024
_local = threading.local()


def pack(value: msgspec.Struct) -> bytes:
    """A structure as MessagePack, by zstd where that is smaller."""
    data = msgspec.msgpack.encode(value)
    if len(data) < _WORTH:
        return data
    packed: bytes = _engine("compressor").compress(data)
    return packed if len(packed) < len(data) else data


def unpack(data: object, kind: type[T]) -> T:
    """The structure again. Raises msgspec.MsgspecError for what is none."""
    if not isinstance(data, bytes):
        raise msgspec.DecodeError("not packed data")
    return msgspec.msgpack.decode(_plain(data), type=kind)


def _plain(data: bytes) -> bytes:
    if not data.startswith(_ZSTD):  # MessagePack never begins so: 0x28 would be the number 40
        return data
    import zstandard

    try:
        return bytes(_engine("decompressor").decompress(data, max_output_size=MAX_UNPACKED))
    except zstandard.ZstdError as error:
        raise msgspec.DecodeError(f"broken zstd data: {error}") from error


def _engine(name: str) -> Any:
    """One of each for a thread: they are not safe to share."""
    found = getattr(_local, name, None)
    if found is None:
        import zstandard

        found = zstandard.ZstdCompressor(level=3) if name == "compressor" else zstandard.ZstdDecompressor()
        setattr(_local, name, found)
    return found
