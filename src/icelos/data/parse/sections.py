"""Where things lie in an executable file: sections by name in ELF, PE and Mach-O, and addresses in ELF.

https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html,
https://learn.microsoft.com/windows/win32/debug/pe-format, and <mach-o/loader.h>. Nothing is believed: what
points outside of the file is not there.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

_LOAD = 1


class _Elf(NamedTuple):
    """The parts of an ELF header that lead on: program headers, section headers, the index of their names."""

    order: str
    wide: bool
    programs: tuple[int, int, int]
    sections: tuple[int, int, int]
    names: int


class Addresses:
    """From addresses in memory to offsets in an ELF file."""

    def __init__(self, data: bytes) -> None:
        self._segments: list[tuple[int, int, int]] = []
        elf = _elf(data)
        if elf is not None:
            start, size, number = elf.programs
            for index in range(number):
                self._add(data, elf, start + index * size)

    def offset(self, address: int) -> int | None:
        """Where in the file this address is loaded from."""
        for start, size, offset in self._segments:
            if start <= address < start + size:
                return offset + address - start
        return None

    def _add(self, data: bytes, elf: _Elf, place: int) -> None:
        form = f"{elf.order}IIQQQQ" if elf.wide else f"{elf.order}IIIII"
        values = _unpacked(form, data, place)
        if values and values[0] == _LOAD:
            offset, address, size = (values[which] for which in ((2, 3, 5) if elf.wide else (1, 2, 4)))
            self._segments.append((address, size, offset))


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
    start = _unpacked("<I", data, 0x3C)
    if not start or data[start[0] : start[0] + 4] != b"PE\0\0":
        return b""
    place = start[0]
    head = _unpacked("<HHIIIH", data, place + 4)
    for number in range(head[1] if head else 0):
        values = _unpacked("<8sIIII", data, place + 24 + head[5] + number * 40)
        if values and values[0].rstrip(b"\0") == name:
            return data[values[4] : values[4] + min(values[1], values[3])]
    return b""


def _mach_section(data: bytes, name: bytes) -> bytes:
    """In the file's load commands, of 64 bits and little-endian as all of today's are."""
    if data[:4] != b"\xcf\xfa\xed\xfe":
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
