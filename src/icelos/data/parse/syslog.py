"""Syslog lines as fields: RFC 5424, RFC 3164 as it is met in files, and other lines that begin with a time.

RFC 5424: https://www.rfc-editor.org/rfc/rfc5424. RFC 3164 (https://www.rfc-editor.org/rfc/rfc3164) only
describes what was seen; files mostly lack its priority, and rsyslog writes ISO times in its place.
"""

from __future__ import annotations

import re

from icelos.errors import InputError

_PRIORITY = re.compile(r"<(\d{1,3})>")
_VERSIONED = re.compile(
    r"([1-9]\d{0,2}) (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=-|\[)", re.ASCII
)
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_LEGACY = re.compile(
    rf"((?:[A-Z][a-z]{{2}} [ \d]\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,9}})?)|{_ISO}) (\S{{1,255}}) ",
    re.ASCII,
)
_TAG = re.compile(r"([^\s:\[\]]{1,64}(?:\([^\s()]{1,64}\))?)(?:\[([^\[\]\s]{1,64})\])?: ?")
_DATED = re.compile(rf"({_ISO})[ ,;|\t]+", re.ASCII)
_NAME = r"[^\s=\]\"]{1,64}"
_ELEMENT = re.compile(rf"\[({_NAME})")
_PARAMETER = re.compile(rf' ({_NAME})="((?:[^"\\\]]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_HEADER = ("version", "timestamp", "host", "app", "pid", "message_id")

Fields = dict[str, object]


def parse_syslog(text: str) -> Fields:
    """Facility, severity, timestamp, host, app, pid and message, as far as the line has them.

    Structured data stands under `data`, by element and parameter. A line of no known form is all message.
    Raises InputError for a priority above 191 and for broken structured data.
    """
    fields, rest = split_header(text)
    return {**fields, "message": rest}


def split_header(text: str) -> tuple[Fields, str]:
    """The header's fields, and the text after it: the message, or what another format puts there."""
    fields: Fields = {}
    found = _PRIORITY.match(text)
    if found:
        priority = int(found[1])
        if priority > 191:
            raise InputError(f"syslog priority {priority} is above 191")
        fields |= {"facility": priority >> 3, "severity": priority & 7}
        text = text[found.end() :]
        versioned = _VERSIONED.match(text)
        if versioned:
            return _versioned(fields, versioned, text)
    return _legacy(fields, text)


def _versioned(fields: Fields, found: re.Match[str], text: str) -> tuple[Fields, str]:
    """RFC 5424; "-" stands for what is not known."""
    for name, value in zip(_HEADER, found.groups(), strict=True):
        if value != "-":
            fields[name] = value
    rest = text[found.end() :]
    if rest.startswith("-"):
        rest = rest[1:]
    else:
        fields["data"], rest = _structured(rest)
    return fields, rest.removeprefix(" ").removeprefix("\ufeff")


def _structured(text: str) -> tuple[Fields, str]:
    elements: dict[str, object] = {}
    place = 0
    while element := _ELEMENT.match(text, place):
        place = element.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, place):
            parameters[parameter[1]] = _ESCAPED.sub(r"\1", parameter[2])
            place = parameter.end()
        if text[place : place + 1] != "]":
            raise InputError(f"broken structured data at character {place}")
        place += 1
        elements[element[1]] = parameters
    return elements, text[place:]


def _legacy(fields: Fields, text: str) -> tuple[Fields, str]:
    """RFC 3164: time, host and tag. Without a time there is no header; without a tag, no app."""
    head = _LEGACY.match(text)
    if head is None:
        dated = _DATED.match(text)
        if dated is None:
            return fields, text
        return {**fields, "timestamp": dated[1]}, text[dated.end() :]
    after = text[head.end() :]
    if after.startswith(("CEF:", "LEEF:")):
        return {**fields, "timestamp": head[1], "host": head[2]}, after
    tag = _TAG.match(after)
    if tag is None:
        if head[2].endswith(":") or not _ISO_TIME.match(head[1]):
            return {**fields, "timestamp": head[1], "host": head[2].rstrip(":")}, after
        # Many programs write an ISO time and then words of their own: no host to be seen.
        return {**fields, "timestamp": head[1]}, text[len(head[1]) :].lstrip(" ")
    fields |= {"timestamp": head[1], "host": head[2], "app": tag[1]}
    if tag[2] is not None:
        fields["pid"] = tag[2]
    return fields, after[tag.end() :]


_ISO_TIME = re.compile(_ISO, re.ASCII)
