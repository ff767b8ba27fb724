"""Log Event Extended Format 1.0 and 2.0: `LEEF:2.0|vendor|product|version|event|delimiter|key=value`.

After IBM's "QRadar Log Event Extended Format (LEEF)" guide. Bare, or after a syslog header.
"""

from __future__ import annotations

import re

from icelos.data.parse.syslog import split_header
from icelos.errors import InputError

HEADER = ("vendor", "product", "version", "eventId")
_START = re.compile(r"LEEF: ?([12](?:\.\d)?)\|")
_HEXADECIMAL = re.compile(r"(?:0[xX]|[xX])([0-9A-Fa-f]{1,4})")

Fields = dict[str, object]


def parse_leef(text: str) -> Fields:
    """Header and attributes as one set of fields, syslog's under `syslog`. Raises InputError."""
    start = _START.search(text)
    if start is None:
        raise InputError("no LEEF header")
    parts = text[start.end() :].split("|", len(HEADER))
    if len(parts) <= len(HEADER):
        raise InputError(f"LEEF header ends before {HEADER[len(parts) - 1]}")
    fields: Fields = {"leefVersion": start[1], **dict(zip(HEADER, parts, strict=False))}
    delimiter, attributes = _delimiter(parts[-1], start[1])
    fields |= _attributes(attributes, delimiter)
    if start.start():
        syslog, _ = split_header(text[: start.start()] + "LEEF:")
        fields["syslog"] = syslog
    return fields


def _delimiter(text: str, version: str) -> tuple[str, str]:
    """What separates attributes: a tab, or in version 2.0 one character, as it is or in hexadecimal."""
    if not version.startswith("2"):
        return "\t", text
    given, bar, rest = text.partition("|")
    if not bar or len(given) > 6:
        return "\t", text
    code = _HEXADECIMAL.fullmatch(given)
    if code:
        return chr(int(code[1], 16)), rest
    if len(given) > 1:
        return "\t", text
    return given or "\t", rest


def _attributes(text: str, delimiter: str) -> Fields:
    found: Fields = {}
    last = ""
    for part in text.split(delimiter):
        key, equals, value = part.partition("=")
        key = key.strip()
        if equals and key:
            found[key] = value
            last = key
        elif last and part:
            found[last] = f"{found[last]}{delimiter}{part}"  # the delimiter stood in a value
        elif part.strip():
            raise InputError("LEEF attribute without key=value")
    return found
