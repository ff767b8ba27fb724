"""Markdown in which no text from outside is mark-up."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from icelos.findings import Failure, Finding, Outcome
from icelos.jobs.vulns.documents.markdown import code, escaped, render
from icelos.jobs.vulns.documents.people import clean

Make = Callable[..., Finding]
MARKDOWN = MarkdownIt("commonmark").enable("table")
HOSTILE = (
    "<img src=x onerror=alert(1)> [a](http://evil.example) ![b](c) `x` | **bold** <!-- --> www.evil.example "
    "https://evil.example @someone #1 &lt; \u202e"
)
SPECIAL = st.sampled_from("\\`*_[]<>|~#!&@$(){}-+=.:/ \n1w")
TEXT = st.text(st.one_of(SPECIAL, st.characters(codec="utf-8")), max_size=40)


@given(TEXT)
def test_a_cell_says_what_was_said(text: str) -> None:
    said = clean(text)
    page = LexborHTMLParser(MARKDOWN.render(f"| a |\n|---|\n| x{escaped(said)}x |\n"))
    cells = page.css("td")
    assert len(cells) == 1
    assert cells[0].css("*")[1:] == []
    assert cells[0].text() == f"x{said}x"


@given(TEXT)
def test_code_is_word_for_word(text: str) -> None:
    said = clean(text)
    page = LexborHTMLParser(MARKDOWN.render(f"x {code(said)}"))
    assert [node.text() for node in page.css("code")] == ([said] if said else [])


def test_a_hostile_report_has_no_link_image_or_html(finding: Make) -> None:
    names = ("vulnerability", "name", "why", "description", "location", "owner", "layer", "target", "aliases")
    failure = Failure(record_id="1", job="v", error=HOSTILE, source=HOSTILE)
    outcomes: list[Outcome] = [finding(**dict.fromkeys(names, HOSTILE)), failure]
    text = render(outcomes)
    page = LexborHTMLParser(MARKDOWN.render(text))
    assert page.css("a, img, script, em, blockquote, hr") == []
    assert {node.text() for node in page.css("strong")} == {"affected"}
    assert "https://" not in re.sub(r"(`+).*?\1", "", text)  # which GitHub would make a link
    assert "\u202e" not in text


def test_a_report(finding: Make) -> None:
    text = render([finding(), finding("code_not_present", vulnerability="CVE-2")])
    assert text.splitlines()[0] == "# Vulnerabilities of shop/web:7"
    assert "| CVE-2020-28493 | jinja2 2.11.0 | vulnerable |  | move to 2.11.3 |" in text
    assert "  1. tool, `app/METADATA:3`: `Name: jinja2`" in text
    assert "- Image layer that brought it: `sha256:aa`" in text
    assert "- What would change it: a fixed version in the next build" in text
    assert text.index("## Act on these") < text.index("## Ruled out")
    assert "## Undecided" not in text


def test_nothing_found() -> None:
    assert render([]).startswith("# Vulnerabilities of nothing\n")
