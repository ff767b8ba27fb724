"""Calendar invites (RFC 5545): what they say, and where they lead."""

from __future__ import annotations

import re

from icelos.jobs.mail.reading.markup import MAX_LINKS, Link, read_markup

MAX_LINES = 5000
MAX_BYTES = 262_144
_SAID = ("SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "ORGANIZER")
_URL = re.compile(r"https?://[^\s<>\"'\\]{4,2000}", re.IGNORECASE)
_ESCAPES = {"\\n": "\n", "\\N": "\n", "\\,": ",", "\\;": ";", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[nN,;\\]")


def read_invite(text: str) -> tuple[str, list[Link]]:
    """The text of a calendar's events, and its links, each once."""
    said: list[str] = []
    links: dict[str, Link] = {}
    for name, parameters, value in _properties(text[:MAX_BYTES]):
        plain = _ESCAPE.sub(lambda found: _ESCAPES[found.group()], value)
        if name in _SAID:
            said.append(_with_name(plain, parameters) if name == "ORGANIZER" else plain)
        if name == "X-ALT-DESC":
            for link in read_markup(plain).links:
                links.setdefault(link.target, Link(link.target, link.text, "invite"))
        elif name in {*_SAID, "URL", "ATTACH", "CONFERENCE"} and len(links) < MAX_LINKS:
            for target in _URL.findall(plain):
                links.setdefault(target, Link(target, "", "invite"))
    return "\n".join(said), list(links.values())


def _properties(text: str) -> list[tuple[str, str, str]]:
    """(name, parameters, value) of each line, with folded lines made whole."""
    whole = re.sub(r"\r?\n[ \t]", "", text)
    found: list[tuple[str, str, str]] = []
    for line in whole.split("\n", MAX_LINES)[:MAX_LINES]:
        if match := _LINE.match(line):
            found.append((match[1].upper(), match[2], match[3].strip()))
    return found


_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[A-Za-z-]{1,40}=(?:\"[^\"]{0,2000}\"|[^\";:]{0,2000}))*+):(.*)")
_NAME = re.compile(r"CN=\"?([^\";:]{1,200})", re.IGNORECASE)


def _with_name(value: str, parameters: str) -> str:
    """Who invites: the name shown and the address."""
    found = _NAME.search(parameters)
    address = value.removeprefix("mailto:").removeprefix("MAILTO:")
    return f"{found[1]} <{address}>" if found else address
