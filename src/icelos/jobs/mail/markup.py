"""HTML of a mail: its visible text, links and forms, in one pass that is linear in the size.

A tree builder is not used: on deeply nested elements it takes time that grows with their square.
"""

from __future__ import annotations

import re
from html import unescape

import msgspec

MAX_LINKS = 2000
MAX_LINK_TEXT = 500


class Link(msgspec.Struct, frozen=True):
    """Where a link leads, and the text it shows."""

    target: str
    text: str


class Markup(msgspec.Struct):
    """What was read from a document."""

    text: str = ""
    links: list[Link] = []
    has_form: bool = False
    asks_password: bool = False


_TOKEN = re.compile(
    r"<!--|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]{0,30})"
    r"(?P<rest>(?:[^<>\"']|\"[^\"<>]{0,8000}\"|'[^'<>]{0,8000}'){0,2000})/?>"
)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]{1,30})\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_BREAKS = frozenset({"p", "br", "div", "tr", "li", "td", "h1", "h2", "h3", "table"})


def read_markup(html: str) -> Markup:
    """Text, links and forms of HTML, however broken."""
    reader = _Reader()
    position = 0
    while (token := _TOKEN.search(html, position)) is not None:
        reader.shown(html[position : token.start()])
        position = token.end()
        if token.group() == "<!--":
            end = html.find("-->", position)
            position = len(html) if end < 0 else end + 3
            continue
        name = token["name"].lower()
        if token["close"]:
            reader.closed(name)
        else:
            reader.opened(name, token["rest"] or "")
            if name in {"script", "style"}:
                position = _past(html, name, position)
    reader.shown(html[position:])
    return reader.done()


def _past(html: str, name: str, position: int) -> int:
    """Past the content of a script or style, which is no mark-up."""
    found = re.compile(f"</{name}", re.IGNORECASE).search(html, position)
    return found.start() if found else len(html)


class _Reader:
    def __init__(self) -> None:
        self._markup = Markup()
        self._pieces: list[str] = []
        self._link: tuple[str, list[str]] | None = None

    def shown(self, text: str) -> None:
        if text:
            plain = unescape(text)
            self._pieces.append(plain)
            if self._link is not None:
                self._link[1].append(plain)

    def opened(self, name: str, rest: str) -> None:
        if name == "a":
            self._end_link()
            target = _attributes(rest).get("href", "")
            self._link = (target, []) if target else None
        elif name in {"area", "form"}:
            self._markup.has_form = self._markup.has_form or name == "form"
            attributes = _attributes(rest)
            self._add(attributes.get("href") or attributes.get("action") or "", "")
        elif name == "input" and _attributes(rest).get("type", "").lower() == "password":
            self._markup.asks_password = True
        if name in _BREAKS:
            self._pieces.append("\n")

    def closed(self, name: str) -> None:
        if name == "a":
            self._end_link()
        elif name in _BREAKS:
            self._pieces.append("\n")

    def done(self) -> Markup:
        self._end_link()
        self._markup.text = re.sub(r"[^\S\n]+", " ", "".join(self._pieces))
        return self._markup

    def _end_link(self) -> None:
        if self._link is not None:
            target, shown = self._link
            self._add(target, "".join(shown))
            self._link = None

    def _add(self, target: str, text: str) -> None:
        if target and len(self._markup.links) < MAX_LINKS:
            self._markup.links.append(Link(target.strip()[:4000], " ".join(text.split())[:MAX_LINK_TEXT]))


def _attributes(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(rest):
        found.setdefault(name.lower(), unescape(next((v for v in values if v), "")))
    return found
