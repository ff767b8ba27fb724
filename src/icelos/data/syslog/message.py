"""One syslog message as fields, in whatever form it is written: RFC 5424 or 3164, and CEF or LEEF in it."""

from __future__ import annotations

from icelos.data.parse.cef import parse_cef
from icelos.data.parse.leef import parse_leef
from icelos.data.parse.syslog import split_header
from icelos.errors import InputError

Fields = dict[str, object]


def fields_of(text: str) -> Fields | None:
    """What the parsers find, the simpler ones where a message is not what it says it is; None for nothing."""
    try:
        header, rest = split_header(text)
    except InputError:
        return None
    try:
        if rest.startswith("CEF:"):
            return parse_cef(text)
        if rest.startswith("LEEF:"):
            return parse_leef(text)
    except InputError:
        pass
    return {**header, "message": rest}
