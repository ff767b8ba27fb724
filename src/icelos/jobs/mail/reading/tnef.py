"""Outlook's winmail.dat (TNEF, MS-OXTNEF): the files in it, by name and content, and the plain text."""

from __future__ import annotations

from collections.abc import Iterator

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _NEW_FILE, _TITLE, _DATA = 0x0002800C, 0x00069002, 0x00018010, 0x0006800F
MAX_ATTRIBUTES = 2000
MAX_FILES = 50


def read_tnef(data: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Text of the mail, and (name, content) of each file; what is broken ends it."""
    text = ""
    names: list[str] = []
    contents: list[bytes] = []
    for identifier, value in _attributes(data):
        if identifier == _BODY:
            text = value.rstrip(b"\0").decode("cp1252", "replace")
        elif identifier == _NEW_FILE and len(names) < MAX_FILES:
            names.append("")
            contents.append(b"")
        elif identifier == _TITLE and names:
            names[-1] = value.rstrip(b"\0").decode("cp1252", "replace")[:300]
        elif identifier == _DATA and contents:
            contents[-1] = value
    return text, list(zip(names, contents, strict=True))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(identifier, value) of each attribute: level, identifier, length, value, checksum."""
    if not data.startswith(_SIGNATURE):
        return
    place = 6
    for _ in range(MAX_ATTRIBUTES):
        if place + 9 > len(data):
            return
        identifier = int.from_bytes(data[place + 1 : place + 5], "little")
        length = int.from_bytes(data[place + 5 : place + 9], "little")
        yield identifier, data[place + 9 : place + 9 + length]
        place += 9 + length + 2
