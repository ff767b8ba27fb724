"""Markdown (CommonMark with tables): sections follow the headings, text stays as it was written.

Only what a reader would not see is taken out: HTML comments, hidden HTML elements, titles of links and
comments written as link definitions ("[//]: # (…)"). Line numbers hold. Front matter (YAML between lines
of "---") gives title, date, tags and facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from icelos.data.parse.fields import (
    HIDDEN,
    Content,
    Parsed,
    facts,
    mentions,
    moment,
    scalar,
    text_of,
    texts_of,
    unique,
)
from icelos.data.parse.html import may_hide, visible_text
from icelos.data.parse.limits import load_yaml, normalise
from icelos.data.parse.text import TITLE, cut
from icelos.errors import InputError
from icelos.records import Document, Section, record_id

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_HEADED = re.compile(r"#|^ {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TITLED = re.compile(
    r"(\]\(\s{0,4}(?:<[^<>\n]{0,2000}>|[^\s()<>]{0,2000}))[ \t\n]{1,8}"
    r"(\"[^\"]{1,4000}\"|'[^']{1,4000}')(?=\s{0,4}\))"
)
_DEFINED = re.compile(
    r"^( {0,3}\[([^\]\n]{1,400})\]:[ \t]{0,8}\n?[ \t]{0,8}(<[^<>\n]{0,2000}>|\S{1,2000}))"
    r"(?:[ \t]{1,8}|[ \t]{0,8}\n[ \t]{0,8})(\"[^\"]{1,4000}\"|'[^']{1,4000}'|\([^()]{1,4000}\))[ \t]{0,8}$",
    re.MULTILINE,
)
_NOWHERE = frozenset({"#", "<>", "<#>"})
SHORT_TITLE = 80
"""Characters up to which the title of a link is an ordinary one."""
_FACTS = 20
_RUNBOOK = re.compile(r"\b(?:play|run)\s?books?\b", re.IGNORECASE)


class Heading(NamedTuple):
    """A heading with the lines that it takes, counted from 0, end excluded."""

    level: int
    text: str
    start: int
    end: int


def markdown_documents(content: Content) -> Iterator[Parsed]:
    """The file as one document."""
    normal = normalise(content.text)
    front, body, offset = _front_matter(normal.text)
    text, hidden = without_hidden(body)
    found = headings(_parser().parse(text)) if _HEADED.search(text) else []
    title = text_of(front, "title") or _only_top(found) or (found[0].text if found else content.stem)
    yield Document(
        id=record_id(content.name, ""),
        source=content.name,
        title=title[: 4 * TITLE],
        sections=tuple(_sections(text, found, title, offset)),
        kind=_kind(front, f"{content.name} {title}"),
        identifiers=unique(texts_of(front, "id")),
        aliases=unique(texts_of(front, "aliases")),
        relations=mentions(content.stem, title, text),
        tags=unique((*texts_of(front, "tags"), HIDDEN * (normal.hidden or hidden))),
        modified=next(
            (m for key in ("modified", "updated", "lastmod", "date") if (m := moment(front.get(key)))), None
        ),
        url=text_of(front, "url"),
        licence=text_of(front, "license", "licence"),
        facts=facts([(key, scalar(value)[:500]) for key, value in list(front.items())[:_FACTS]]),
    )


def _kind(front: Mapping[str, Any], names: str) -> str:
    said = text_of(front, "kind", "type").lower()
    if said:
        return said[:40]
    return "runbook" if _RUNBOOK.search(names.replace("-", " ").replace("_", " ")) else "document"


def _front_matter(text: str) -> tuple[Mapping[str, Any], str, int]:
    """Its fields, the rest of the text, and how many lines stand before that."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text, 0
    try:
        fields = load_yaml(match.group(1), typed=False)
    except InputError:
        return {}, text, 0
    if not isinstance(fields, dict):
        return {}, text, 0
    named = {key: value for key, value in fields.items() if isinstance(key, str)}
    return named, text[match.end() :], match.group().count("\n")


@cache
def _parser() -> MarkdownIt:
    """Blocks only: what stands inside a line is looked at where it is needed."""
    parser = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table")
    parser.core.ruler.disable("inline")
    return parser


