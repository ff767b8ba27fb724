"""What a reader with isolation.level=read_committed sees of a partition, worked out from the log itself.

Tansu writes the markers of commits and aborts, but tells readers neither which transactions were aborted nor
that open ones are not to be read. So the log is read here by Kafka's protocol (Fetch 4 and record batches 2,
https://kafka.apache.org/protocol), and markers are followed as a client does. Batches are to be uncompressed.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Of a batch: base offset, length, epoch, magic, crc, attributes, last delta, times, producer, its epoch,
sequence, number of records."""
_TRANSACTIONAL, _CONTROL, _COMPRESSED = 0x10, 0x20, 0x07
COMMIT = 1


class Entry(NamedTuple):
    offset: int
    producer: int
    transactional: bool
    control: bool
    key: bytes
    value: bytes


def committed_values(servers: str, topic: str, partition: int) -> list[bytes]:
    """The values of committed messages; those of aborted and of open transactions are left out."""
    waiting: dict[int, list[bytes]] = {}
    seen: list[bytes] = []
    for entry in _log(servers, topic, partition):
        if entry.control:
            values = waiting.pop(entry.producer, [])
            if struct.unpack(">hh", entry.key[:4])[1] == COMMIT:
                seen += values
        elif entry.transactional:
            waiting.setdefault(entry.producer, []).append(entry.value)
        else:
            seen.append(entry.value)
    return seen


def _log(servers: str, topic: str, partition: int) -> Iterator[Entry]:
    host, _, port = servers.rpartition(":")
    offset = 0
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        while data := _fetch(connection, topic, partition, offset):
            for base, entries in _batches(data):
                yield from (entry for entry in entries if entry.offset >= offset)
                offset = max(offset, base)


def _fetch(connection: socket.socket, topic: str, partition: int, offset: int) -> bytes:
    name = topic.encode()
    body = struct.pack(">iiiib", -1, 500, 1, 1 << 24, 0)
    body += struct.pack(f">ih{len(name)}sii", 1, len(name), name, 1, partition)
    body += struct.pack(">qi", offset, 1 << 24)
    request = struct.pack(">hhih4s", 1, 4, 1, 4, b"test") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    answer = _exactly(connection, struct.unpack(">i", _exactly(connection, 4))[0])
    at = 4 + 4 + 4 + 2 + len(name) + 4  # correlation, throttle, topics, name, partitions
    _, error, _, _, aborted = struct.unpack_from(">ihqqi", answer, at)
    assert error == 0, error
    at += 26 + 16 * max(0, aborted)
    (size,) = struct.unpack_from(">i", answer, at)
    return answer[at + 4 : at + 4 + max(0, size)]


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, "the broker has closed the connection"
        data += piece
    return data


def _batches(data: bytes) -> Iterator[tuple[int, list[Entry]]]:
    """The offset behind each batch, and its entries."""
    at = 0
    while at + _HEADER.size <= len(data):
        base, length, _, magic, _, attributes, last, _, _, producer, _, _, number = _HEADER.unpack_from(
            data, at
        )
        end = at + 12 + length
        if end > len(data):
            return
        assert magic == 2
        assert not attributes & _COMPRESSED
        kind = (producer, bool(attributes & _TRANSACTIONAL), bool(attributes & _CONTROL))
        yield base + last + 1, list(_records(data[at + _HEADER.size : end], number, base, kind))
        at = end


def _records(data: bytes, number: int, base: int, kind: tuple[int, bool, bool]) -> Iterator[Entry]:
    at = 0
    for _ in range(number):
        size, at = _varint(data, at)
        end = at + size
        _, at = _varint(data, at + 1)  # attributes, time
        delta, at = _varint(data, at)
        key, at = _field(data, at)
        value, at = _field(data, at)
        yield Entry(base + delta, *kind, key, value)
        at = end


def _field(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = _varint(data, at)
    return data[at : at + max(0, size)], at + max(0, size)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1), at
