"""HTML as a reader sees it: headings to sections, no scripts, styles or hidden elements.

Hidden is what carries `hidden`, `aria-hidden="true"` or an inline style of display:none,
visibility:hidden, opacity:0, a font size of nought, text in the colour of its own background, or a
place off the page. Style sheets are not evaluated. The tree is only read: nodes are passed over, never
taken out, because the library frees what it takes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from icelos.data.parse.fields import HIDDEN, Content, Parsed, mentions, moment
from icelos.data.parse.text import TITLE, cut
from icelos.records import Document, Section, record_id

_DROPPED = frozenset([
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "canvas", "audio", "video",
    "head", "input", "select", "button", "-comment", "!doctype",
])  # fmt: skip
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul",
])  # fmt: skip
_SPACED = frozenset(["p", "table", "pre", "blockquote", "ul", "ol", "dl"])
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:0+(?:\.0*)?|\.0+)\s*(?:;|!|$)"
    r"|(?:^|;)\s*(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$)|(?:left|top|text-indent)\s*:\s*-\d{3,}"
    r"|clip\s*:\s*rect\(\s*0",
    re.IGNORECASE,
)
_FONT = re.compile(r"font-size\s*:\s*(\d*\.?\d+)\s*(px|pt|r?em|%|)", re.IGNORECASE)
_SMALLEST = {"px": 2.0, "pt": 2.0, "em": 0.1, "rem": 0.1, "%": 10.0, "": 0.0}
"""Font sizes up to which nobody reads."""
_COLOUR = re.compile(r"(?:^|;)\s*(background-color|background|color)\s*:\s*([^;!]+)", re.IGNORECASE)
_WHITE = {"#fff": "white", "#ffffff": "white", "#000": "black", "#000000": "black"}
_MAYBE = re.compile(r"hidden|style|<(?:script|template|noscript)", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n]+")
_LIST = re.compile(r"\n\n(?=- )")
_MARK = "\x1e"
"""Stands for a heading's level in the flow of text: a record separator, which clean text cannot hold."""
_STYLE = 4_000
"""Characters of a style that are looked at."""


class Shown(NamedTuple):
    """The visible text; whether elements were left out, and whether one was hidden as only a trick does."""

    text: str
    left_out: bool
    smuggled: bool


def html_documents(content: Content) -> Iterator[Parsed]:
    """The page as one document."""
    tree = LexborHTMLParser(content.text)
    meta = _meta(tree)
    title = _title(tree)
    shown = _flow(tree)
    parts = list(_parts(shown.text))
    first = next((heading for _, heading, _ in parts if heading), "")
    yield Document(
        id=record_id(content.name, ""),
        source=content.name,
        title=(title or first or content.stem)[: 4 * TITLE],
        sections=tuple(_sections(parts, title or first)) or tuple(cut("", meta.get("description", ""), 1)),
        kind="document",
        relations=mentions(title, *(text for _, _, text in parts)),
        tags=(HIDDEN,) if shown.smuggled else (),
        modified=next((m for name in _DATES if (m := moment(meta.get(name)))), None),
        url=_canonical(tree),
    )


_DATES = ("article:modified_time", "last-modified", "date", "article:published_time")


def may_hide(text: str) -> bool:
    """Whether it is worth while to look for hidden elements in a text."""
    return "<" in text and _MAYBE.search(text) is not None


def visible_text(text: str) -> Shown:
    """What a reader sees of an HTML fragment."""
    shown = _flow(LexborHTMLParser(text))
    return shown._replace(text=re.sub(f"{_MARK}\\d", "", shown.text).strip())


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("title")
    return " ".join(node.text().split()) if node else ""


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        given = node.attributes
        name = given.get("property") or given.get("name") or given.get("http-equiv") or ""
        found.setdefault(name.lower(), (given.get("content") or "").strip())
    return found


def _canonical(tree: LexborHTMLParser) -> str:
    node = tree.css_first("link[rel=canonical]")
    url = (node.attributes.get("href") or "").strip() if node else ""
    return url if url.startswith(("https://", "http://")) else ""


# ---- what is hidden


def is_hidden(given: Mapping[str, str | None]) -> bool:
    """Whether an element with these attributes is not shown, nor what it holds."""
    if "hidden" in given or (given.get("aria-hidden") or "").lower() == "true":
        return True
    style = (given.get("style") or "")[:_STYLE]
    return bool(style) and (bool(_HIDDEN_STYLE.search(style)) or _too_small(style) or _same_colour(style))


def _is_smuggling(given: Mapping[str, str | None]) -> bool:
    """Menus and tabs are hidden by display; who hides text by its size or colour has a reason."""
    return "style" in given and "display" not in (given["style"] or "").lower()


def _too_small(style: str) -> bool:
    return any(float(size) <= _SMALLEST[unit.lower()] for size, unit in _FONT.findall(style))


def _same_colour(style: str) -> bool:
    colours = {}
    for name, value in _COLOUR.findall(style):
        plain = value.lower().replace(" ", "")
        colours["text" if name.lower() == "color" else "ground"] = _WHITE.get(plain, plain)
    if colours.get("text") == "transparent":
        return True
    return "text" in colours and colours["text"] == colours.get("ground")


# ---- the flow of text


def _flow(tree: LexborHTMLParser) -> Shown:
    """The page as lines of text, headings marked with their level."""
    out: list[str] = []
    left_out = smuggled = False
    stack: list[tuple[LexborNode | None, str, bool]] = [(tree.body, "", False)]
    while stack:
        node, closing, verbatim = stack.pop()
        if node is None:
            out.append(closing)
            continue
        name = node.tag or ""
        if name == "-text":
            out.append(_text(node, verbatim=verbatim))
        elif name in _DROPPED or is_hidden(node.attributes):
            left_out = True
            smuggled = smuggled or (name not in _DROPPED and _is_smuggling(node.attributes))
        else:
            out.append(_opening(name))
            stack.append((None, _closing(name), False))
            inside = [(child, "", verbatim or name == "pre") for child in node.iter(include_text=True)]
            stack.extend(reversed(inside))
    lines = (
        line.strip(" \t|") if not line.startswith(" ") else line.rstrip(" \t|")
        for line in "".join(out).split("\n")
    )
    text = _LIST.sub("\n", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))
    return Shown(text, left_out, smuggled)


def _opening(name: str) -> str:
    if name in _HEADINGS:
        return f"\n{_MARK}{name[1]}"
    if name == "li":
        return "\n- "
    return "\n\n" if name in _SPACED else "\n" if name in _BLOCKS else ""


def _closing(name: str) -> str:
    return "\n" if name in _BLOCKS else " | " if name in {"td", "th"} else ""


def _text(node: LexborNode, *, verbatim: bool) -> str:
    text = (node.text_content or "").replace(_MARK, "")
    return text if verbatim else _SPACE.sub(" ", text)


def _parts(flow: str) -> Iterator[tuple[int, str, str]]:
    """(level, heading, text) runs; the first has level 0."""
    level, heading, rows = 0, "", list[str]()
    for line in flow.split("\n"):
        if line.startswith(_MARK):
            yield level, heading, "\n".join(rows)
            level, heading, rows = int(line[1]), line[2:].strip(), []
        else:
            rows.append(line)
    yield level, heading, "\n".join(rows)


def _sections(parts: list[tuple[int, str, str]], title: str) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    for level, heading, text in parts:
        if level:
            path = [(other, name) for other, name in path if other < level] + [(level, heading)]
        named = " > ".join(name for _, name in path if name and name != title)
        for section in cut(named, text, 1):
            yield Section(named, section.text, named or "top")
