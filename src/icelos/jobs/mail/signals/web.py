"""Links taken apart: where they lead, and what is behind those that only pass a visitor on.

A redirector's address holds the true target in plain sight, as percent codes, or in base64; mail guards
("safe links") do the same. All of it is unpacked; nothing is fetched.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.domains import Url, organisation, parse_url

MAX_WEBS = 200
MAX_TARGET = 4000
_URL = re.compile(r"https?://[^\s<>\"')\]]{4,2000}", re.IGNORECASE)
_INNER = re.compile(r"(?<=.)https?:/{1,2}(?=[\w\[])[^\s<>\"'|^]{4,2000}", re.IGNORECASE)
_BASE64 = re.compile(r"aHR0c[A-Za-z0-9+/_-]{8,2000}")
_PROOFPOINT = re.compile(r"[?&]u=(https?-3A[^&]{4,2000})")


class Web(msgspec.Struct, frozen=True):
    """One link.

    `through` is the host that passes a visitor on to it, or nothing for a link in the mail. `origin` is
    where it stood, as `Link` has it: "body", "qr", "pdf" and so on.
    """

    target: str
    text: str
    url: Url
    through: str = ""
    origin: str = "body"

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def organisation(self) -> str:
        return organisation(self.url.host)

    @property
    def head(self) -> str:
        """The first two segments of the path, as `hosts.entry` takes them."""
        return "/".join(self.url.path.strip("/").split("/", 2)[:2])


def webs_of(message: Message) -> list[Web]:
    """The links of a message, in the markup and in the text, and what they hold; each target once."""
    found: dict[str, Web] = {}
    for link in message.links[: 4 * MAX_WEBS]:
        if len(found) >= MAX_WEBS:
            break
        _add(found, link)
    for number, match in enumerate(_URL.finditer(message.text)):
        if len(found) >= MAX_WEBS or number >= 4 * MAX_WEBS:
            break
        if match.group() not in found:
            _add(found, Link(match.group().rstrip(".,;:!?"), ""))
    return list(found.values())


def _add(found: dict[str, Web], link: Link) -> None:
    target = link.target[:MAX_TARGET]
    url = parse_url(target)
    if url is None or target in found or url.scheme in {"mailto", "tel", "cid", "sms"}:
        return
    found[target] = Web(target, link.text, url, "", link.origin)
    if url.host:
        for inner in inner_targets(target):
            parsed = parse_url(inner)
            if parsed is not None and parsed.host and inner not in found and "." in parsed.host:
                found[inner] = Web(inner, link.text, parsed, url.host, link.origin)


@lru_cache(maxsize=4096)
def inner_targets(target: str) -> tuple[str, ...]:
    """Web addresses within a web address, at most three."""
    found = [_proofpoint(match[1]) for match in _PROOFPOINT.finditer(target)]
    plain = unquote(unquote(target[8:])) if "%" in target else target[8:]
    if "http" in plain.lower():
        found += [_until_next(match.group()) for match in _INNER.finditer(" " + plain)]
    found += [inner for match in _BASE64.finditer(target) if (inner := _decoded(match.group()))]
    return tuple(dict.fromkeys(found))[:3]


def _until_next(text: str) -> str:
    """One address; what follows an ampersand belongs to the redirector, as it was not written in codes."""
    head = text.partition("&")[0] if "?" not in text.partition("&")[0] else text
    return re.sub(r"^(https?:)/(?!/)", r"\1//", head, flags=re.IGNORECASE)


def _proofpoint(text: str) -> str:
    """URL Defense version 2 writes "-3A" for ":" and "_" for "/"."""
    return unquote(text.replace("-", "%").replace("_", "/"))


def _decoded(text: str) -> str:
    padded = text.replace("-", "+").replace("_", "/")[: len(text) // 4 * 4]
    try:
        plain = base64.b64decode(padded).decode("latin-1")
    except ValueError:
        return ""
    return re.split(r"[^!-~]", plain, maxsplit=1)[0] if plain.startswith("http") else ""
