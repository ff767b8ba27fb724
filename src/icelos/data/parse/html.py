"""HTML as a reader sees it: headings to sections, no scripts, styles or hidden elements.

Hidden is what carries `hidden`, `aria-hidden="true"` or an inline style of display:none,
visibility:hidden, opacity:0, a font size of nought, text in the colour of its own background, or a
place off the page. Style sheets are not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from icelos.data.parse.fields import HIDDEN, Content, Parsed, mentions, moment
from icelos.data.parse.text import TITLE, cut
from icelos.records import Document, Section, record_id

_DROPPED = (
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "canvas", "audio", "video",
    "head", "input", "select", "button", "dialog:not([open])",
)  # fmt: skip
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot",
    "thead", "tr", "ul",
])  # fmt: skip
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
_ATTRIBUTE = re.compile(r"<[a-z][^>]*\s(?:hidden\b|aria-hidden\s*=|style\s*=)", re.IGNORECASE)
_WHITE = {
    "#fff": "white",
    "#ffffff": "white",
    "#000": "black",
    "#000000": "black",
    "rgb(255,255,255)": "white",
}
_SPACE = re.compile(r"[ \t\n]+")
_MARK = "\x1e"
"""Stands for a heading's level in the flow of text: a record separator, which clean text cannot hold."""


def html_documents(content: Content) -> Iterator[Parsed]:
    """The page as one document."""
    tree = LexborHTMLParser(content.text)
    title = _title(tree)
    modified = _meta(tree, "article:modified_time") or _meta(tree, "last-modified") or _meta(tree, "date")
    description = _meta(tree, "description")
    url = _canonical(tree)
    hidden = _drop_hidden(tree)
    parts = list(_parts(_flow(tree)))
    first = next((heading for _, heading, _ in parts if heading), "")
    yield Document(
        id=record_id(content.name, ""),
        source=content.name,
        title=(title or first or content.stem)[: 4 * TITLE],
        sections=tuple(_sections(parts, title or first)) or tuple(cut("", description, 1)),
        kind="document",
        relations=mentions(title, *(text for _, _, text in parts)),
        tags=(HIDDEN,) if hidden else (),
        modified=moment(modified),
        url=url,
    )


def has_hidden(text: str) -> bool:
    """Whether mark-up in a text carries an attribute that could hide an element."""
    return _ATTRIBUTE.search(text) is not None


def visible_text(text: str) -> tuple[str, bool]:
    """The text of an HTML fragment that a reader sees, and whether any was hidden."""
    tree = LexborHTMLParser(text)
    hidden = _drop_hidden(tree)
    flow = re.sub(f"{_MARK}\\d", "", _flow(tree))
    return flow.strip(), hidden


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("title")
    return " ".join(node.text().split()) if node else ""


def _meta(tree: LexborHTMLParser, name: str) -> str:
    for node in tree.css("meta"):
        named = (
            node.attributes.get("property")
            or node.attributes.get("name")
            or node.attributes.get("http-equiv")
        )
        if (named or "").lower() == name:
            return (node.attributes.get("content") or "").strip()
    return ""


def _canonical(tree: LexborHTMLParser) -> str:
    node = tree.css_first("link[rel=canonical]")
    url = (node.attributes.get("href") or "").strip() if node else ""
    return url if url.startswith(("https://", "http://")) else ""


def _drop_hidden(tree: LexborHTMLParser) -> bool:
    """Take out what is not shown; true where an element that hid text by style was among it."""
    for node in tree.css(",".join(_DROPPED)):
        node.decompose()
    for node in tree.css("[hidden], [aria-hidden=true]"):
        node.decompose()
    smuggled = False
    for node in tree.css("[style]"):
        style = node.attributes.get("style") or ""
        if _HIDDEN_STYLE.search(style) or _too_small(style) or _same_colour(style):
            smuggled = smuggled or ("display" not in style.lower() and bool(node.text().strip()))
            node.decompose()
    return smuggled


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


def _flow(tree: LexborHTMLParser) -> str:
    """The page as lines of text, headings marked with their level."""
    out: list[str] = []
    root = tree.body
    if root is None:
        return ""
    stack: list[tuple[LexborNode | None, str]] = [(root, "")]
    while stack:
        node, closing = stack.pop()
        if node is None:
            out.append(closing)
            continue
        name = node.tag or ""
        if name == "-text":
            out.append(_text(node))
            continue
        stack.append((None, "\n" if name in _BLOCKS else " | " if name in {"td", "th"} else ""))
        out.append(_opening(name))
        children = list(node.iter(include_text=True))
        stack.extend((child, "") for child in reversed(children))
    lines = (line.strip(" \t|") for line in "".join(out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _opening(name: str) -> str:
    if name in _HEADINGS:
        return f"\n{_MARK}{name[1]}"
    if name == "li":
        return "\n- "
    if name in {"p", "table", "pre", "blockquote", "ul", "ol", "dl"}:
        return "\n\n"
    return "\n" if name in _BLOCKS else ""


def _text(node: LexborNode) -> str:
    text = (node.text_content or "").replace(_MARK, "")
    parent = node.parent
    while parent is not None and parent.tag in {"code", "span", "b", "i", "em", "strong"}:
        parent = parent.parent
    return text if parent is not None and parent.tag == "pre" else _SPACE.sub(" ", text)


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
