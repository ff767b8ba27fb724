"""Sections and addresses of a real program: the interpreter that runs this test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.sections import Addresses, section


@pytest.fixture(scope="module")
def program() -> bytes:
    data = Path(sys.executable).resolve().read_bytes()
    if not data.startswith(b"\x7fELF"):
        pytest.skip("needs an interpreter in ELF")
    return data


def test_sections_of_a_real_program(program: bytes) -> None:
    assert section(program, b".interp").startswith(b"/lib")
    assert section(program, b".none") == b""


def test_addresses_of_a_real_program(program: bytes) -> None:
    interpreter = section(program, b".interp")
    place = program.index(interpreter)
    addresses = Addresses(program)
    loaded = next(a for a in range(0, 1 << 23, 0x1000) if addresses.offset(a + place % 0x1000) == place)
    assert addresses.offset(loaded + place % 0x1000 + 1) == place + 1
    assert addresses.offset(1 << 62) is None


@given(st.sampled_from([b"\x7fELF\2\1", b"\x7fELF\1\2", b"MZ", b"\xcf\xfa\xed\xfe"]), st.binary(max_size=200))
def test_any_bytes_are_read(head: bytes, rest: bytes) -> None:
    assert isinstance(section(head + rest, b".data"), bytes)
    assert Addresses(head + rest).offset(0) is None or rest
