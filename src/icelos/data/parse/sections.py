"""Where things lie in an executable file: sections by name, and addresses, in ELF, PE and Mach-O.

https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html,
https://learn.microsoft.com/windows/win32/debug/pe-format, and <mach-o/loader.h>. Nothing is believed: what
points outside of the file is not there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

_LOAD, _SEGMENT_64 = 1, 0x19
_MACH = b"\xcf\xfa\xed\xfe"
MAX_COMMANDS = 10_000


class _Elf(NamedTuple):
    """The parts of an ELF header that lead on: program headers, section headers, the index of their names."""

    order: str
    wide: bool
    programs: tuple[int, int, int]
    sections: tuple[int, int, int]
    names: int


class Addresses:
    """From addresses in memory to offsets in the file."""

    def __init__(self, data: bytes) -> None:
        self._segments = list(_segments(data))

    def offset(self, address: int) -> int | None:
        """Where in the file this address is loaded from."""
        for start, size, offset in self._segments:
            if start <= address < start + size:
                return offset + address - start
        return None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Address, size and offset of what is loaded."""
    if data[:4] == b"\x7fELF":
        yield from _elf_segments(data)
    elif data[:2] == b"MZ":
        yield from _pe_segments(data)
    elif data[:4] == _MACH:
        yield from _mach_segments(data)


def _elf_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    elf = _elf(data)
    if elf is None:
        return
    start, size, number = elf.programs
    form, places = ("IIQQQQ", (2, 3, 5)) if elf.wide else ("IIIII", (1, 2, 4))
    for index in range(number):
        values = _unpacked(f"{elf.order}{form}", data, start + index * size)
        if values and values[0] == _LOAD:
            offset, address, length = (values[place] for place in places)
            yield address, length, offset


def _pe_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Sections, whose addresses are relative to the base of the image."""
    place = _pe_header(data)
    magic = _unpacked("<H", data, place + 24) if place else ()
    base = _unpacked("<Q", data, place + 48) if magic == (0x20B,) else _unpacked("<I", data, place + 52)
    for _, size, address, length, offset in _pe_rows(data, place) if base else ():
        yield base[0] + address, min(size, length), offset


def _mach_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    number = _unpacked("<I", data, 16)
    place = 32
    for _ in range(min(number[0], MAX_COMMANDS) if number else 0):
        values = _unpacked("<II16sQQQQ", data, place)
        if not values or values[1] == 0:
            return
        if values[0] == _SEGMENT_64:
            yield values[3], values[6], values[5]
        place += values[1]


def section(data: bytes, name: bytes) -> bytes:
    """The content of a section by its name, b"" where there is none."""
    if data[:4] == b"\x7fELF":
        return _elf_section(data, name)
    if data[:2] == b"MZ":
        return _pe_section(data, name)
    return _mach_section(data, name)


def _elf(data: bytes) -> _Elf | None:
    if data[:4] != b"\x7fELF" or data[4:5] not in {b"\1", b"\2"} or data[5:6] not in {b"\1", b"\2"}:
        return None
    order, wide = "<" if data[5] == 1 else ">", data[4] == 2
    values = _unpacked(f"{order}QQIHHHHHH" if wide else f"{order}IIIHHHHHH", data, 32 if wide else 28)
    if not values:
        return None
    programs, sections, _, _, program_size, programs_number, section_size, sections_number, names = values
    return _Elf(
        order,
        wide,
        (programs, program_size, programs_number),
        (sections, section_size, sections_number),
        names,
    )


def _elf_section(data: bytes, name: bytes) -> bytes:
    elf = _elf(data)
    if elf is None:
        return b""
    start, size, number = elf.sections
    headers = [_elf_header(data, elf, start + index * size) for index in range(number)]
    if elf.names >= len(headers):
        return b""
    _, offset, length = headers[elf.names]
    names = data[offset : offset + length]
    for place, offset, length in headers:
        if names[place : place + len(name) + 1] == name + b"\0":
            return data[offset : offset + length]
    return b""


def _elf_header(data: bytes, elf: _Elf, place: int) -> tuple[int, int, int]:
    """Place of the name, offset and size."""
    values = _unpacked(f"{elf.order}IIQQQQ" if elf.wide else f"{elf.order}IIIIII", data, place)
    return (values[0], values[4], values[5]) if values else (0, 0, 0)


def _pe_section(data: bytes, name: bytes) -> bytes:
    for title, size, _, length, offset in _pe_rows(data, _pe_header(data)):
        if title.rstrip(b"\0") == name:
            return data[offset : offset + min(size, length)]
    return b""


def _pe_header(data: bytes) -> int:
    """Where the header is, 0 for a file without one."""
    start = _unpacked("<I", data, 0x3C)
    return start[0] if start and data[start[0] : start[0] + 4] == b"PE\0\0" else 0


def _pe_rows(data: bytes, place: int) -> Iterator[tuple[bytes, int, int, int, int]]:
    """Of each section name, size in memory, address, size in the file and offset."""
    head = _unpacked("<HHIIIH", data, place + 4) if place else ()
    for number in range(head[1] if head else 0):
        values = _unpacked("<8sIIII", data, place + 24 + head[5] + number * 40)
        if values:
            yield values


def _mach_section(data: bytes, name: bytes) -> bytes:
    """In the file's load commands, of 64 bits and little-endian as all of today's are."""
    if data[:4] != _MACH:
        return b""
    size = _unpacked("<I", data, 20)
    place = data.find(name.ljust(16, b"\0"), 32, 32 + size[0]) if size else -1
    values = _unpacked("<16s16sQQI", data, place) if place >= 0 else ()
    return data[values[4] : values[4] + values[3]] if values else b""


def _unpacked(form: str, data: bytes, place: int) -> tuple[Any, ...]:
    """Values at a place; none where that is not in the file."""
    try:
        return struct.unpack_from(form, data, place)
    except (struct.error, OverflowError):
        return ()