@cache
def _inline() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": 20})


def headings(tokens: Sequence[Token]) -> list[Heading]:
    """Headings that stand at the top level: not those in quotations, lists or code."""
    return [
        Heading(int(token.tag[1:]), _shown(tokens[index + 1].content), token.map[0], token.map[1])
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def _shown(text: str) -> str:
    """The text of a heading as it is read."""
    (inline,) = _inline().parseInline(text[: 4 * TITLE])
    parts = [
        child.content for child in inline.children or () if child.type in {"text", "code_inline", "image"}
    ]
    return " ".join("".join(parts).split())


def _only_top(found: Sequence[Heading]) -> str:
    """The heading that stands over all others, "" where there is none."""
    if not found:
        return ""
    top = min(heading.level for heading in found)
    tops = [heading for heading in found if heading.level == top]
    return tops[0].text if len(tops) == 1 and tops[0] is found[0] else ""


def _sections(text: str, found: Sequence[Heading], title: str, offset: int) -> Iterator[Section]:
    lines = text.split("\n")
    path: list[Heading] = []
    starts = [Heading(0, "", 0, 0), *found]
    for heading, following in zip(starts, [*found, None], strict=True):
        if heading.level:
            path = [h for h in path if h.level < heading.level] + [heading]
        end = following.start if following else len(lines)
        named = " > ".join(h.text for h in path if h.text and h.text != title)
        yield from cut(named, "\n".join(lines[heading.end : end]), offset + heading.end + 1)


# ---- what a reader would not see


def without_hidden(text: str) -> tuple[str, bool]:
    """Text without HTML comments and hidden elements, with as many lines; whether an element hid text."""
    hidden = False
    if "<!--" in text:
        text = _without_comments(text)
    if "](" in text or "]:" in text:
        text, hidden = _without_titles(text)
    if may_hide(text):
        text, more = _without_elements(text)
        hidden = hidden or more
    return text, hidden


def _without_titles(text: str) -> tuple[str, bool]:
    """Links without their titles, definitions that lead nowhere not at all; whether much was hidden so."""
    code = _code_lines(text)
    hidden = False

    def bare(match: re.Match[str]) -> str:
        nonlocal hidden
        if text.count("\n", 0, match.start()) in code:
            return match.group()
        title = match.group(match.lastindex or 0)
        nowhere = match.re is _DEFINED and (
            match[3] in _NOWHERE or match[2].strip() in {"//", "comment", "#"}
        )
        hidden = hidden or nowhere or len(title) > SHORT_TITLE
        kept = "" if nowhere else match[1]
        return kept + "\n" * (match.group().count("\n") - kept.count("\n"))

    text = _TITLED.sub(bare, text)
    return _DEFINED.sub(bare, text), hidden


def _without_comments(text: str) -> str:
    """Comments outside of code blocks: what looks like one there is shown to the reader."""
    code = _code_lines(text)
    out: list[str] = []
    position, line = 0, 0
    for match in _COMMENT.finditer(text):
        before = text[position : match.start()]
        line += before.count("\n")
        breaks = match.group().count("\n")
        out += [before, match.group() if line in code else "\n" * breaks]
        line += breaks
        position = match.end()
    return "".join((*out, text[position:]))


def _code_lines(text: str) -> frozenset[int]:
    blocks = [t.map for t in _parser().parse(text) if t.type in {"fence", "code_block"} and t.map]
    return frozenset(line for start, end in blocks for line in range(start, end))


def _without_elements(text: str) -> tuple[str, bool]:
    """Blocks with a hidden element are put down as their visible text."""
    lines, hidden = text.split("\n"), False
    for token in _parser().parse(text):
        if token.type in {"html_block", "inline"} and token.map and may_hide(token.content):
            start, end = token.map
            shown = visible_text("\n".join(lines[start:end]))
            if shown.left_out:
                rows = shown.text.split("\n")[: end - start]
                lines[start:end] = rows + [""] * (end - start - len(rows))
                hidden = True
    return "\n".join(lines), hidden
