"""HTML as a reader sees it: headings to sections, no scripts, styles or hidden elements.

Hidden is what carries `hidden`, `aria-hidden="true"` or an inline style of display:none,
visibility:hidden, opacity:0, a font size of nought, text in the colour of its own background, or a place
off the page; and what a style sheet of the page hides by a class, an id or a tag alone. White text counts
as hidden where nothing around it may give it another ground. Other rules of style sheets are not
evaluated. How much text was hidden is a fact of the document. The tree is only read: nodes are passed
over, never taken out, because the library frees what it takes out.
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
    "head", "input", "select", "button", "datalist", "textarea", "-comment", "!doctype",
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
    r"display\s*:\s*none|content-visibility\s*:\s*hidden|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:0+(?:\.0*)?|\.0+)\s*(?:;|!|$)"
    r"|(?:^|;)\s*(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$)|(?:left|right|top|bottom|text-indent|margin(?:-left|-top)?)\s*:\s*-\d{3,}"
    r"|(?:^|;)\s*(?:left|top)\s*:\s*\d{4,}|translate\w*\(\s*-?\d{4,}|scale\w*\(\s*0(?:\.0*)?\s*[,)]"
    r"|filter\s*:\s*opacity\(\s*0(?:\.0*)?%?\s*\)|line-height\s*:\s*0(?:px|em|%)?\s*(?:;|!|$)"
    r"|(?:^|;)\s*font\s*:(?:[^;]{0,40}\s)?0(?:px|pt|em|%)?(?:/|\s)|clip-path\s*:\s*(?:inset\(\s*(?:50|[6-9]\d|100)%|circle\(\s*0)"
    r"|clip\s*:\s*rect\(\s*[01]",
    re.IGNORECASE,
)
_FONT = re.compile(r"font-size\s*:\s*(\d*\.?\d+)\s*(px|pt|r?em|%|)", re.IGNORECASE)
_SMALLEST = {"px": 2.0, "pt": 2.0, "em": 0.1, "rem": 0.1, "%": 10.0, "": 0.0}
"""Font sizes up to which nobody reads."""
_COLOUR = re.compile(r"(?:^|;)\s*(background-color|background|color)\s*:\s*([^;!]+)", re.IGNORECASE)
_WHITE = {
    "#fff": "white", "#ffffff": "white", "#000": "black", "#000000": "black", "rgb(255,255,255)": "white",
    "#fefefe": "white", "#fffffe": "white", "#fdfdfd": "white", "rgb(254,254,254)": "white", "snow": "white",
    "rgba(255,255,255,1)": "white", "rgb(0,0,0)": "black", "hsl(0,0%,100%)": "white",
}  # fmt: skip
_NONE = re.compile(r"transparent|rgba\([^)]*,0?\.?0+\)|#[0-9a-f]{3}0|#[0-9a-f]{6}00")
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|/\*.*?\*/", re.DOTALL)
_MEDIA = re.compile(r"@[^{};]{0,400}\{(?:[^{}]{0,4000}\{[^{}]{0,4000}\}){0,400}[^{}]{0,4000}\}")
_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,4000})\}")
_SIMPLE = re.compile(r"[a-z][a-z0-9]*|(?:[a-z][a-z0-9]*)?[.#][\w-]+", re.IGNORECASE)
SHEETS = 200_000
"""Characters of a page's style sheets that are looked at."""
_MAYBE = re.compile(r"hidden|style|color|<(?:script|template|noscript|dialog|datalist)", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n]+")
_LIST = re.compile(r"\n\n(?=- )")
HIDDEN_CHARACTERS = "hidden characters removed"
"""Fact of a document in which elements hid text by a trick: how much text that was."""
_MARK = "\x1e"
"""Stands for a heading's level in the flow of text: a record separator, which clean text cannot hold."""
_STYLE = 4_000
"""Characters of a style that are looked at."""


class Shown(NamedTuple):
    """The visible text; whether elements were left out, whether one was hidden as only a trick does, and how
    many characters were hidden so."""

    text: str
    left_out: bool
    smuggled: bool
    characters: int = 0


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
        facts={HIDDEN_CHARACTERS: str(shown.characters)} if shown.smuggled else {},
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
    style = _plain_style(given)
    return bool(style) and (bool(_HIDDEN_STYLE.search(style)) or _too_small(style) or _same_colour(style))


