"""The header of a raw message, line by line: removed, prepended, folded. The body is never touched.

Nothing is decoded, so that what DKIM signed stays as it was, but for the fields that are removed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import msgspec

from icelos.jobs.mail.judge import clean

LINE = 76
"""Characters in a folded line (RFC 5322, 2.1.1)."""
MAX_VALUE = 1500
"""Characters of a value that is written."""
MAX_READ = 8192
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")


class Head(msgspec.Struct, frozen=True):
    """The fields of a message, each with its line ends, what came before them, and all that follows.

    `rest` begins with the empty line, or with the first line that is no field.
    """

    prefix: bytes
    fields: tuple[bytes, ...]
    rest: bytes
    newline: bytes


def split(raw: bytes) -> Head:
    """Linear in the header's size. A leading mbox line ("From ") is the prefix."""
    first = raw.find(b"\n")
    newline = b"\r\n" if first > 0 and raw[first - 1 : first] == b"\r" else b"\n"
    start = first + 1 if raw.startswith((b"From ", b">From ")) and first >= 0 else 0
    position = start
    ends: list[int] = []
    while position < len(raw):
        end = raw.find(b"\n", position) + 1 or len(raw)
        line = raw[position : min(end, position + 210)]
        if line[:1] in b" \t" and line.strip() and ends:
            ends[-1] = end
        elif _NAME.match(line):
            ends.append(end)
        else:
            break
        position = end
    bounds = [start, *ends]
    fields = tuple(raw[a:b] for a, b in pairwise(bounds))
    return Head(raw[:start], fields, raw[position:], newline)


def name_of(field: bytes) -> str:
    """A field's name in lower case."""
    found = _NAME.match(field[:210])
    return found[1].decode("ascii").lower() if found else ""


def value_of(field: bytes) -> str:
    """A field's value unfolded, not decoded, cut to `MAX_READ` characters."""
    value = field.partition(b":")[2][:MAX_READ]
    return " ".join(value.decode("utf-8", "replace").split())


def values(head: Head, name: str) -> list[str]:
    """The values of all fields of a name, in order."""
    return [value_of(field) for field in head.fields if name_of(field) == name]


def rewritten(
    raw: bytes, added: Iterable[tuple[str, str]], *, unwanted: Callable[[str], bool], tag: str = ""
) -> bytes:
    """The message with fields prepended and those whose name is `unwanted` removed.

    `tag` goes before the subject, where one is given and it does not stand there already.
    """
    head = split(raw)
    kept = [field for field in head.fields if not unwanted(name_of(field))]
    if tag:
        kept = _tagged(kept, tag, head.newline)
    written = [folded(name, value, head.newline) for name, value in added]
    rest = head.rest if head.rest[:1] in b"\r\n" else head.newline + head.rest
    return b"".join([head.prefix, *written, *_ended(kept, head.newline), rest])


def _ended(fields: Sequence[bytes], newline: bytes) -> list[bytes]:
    """A message may end within its last field; the lines after it must not become part of it."""
    return [field if field.endswith(b"\n") else field + newline for field in fields]


def _tagged(fields: list[bytes], tag: str, newline: bytes) -> list[bytes]:
    ascii_tag = folded("x", tag, newline).partition(b":")[2].strip()
    for place, field in enumerate(fields):
        if name_of(field) == "subject":
            name, _, value = field.partition(b":")
            if value.strip().startswith(ascii_tag):
                return fields
            return [
                *fields[:place],
                name + b": " + ascii_tag + b" " + value.lstrip(b" \t"),
                *fields[place + 1 :],
            ]
    return [*fields, folded("Subject", tag, newline)]


def folded(name: str, value: str, newline: bytes = b"\r\n") -> bytes:
    """One field, ASCII only, in lines of at most `LINE` characters where its words allow, and never over 998.

    Whatever the value holds, it stays one field: line ends become spaces, and what is not ASCII, or looks
    like an encoded word, becomes encoded words (RFC 2047).
    """
    shown = clean(value, MAX_VALUE)
    plain = shown.isascii() and "=?" not in shown
    words = [piece for word in shown.split(" ") for piece in _cut(word)] if plain else _encoded(shown)
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return newline.join(one.encode("ascii") for one in [*lines, line]) + newline


def _cut(word: str) -> list[str]:
    return [word[place : place + 400] for place in range(0, max(len(word), 1), 400)]


def _encoded(text: str) -> list[str]:
    """Encoded words of at most 75 characters, each with whole characters."""
    pieces: list[bytes] = [b""]
    for character in text:
        data = character.encode("utf-8", "replace")
        if len(pieces[-1]) + len(data) > 42:
            pieces.append(b"")
        pieces[-1] += data
    return [f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces]
