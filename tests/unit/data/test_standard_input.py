"""Lines of a pipe as they come: whole however they are cut, and no waiting for what does not come."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data import reading
from icelos.data.reading import Line


def _lines(descriptor: int) -> Iterator[Line | None]:
    with os.fdopen(descriptor, "rb") as stream:
        yield from reading._as_they_come(stream, descriptor)


@given(st.lists(st.binary(max_size=12), max_size=8), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_they_are_those_of_a_file(lines: list[bytes], ending: bytes, ended: bool) -> None:
    data = ending.join(lines) + (ending if ended else b"")
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    found = [line for line in _lines(reader) if line is not None]
    expected = [one.rstrip(b"\r") for one in data.split(b"\n")]
    assert [line.data for line in found] == (expected[:-1] if data.endswith(b"\n") or not data else expected)
    assert [line.number for line in found] == list(range(1, len(found) + 1))


def test_what_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PATIENCE", 0.01)
    reader, writer = os.pipe()
    os.write(writer, b"one\ntw")
    lines = _lines(reader)
    assert next(lines) == Line(1, b"one")
    assert next(lines) is None
    os.write(writer, b"o\n")
    assert next(lines) == Line(2, b"two")
    os.close(writer)
    assert list(lines) == []


def test_a_line_without_end_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINE_LIMIT", 10)
    monkeypatch.setattr(reading, "_SHOWN", 4)
    monkeypatch.setattr(reading, "_BLOCK", 4)
    reader, writer = os.pipe()
    os.write(writer, b"a\n" + b"x" * 50 + b"\nb\n" + b"y" * 11)
    os.close(writer)
    found = [line for line in _lines(reader) if line is not None]
    assert [(line.number, line.overlong) for line in found] == [(1, False), (2, True), (3, False), (4, True)]
    assert [line.data for line in found] == [b"a", b"xxxx", b"b", b"yyyy"]
