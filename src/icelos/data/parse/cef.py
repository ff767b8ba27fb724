"""Common Event Format: `CEF:0|vendor|product|version|class|name|severity|key=value key=value`.

After ArcSight's "Implementing ArcSight Common Event Format", version 26. Bare, or after a syslog header.
"""

from __future__ import annotations

import re

from icelos.data.parse.syslog import split_header
from icelos.errors import InputError

HEADER = (
    "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity",
)  # fmt: skip
_START = re.compile(r"CEF: ?(\d{1,3}(?:\.\d{1,3})?)\|")
_PART = re.compile(r"((?:[^\\|]|\\.)*+)\|", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=[ \t]))([A-Za-z0-9_.\[\]-]{1,128})=")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r"}

Fields = dict[str, object]


def parse_cef(text: str) -> Fields:
    """Header and extension as one set of fields, syslog's under `syslog`.

    A value runs until the next "key="; a key that comes again keeps the last value. Raises InputError.
    """
    start = _START.search(text)
    if start is None:
        raise InputError("no CEF header")
    fields: Fields = {"cefVersion": start[1]}
    place = start.end()
    for name in HEADER:
        part = _PART.match(text, place)
        if part is None:
            raise InputError(f"CEF header ends before {name}")
        fields[name] = unescape(part[1])
        place = part.end()
    fields |= _extension(text[place:])
    if start.start():
        syslog, _ = split_header(text[: start.start()] + "CEF:")
        fields["syslog"] = syslog
    return fields


def _extension(text: str) -> Fields:
    keys = list(_KEY.finditer(text))
    if not keys:
        if text.strip():
            raise InputError("CEF extension without key=value")
        return {}
    ends = [key.start() for key in keys[1:]] + [len(text)]
    return {
        key[1]: unescape(text[key.end() : end].rstrip(" \t")) for key, end in zip(keys, ends, strict=True)
    }


def unescape(text: str) -> str:
    r"""What `\=`, `\|`, `\\`, `\n` and `\r` stand for."""
    return _ESCAPE.sub(lambda found: _MEANT.get(found[1], found[1]), text) if "\\" in text else text
