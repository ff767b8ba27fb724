"""HTML of a mail: what is shown, what is hidden, links, images and forms, in one pass linear in the size.

A tree is not built: on 300 kB of nested or attribute-laden elements the installed parsers take 10 to 30 s,
and a mail has 5 s. Tags and attributes end where the HTML standard (13.2.5, tokenization) has them end.
What is hidden is for `styles` to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

import msgspec

from icelos.jobs.mail.reading.styles import LINK, Declarations, Look, Sheet, declarations, looked, merge

MAX_LINKS = 2000
MAX_LINK_TEXT = 500
MAX_OPEN = 1000
MAX_LOOK_BACK = 60
MAX_ATTRIBUTES = 100
MAX_IMAGES = 500
MAX_VALUE = 8192
MAX_EMBEDDED = 8
"""Images written out in the text that are kept, each of at most `MAX_IMAGE` characters."""
MAX_IMAGE = 2 * 1024 * 1024
MAX_SCRIPTS = 65_536


class Link(msgspec.Struct, frozen=True):
    """Where a link leads, and the text it shows.

    `origin` is where it stood: "body", "qr" (a code in an image), "pdf", "office", "invite" or "attachment".
    """

    target: str
    text: str
    origin: str = "body"


class Image(msgspec.Struct, frozen=True):
    """An image shown: its address, whether it is a link, its alternative text, and its size where said."""

    source: str
    linked: bool = False
    text: str = ""
    width: int = -1
    height: int = -1


class Markup(msgspec.Struct):
    """What was read from a document: text that is shown, text that is hidden, links, images and forms."""

    text: str = ""
    hidden: str = ""
    links: list[Link] = []
    images: list[Image] = []
    embedded: list[str] = []
    """Images as data: addresses."""
    has_form: bool = False
    asks_password: bool = False
    scripts: str = ""


_TAG = re.compile(r"<(?:(!--)|([!?])|(/?)([a-zA-Z][^ \t\n\f\r/>]*+))")
_ATTRIBUTE = re.compile(
    r"[ \t\n\f\r/]*+([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)"
    r"(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^ \t\n\f\r>]*+)))?"
)
_NEAT = re.compile(r"((?:[ \t\n\r]++[a-zA-Z][a-zA-Z0-9:-]*+=\"[^\"]*+\")*+)[ \t\n\r]*+/?>")
_PAIR = re.compile(r"([a-zA-Z][a-zA-Z0-9:-]*+)=\"([^\"]*+)\"")
"""Attributes as programs write them, which go faster."""
_END = re.compile(r"[ \t\n\f\r/]*+>")
_RAW = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_BREAKS = frozenset(
    [
        "p",
        "br",
        "div",
        "tr",
        "li",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "ul",
        "ol",
        "hr",
        "blockquote",
        "center",
        "pre",
        "dt",
        "dd",
        "form",
        "section",
        "header",
        "footer",
        "article",
    ]
)
_SCOPES = frozenset(["table", "td", "th", "tr", "ul", "ol", "dl", "body", "button"])
_ENDS_ITSELF = {name: _SCOPES - {name} for name in ("p", "li", "td", "th", "tr", "dt", "dd", "option")}
"""Elements that end one of their own name, up to where that is of another table or list."""
_TOLD = frozenset(["a", "img", "area", "form", "input", "meta"])
_TELLING_ALONE = ("style", "hidden", "bgcolor", "background", "color", "text", "dir")
_TELLING = (*_TELLING_ALONE, "class", "id")
"""Attributes that change how an element looks: without style sheets, and with them."""
_APART = frozenset(["a", "bdo"])
_USED = frozenset(
    [*_TELLING, "href", "src", "action", "type", "alt", "value", "placeholder", "content", "width", "height"]
)


def read_markup(html: str) -> Markup:
    """Text, links and forms of HTML, however broken."""
    reader = _Reader()
    position = 0
    while (tag := _TAG.search(html, position)) is not None:
        begins = tag.start()
        if begins > position:
            reader.shown(html[position:begins])
        comment, _, close, name = tag.groups()
        if name is None:
            position = _after(html, "-->" if comment else ">", tag.end())
            continue
        attributes, position, whole = _attributes(html, tag.end())
        name = name.lower()[:30]
        if not whole:
            break
        if close:
            reader.closed(name)
            continue
        reader.opened(name, attributes)
        if name in _RAW:
            ending = _RAW[name].search(html, position)
            ends = ending.start() if ending else len(html)
            reader.raw(name, html[position:ends])
            position = ends
    reader.shown(html[position:])
    return reader.done()


def _after(html: str, ending: str, position: int) -> int:
    found = html.find(ending, position)
    return found + len(ending) if found >= 0 else len(html)


def _attributes(html: str, position: int) -> tuple[dict[str, str], int, bool]:
    """Attributes from within a tag, where it ends, and whether it does: a quote left open swallows all."""
    if html.startswith(">", position):
        return {}, position + 1, True
    found: dict[str, str] = {}
    if neat := _NEAT.match(html, position):
        for name, value in _PAIR.findall(neat[1])[:MAX_ATTRIBUTES]:
            if name in _USED or not name.islower():
                _keep(found, name, value)
        return found, neat.end(), True
    seen = 0
    while (match := _ATTRIBUTE.match(html, position)) is not None:
        position = match.end()
        seen += 1
        if seen <= MAX_ATTRIBUTES:
            _keep(found, match[1], next((value for value in match.groups()[1:] if value is not None), ""))
    end = _END.match(html, position)
    return (found, end.end(), True) if end else (found, len(html), False)


def _keep(found: dict[str, str], name: str, value: str) -> None:
    name = name[:40].lower()
    if name in _USED and name not in found:
        most = MAX_IMAGE if name == "src" and value[:5].lower() == "data:" else MAX_VALUE
        found[name] = _plain(value[:most])


_SPACES = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
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
        self._open: list[Look] = []
        self._names: list[str] = []
        self._counts: dict[str, int] = {}
        self._look = Look()
        self._sheet = Sheet()
        self._styles: dict[str, Declarations] = {}
        self._looks: dict[tuple[object, ...], Look] = {}

    def shown(self, text: str) -> None:
        """A run of text between tags."""
        if not text:
            return
        plain = _plain(text)
        if self._look.hidden:
            self._hidden.append(plain)
            return
        plain = plain[::-1] if self._look.turned else plain
        self._shown.append(plain)
        if self._link is not None:
            self._link[1].append(plain)

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        """An opening tag."""
        if name in _ENDS_ITSELF:
            self._end(name, _ENDS_ITSELF[name])
        elif name in _BREAKS:
            self._end("p", _SCOPES)
        outer = self._look
        if attributes or self._sheet or outer.hidden or name == "bdo":
            self._look = self._looked(name, attributes)
        if name in _TOLD:
            self._told(name, attributes)
        if name in _VOID or len(self._open) >= MAX_OPEN:
            self._look = outer
        else:
            self._open.append(self._look)
            self._names.append(name)
            self._counts[name] = self._counts.get(name, 0) + 1
        if name in _BREAKS:
            self._broken()

    def raw(self, name: str, content: str) -> None:
        """The content of an element that is no markup."""
        if name == "style":
            self._sheet.add(content)
        elif name == "script":
            self._markup.scripts += content[: max(0, MAX_SCRIPTS - len(self._markup.scripts))]

    def closed(self, name: str) -> None:
        """A closing tag."""
        if name == "a":
            self._end_link()
        self._end(name, frozenset())
        if name in _BREAKS:
            self._broken()

    def done(self) -> Markup:
        """What was read, its white space collapsed."""
        self._end_link()
        self._markup.text = _SPACES.sub(" ", "".join(self._shown))
        self._markup.hidden = " ".join("".join(self._hidden).split())
        return self._markup

    def _looked(self, name: str, given: Mapping[str, str]) -> Look:
        """How an element looks; many look the same, so it is worked out once."""
        outer = self._look
        sheet = self._sheet
        telling = _TELLING if sheet else _TELLING_ALONE
        key = (outer, name if sheet or name in _APART else "", "href" in given, *map(given.get, telling))
        if (known := self._looks.get(key)) is not None:
            return known
        declared = sheet.declared(name, given) if sheet else {}
        if "style" in given:
            merge(declared, self._declarations(given["style"]))
        if name == "a" and not outer.gone and "href" in given:  # links have a colour of their own
            outer = outer._replace(colour=LINK)
        if name == "bdo":
            declared["unicode-bidi"] = ("bidi-override", False)
        look = outer
        if declared or name in _APART or any(map(given.__contains__, _TELLING_ALONE)):
            look = looked(outer, given, declared, sure=not self._sheet.unsure)
        self._looks[key] = look
        return look

    def _declarations(self, style: str) -> Declarations:
        if (known := self._styles.get(style)) is None:
            known = self._styles[style] = declarations(style)
        return known

    def _told(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "a":
            self._end_link()
            self._link = (attributes["href"], []) if attributes.get("href") else None
        elif name == "img":
            self._image(attributes)
        elif name in {"area", "form"}:
            self._markup.has_form = self._markup.has_form or name == "form"
            self._add(attributes.get("href") or attributes.get("action") or "", "")
        elif name == "input":
            self._input(attributes)
        elif name == "meta":
            self._refreshed(attributes.get("content", ""))

    def _image(self, given: Mapping[str, str]) -> None:
        source, text = given.get("src", "").strip(), given.get("alt", "")[:MAX_LINK_TEXT].strip()
        if source[:5].lower() == "data:":
            if len(self._markup.embedded) < MAX_EMBEDDED:
                self._markup.embedded.append(source)
            source = source[:40]
        if self._link is not None and text:
            self._link[1].append(f" {text} ")
        if len(self._markup.images) < MAX_IMAGES and not self._look.gone:
            width, height = _whole(given.get("width")), _whole(given.get("height"))
            linked = self._link is not None
            self._markup.images.append(Image(source[:4000], linked, text, width, height))

    def _input(self, given: Mapping[str, str]) -> None:
        kind = given.get("type", "").strip().lower()
        self._markup.asks_password = self._markup.asks_password or kind == "password"
        shown = given.get("value" if kind in {"submit", "button", "reset"} else "placeholder", "")
        if kind != "hidden" and shown:
            self.shown(f" {shown[:MAX_LINK_TEXT]} ")

    def _refreshed(self, content: str) -> None:
        """A page that leads elsewhere by itself."""
        if found := _REFRESH.match(content):
            self._add(found[1].strip("\"' "), "")

    def _end(self, name: str, scopes: frozenset[str]) -> None:
        """End the innermost element of a name, unless one that bounds it stands in between."""
        if not self._counts.get(name):
            return
        for back, other in enumerate(self._names[: -MAX_LOOK_BACK - 1 : -1], 1):
            if other == name:
                for ended in self._names[-back:]:
                    self._counts[ended] -= 1
                del self._names[-back:], self._open[-back:]
                self._look = self._open[-1] if self._open else Look()
                return
            if other in scopes:
                return

    def _broken(self) -> None:
        (self._hidden if self._look.hidden else self._shown).append("\n")

    def _end_link(self) -> None:
        if self._link is not None:
            target, shown = self._link
            self._add(target, "".join(shown))
            self._link = None

    def _add(self, target: str, text: str) -> None:
        if target and len(self._markup.links) < MAX_LINKS:
            self._markup.links.append(Link(target.strip()[:4000], " ".join(text.split())[:MAX_LINK_TEXT]))


_REFRESH = re.compile(
    r"\s{0,9}\d{0,9}(?:\.\d{0,9})?\s{0,9}[;,]\s{0,9}url\s{0,9}=\s{0,9}(.{1,4000})", re.IGNORECASE
)


def _whole(value: str | None) -> int:
    """Pixels of an attribute, -1 where it says none."""
    digits = re.match(r"\s*(\d{1,5})(?!\d|%|\.?\d*%)", value) if value else None
    return int(digits[1]) if digits else -1
