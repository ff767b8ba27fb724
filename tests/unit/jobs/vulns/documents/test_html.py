"""One page: nothing runs in it, nothing is fetched, and nothing from outside becomes mark-up."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from icelos.findings import Evidence, Failure, Finding, How, Verdict
from icelos.jobs.vulns.documents.html import render
from icelos.jobs.vulns.documents.people import clean

Make = Callable[..., Finding]
HOSTILE = (
    """</style></title></summary><script>alert(1)</script><img src="https://evil.example/x">" onload='x'"""
)


def _finding(text: str) -> Finding:
    names = ("vulnerability", "name", "version", "why", "description", "location", "owner", "layer", "target")
    return Finding(
        record_id="1", job="vulns", verdict=Verdict.ALERT, label="vulnerable", summary=text, source=text,
        evidence=(Evidence(text, text, How.TOOL),), attributes={"purl": text, **dict.fromkeys(names, text)},
    )  # fmt: skip


def test_hostile_text_stays_text() -> None:
    page = render([_finding(HOSTILE), Failure(record_id="2", job="v", error=HOSTILE, source=HOSTILE)])
    tree = LexborHTMLParser(page)
    assert tree.css("script, img, a, iframe, link, object, form, base") == []
    attributes = {name for node in tree.css("body *") for name in node.attributes}
    assert attributes <= {"class", "id", "open", "scope"}
    assert len(tree.css("style")) == 1
    assert "url(" not in page
    assert "@import" not in page


def test_a_policy_forbids_what_is_not_there_anyway(finding: Make) -> None:
    tree = LexborHTMLParser(render([finding()]))
    (policy,) = tree.css('meta[http-equiv="Content-Security-Policy"]')
    assert "default-src 'none'" in (policy.attributes["content"] or "")


@given(st.text(max_size=30))
def test_text_is_shown_as_it_is(text: str) -> None:
    tree = LexborHTMLParser(render([_finding(text)]))
    said = clean(text)
    (quoted,) = tree.css("li q")
    assert quoted.text() == said


def test_a_report(finding: Make) -> None:
    page = render(
        [
            finding(risk="0.9", epss="0.4", kev="2024-01-02"), finding("uncertain", vulnerability="CVE-2"),
            finding("code_not_present", vulnerability="CVE-3"),
        ]
    )  # fmt: skip
    tree = LexborHTMLParser(page)
    assert [s.attributes["class"] for s in tree.css("section")] == [
        "fixes", "act", "undecided", "ruled",
    ]  # fmt: skip
    assert ["open" in d.attributes for d in tree.css("details")] == [True, False, False]
    assert "risk 0.9, EPSS 0.4, in KEV since 2024-01-02" in tree.css("summary")[0].text()
    terms = {node.text() for node in tree.css("dt")}
    assert {"Fix", "Image layer that brought it", "What would change it"} <= terms
    assert re.search(r"color-scheme: light dark", page)
