"""HTML of a mail: what is shown, what is hidden, links and forms, in one pass that is linear in the size.

A tree is not built: on 300 kB of nested or attribute-laden elements the installed parsers take 10 to 30 s,
and a mail has 5 s. Tags and attributes end where the HTML standard (13.2.5, tokenization) has them end.
Hidden is what `icelos.data.parse.html` calls so; style sheets are not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

import msgspec

from icelos.data.parse.html import is_hidden

MAX_LINKS = 2000
MAX_LINK_TEXT = 500
MAX_OPEN = 1000
MAX_LOOK_BACK = 100


class Link(msgspec.Struct, frozen=True):
    """Where a link leads, and the text it shows."""

    target: str
    text: str


class Markup(msgspec.Struct):
    """What was read from a document: text that is shown, text that is hidden, links and forms."""

    text: str = ""
    hidden: str = ""
    links: list[Link] = []
    has_form: bool = False
    asks_password: bool = False


_TAG = re.compile(r"<(?:(?P<comment>!--)|(?P<bogus>[!?])|(?P<close>/?)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+))")
_ATTRIBUTE = re.compile(
    r"[ \t\n\f\r/]*+([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)"
    r"(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^ \t\n\f\r>]*+)))?"
)
_END = re.compile(r"[ \t\n\f\r/]*+>")
_RAW = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_BREAKS = frozenset(["p", "br", "div", "tr", "li", "td", "th", "h1", "h2", "h3", "h4", "table", "ul", "ol"])
_ENDS_ITSELF = frozenset(["p", "li", "td", "th", "tr", "dt", "dd", "option"])
_SCOPES = frozenset(["table", "td", "th", "tr", "ul", "ol", "dl", "body", "button"])


def read_markup(html: str) -> Markup:
    """Text, links and forms of HTML, however broken."""
    reader = _Reader()
    position = 0
    while (tag := _TAG.search(html, position)) is not None:
        reader.shown(html[position : tag.start()])
        if tag["name"] is None:
            position = _after(html, "-->" if tag["comment"] else ">", tag.end())
            continue
        attributes, position, whole = _attributes(html, tag.end())
        name = tag["name"].lower()[:30]
        if not whole:
            break
        if tag["close"]:
            reader.closed(name)
            continue
        reader.opened(name, attributes)
        if name in _RAW:
            ending = _RAW[name].search(html, position)
            position = ending.start() if ending else len(html)
    reader.shown(html[position:])
    return reader.done()


def _after(html: str, ending: str, position: int) -> int:
    found = html.find(ending, position)
    return found + len(ending) if found >= 0 else len(html)


def _attributes(html: str, position: int) -> tuple[dict[str, str], int, bool]:
    """Attributes from within a tag, where it ends, and whether it does: a quote left open swallows all."""
    found: dict[str, str] = {}
    while (match := _ATTRIBUTE.match(html, position)) is not None:
        position = match.end()
        name, *values = match.groups()
        if len(found) < MAX_LOOK_BACK:
            value = next((value for value in values if value is not None), "")
            found.setdefault(name[:40].lower(), _plain(value[:8192]))
    end = _END.match(html, position)
    return (found, end.end(), True) if end else (found, len(html), False)


_ZEROS = re.compile(r"(&#[xX]?)0+(?=[0-9a-fA-F])")
_HUGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")


def _plain(text: str) -> str:
    """Text without character references; Python refuses to read numbers of thousands of digits."""
    return unescape(_HUGE.sub("\ufffd", _ZEROS.sub(r"\1", text))) if "&" in text else text


class _Reader:
    """Follows which elements are open, as far as that tells what is hidden."""

    def __init__(self) -> None:
        self._markup = Markup()
        self._shown: list[str] = []
        self._hidden: list[str] = []
        self._link: tuple[str, list[str]] | None = None
        self._open: list[tuple[str, bool]] = []

    def shown(self, text: str) -> None:
        """A run of text between tags."""
        if not text:
            return
        plain = _plain(text)
        if self._is_hidden():
            self._hidden.append(plain)
            return
        self._shown.append(plain)
        if self._link is not None:
            self._link[1].append(plain)

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """An opening tag."""
        self._linked(name, attributes)
        if name in _ENDS_ITSELF:
            self._end(name, _SCOPES - {name})
        elif name in _BREAKS:
            self._end("p", _SCOPES)
        if name not in _VOID and len(self._open) < MAX_OPEN:
            self._open.append((name, self._is_hidden() or is_hidden(attributes)))
        self._broken(name)

    def closed(self, name: str) -> None:
        """A closing tag."""
        if name == "a":
            self._end_link()
        self._end(name, frozenset())
        self._broken(name)

    def done(self) -> Markup:
        """What was read, its white space collapsed."""
        self._end_link()
        self._markup.text = re.sub(r"[^\S\n]+", " ", "".join(self._shown))
        self._markup.hidden = " ".join("".join(self._hidden).split())
        return self._markup

    def _linked(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "a":
            self._end_link()
            self._link = (attributes["href"], []) if attributes.get("href") else None
        elif name in {"area", "form"}:
            self._markup.has_form = self._markup.has_form or name == "form"
            self._add(attributes.get("href") or attributes.get("action") or "", "")
        elif name == "input" and attributes.get("type", "").strip().lower() == "password":
            self._markup.asks_password = True

    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _end(self, name: str, scopes: frozenset[str]) -> None:
        """End the innermost element of a name, unless one that bounds it stands in between."""
        for back in range(1, min(len(self._open), MAX_LOOK_BACK) + 1):
            other = self._open[-back][0]
            if other == name:
                del self._open[-back:]
                return
            if other in scopes:
                return

    def _broken(self, name: str) -> None:
        if name in _BREAKS:
            (self._hidden if self._is_hidden() else self._shown).append("\n")

    def _end_link(self) -> None:
        if self._link is not None:
            target, shown = self._link
            self._add(target, "".join(shown))
            self._link = None

    def _add(self, target: str, text: str) -> None:
        if target and len(self._markup.links) < MAX_LINKS:
            self._markup.links.append(Link(target.strip()[:4000], " ".join(text.split())[:MAX_LINK_TEXT]))
