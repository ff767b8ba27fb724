"""Headers of rpm: what a whole one says, and that no broken one does more than raise InputError."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.rpm_headers import (
    BASE_NAMES,
    DIRECTORY_INDEXES,
    DIRECTORY_NAMES,
    EPOCH,
    NAME,
    Header,
)
from icelos.errors import InputError


def _blob(*entries: tuple[int, int, int, bytes]) -> bytes:
    """A header of (tag, type, count, data)."""
    index, data = b"", b""
    for tag, kind, count, content in entries:
        index += struct.pack(">IIiI", tag, kind, len(data), count)
        data += content
    return struct.pack(">II", len(entries), len(data)) + index + data


FILES = _blob(
    (NAME, 6, 1, b"shop\0"),
    (EPOCH, 4, 1, struct.pack(">I", 2)),
    (DIRECTORY_INDEXES, 4, 3, struct.pack(">3I", 0, 1, 7)),
    (BASE_NAMES, 8, 3, b"a\0b\0c\0"),
    (DIRECTORY_NAMES, 8, 2, b"/usr/bin/\0/\0"),
)


def test_values_by_tag() -> None:
    header = Header(FILES)
    assert header.text(NAME) == "shop"
    assert header.numbers(EPOCH) == (2,)
    assert header.texts(BASE_NAMES) == ["a", "b", "c"]
    assert header.text(9999) == ""
    assert header.numbers(9999) == ()
    assert header.texts(9999) == []


def test_files_of_a_package() -> None:
    assert list(Header(FILES).owned({"usr/bin/a", "b", "c", "usr/bin/x"})) == ["usr/bin/a", "b"]


@pytest.mark.parametrize(
    "blob",
    [b"", b"\0" * 7, struct.pack(">II", 2**31, 0), struct.pack(">II", 0, 9), struct.pack(">II", 9, 0)],
)
def test_what_is_no_header(blob: bytes) -> None:
    with pytest.raises(InputError):
        Header(blob)


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ((NAME, 4, 1, b"shop\0"), lambda header: header.text(NAME)),
        ((NAME, 6, 1, b"shop"), lambda header: header.text(NAME)),
        ((EPOCH, 6, 1, b"1234"), lambda header: header.numbers(EPOCH)),
        ((EPOCH, 4, 2**32 - 1, b"1234"), lambda header: header.numbers(EPOCH)),
        ((BASE_NAMES, 8, 3, b"a\0b\0"), lambda header: header.texts(BASE_NAMES)),
        ((BASE_NAMES, 8, 2**32 - 1, b"a\0b\0"), lambda header: header.texts(BASE_NAMES)),
    ],
)
def test_values_that_are_not_what_they_say(entry: tuple[int, int, int, bytes], read: object) -> None:
    with pytest.raises(InputError):
        read(Header(_blob(entry)))  # type: ignore[operator]


@given(st.integers(0, len(FILES) - 1), st.binary(min_size=1, max_size=8))
def test_any_damage_is_an_input_error_or_nothing(place: int, noise: bytes) -> None:
    damaged = FILES[:place] + noise + FILES[place + len(noise) :]
    with suppress(InputError):
        header = Header(damaged)
        header.text(NAME)
        header.numbers(EPOCH)
        list(header.owned({"usr/bin/a"}))