def _plain_style(given: Mapping[str, str | None]) -> str:
    """An inline style without the comments and escapes that a browser reads past."""
    style = (given.get("style") or "")[:_STYLE]
    if "\\" in style or "/*" in style:
        style = _CSS_ESCAPE.sub(lambda m: chr(int(m[1], 16) % 0x110000) if m[1] else "", style)
    return style


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
    if "text" in colours and _NONE.fullmatch(colours["text"]):
        return True
    return "text" in colours and colours["text"] == colours.get("ground")


# ---- the flow of text


def _flow(tree: LexborHTMLParser) -> Shown:
    """The page as lines of text, headings marked with their level."""
    out: list[str] = []
    left_out, tricks, characters = False, 0, 0
    hidden, plain = _hidden_by_sheets(tree)
    # (node, what closes it, whether white space counts, whether its ground is surely white)
    stack: list[tuple[LexborNode | None, str, bool, bool]] = [(tree.body, "", False, plain)]
    while stack:
        node, closing, verbatim, white = stack.pop()
        if node is None:
            out.append(closing)
            continue
        name = node.tag or ""
        if name == "-text":
            out.append(_text(node, verbatim=verbatim))
            continue
        given = node.attributes
        dropped = name in _DROPPED or (name == "dialog" and "open" not in given)
        white = white and not _may_be_coloured(given)
        faint = white and _is_white_text(name, given)
        if dropped or faint or is_hidden(given) or (hidden and _selects(hidden, name, given)):
            left_out = True
            if not dropped and (faint or _is_smuggling(given)):
                tricks, characters = tricks + 1, characters + len(node.text() or "")
        else:
            out.append(_opening(name))
            stack.append((None, _closing(name), False, False))
            inside = [(child, "", verbatim or name == "pre", white) for child in node.iter(include_text=True)]
            stack.extend(reversed(inside))
    lines = (
        line.strip(" \t|") if not line.startswith(" ") else line.rstrip(" \t|")
        for line in "".join(out).split("\n")
    )
    text = _LIST.sub("\n", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))
    return Shown(text, left_out, tricks > 0, characters)


def _hidden_by_sheets(tree: LexborHTMLParser) -> tuple[frozenset[str], bool]:
    """Selectors of one class, id or tag that the page's style sheets hide; whether there are no sheets."""
    sheets = "".join(node.text() or "" for node in tree.css("style"))[:SHEETS]
    linked = tree.css_first("link[rel=stylesheet]") is not None
    if not sheets:
        return frozenset(), not linked
    found: set[str] = set()
    for selectors, style in _RULE.findall(_MEDIA.sub("", _CSS_ESCAPE.sub("", sheets))):
        if is_hidden({"style": " ".join(style.split())}):
            found.update(s for one in selectors.split(",") if _SIMPLE.fullmatch(s := one.strip().lower()))
    return frozenset(found), False


def _selects(hidden: frozenset[str], name: str, given: Mapping[str, str | None]) -> bool:
    marks = [f".{one}" for one in (given.get("class") or "").lower().split()]
    if given.get("id"):
        marks.append(f"#{(given['id'] or '').lower()}")
    return name in hidden or any(mark in hidden or f"{name}{mark}" in hidden for mark in marks)


def _may_be_coloured(given: Mapping[str, str | None]) -> bool:
    """Whether an element may have a ground of its own, other than white."""
    ground = (given.get("bgcolor") or given.get("background") or "").lower().replace(" ", "")
    style = _plain_style(given).lower()
    named = [v.replace(" ", "") for n, v in _COLOUR.findall(style) if n != "color"]
    return (
        any(one and _WHITE.get(one, one) != "white" for one in (ground, *named))
        or "background-image" in style
    )


def _is_white_text(name: str, given: Mapping[str, str | None]) -> bool:
    colours = [v for n, v in _COLOUR.findall(_plain_style(given)) if n.lower() == "color"]
    colours += [given.get("color") or ""] if name == "font" else []
    return any(_WHITE.get(c.lower().replace(" ", ""), c.lower()) == "white" for c in colours if c)


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
