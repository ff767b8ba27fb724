"""The measuring itself, on small catalogues written here in the shape of the published ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.evaluate import corpora
from icelos.evaluate.cases import Case
from icelos.evaluate.corpora import without_identifiers
from icelos.evaluate.retrieval import compare, measure, plain_fts5, plain_search
from icelos.records import Document, Section


def document(identity: str, text: str) -> Document:
    return Document(id=identity, source="x", title=identity, sections=(Section("", text),))


@pytest.fixture
def catalogues(tmp_path: Path) -> Path:
    """Two weaknesses and twelve advisories whose vulnerabilities speak like them."""
    root = tmp_path / "catalogues"
    for name in ("cwe", "cisa-advisories"):
        (root / name).mkdir(parents=True)
    rows = [
        {"ID": "121", "Name": "Stack-based Buffer Overflow", "Abstraction": "Variant", "Status": "Draft",
         "Description": "A buffer on the stack is written past its end.",
         "RelatedWeaknesses": [{"Nature": "ChildOf", "CweID": "787", "ViewID": "1000"}]},
        {"ID": "787", "Name": "Out-of-bounds Write", "Abstraction": "Base", "Status": "Stable",
         "Description": "Data is written outside of the intended buffer."},
        {"ID": "999", "Name": "Old", "Abstraction": "Base", "Status": "Deprecated", "Description": "Gone."},
    ]  # fmt: skip
    (root / "cwe" / "cwe.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    advisories = [
        {"id": f"ICSA-22-{n:03}-01", "title": f"Vendor {n}", "date": "2022-01-06T00:00:00Z",
         "products": ["P"], "notes": [], "refs": [],
         "vulns": [{"cve": f"CVE-2022-{n:05}", "cwe": "CWE-121", "cvss": 7.8,
                    "summary": f"Product {n} writes past the end of a stack buffer.CVE-2022-{n:05} has been"
                               " assigned to this vulnerability. A CVSS v3 base score of 7.8"}]}
        for n in range(12)
    ]  # fmt: skip
    (root / "cisa-advisories" / "a.jsonl").write_text("\n".join(json.dumps(a) for a in advisories))
    return root


def test_the_answer_is_taken_out_of_the_question(catalogues: Path) -> None:
    found = corpora.cves(catalogues)
    assert [d.id for d in found.documents] == ["cwe/CWE-121", "cwe/CWE-787"]
    assert len(found.cases) == 12
    for case in found.cases:
        assert case.gold == {"cwe/CWE-121"}
        assert "CVE-" not in case.query
        assert "CVSS" not in case.query
    assert without_identifiers("CWE-79 in T1059.001 (CVE-2021-44228)") == "in ( )"
    assert without_identifiers("A flaw. CVE-2022-21137 has been assigned to this vulnerability.") == "A flaw."


def test_parents_and_children_count_in_the_wider_set(catalogues: Path) -> None:
    found = corpora.cves_within_one_step(catalogues)
    assert found.cases[0].gold == {"cwe/CWE-121", "cwe/CWE-787"}


def test_measures_beside_plain_fts5(catalogues: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = measure(
        catalogues, cache=tmp_path / "cache", encoder=None, names=["cve-to-cwe"], progress=said.append
    )
    by_measure = {row.measure: row for row in report.rows}
    assert by_measure["R@10"].value == 1.0
    assert by_measure["R@10"].bar == 0.70
    assert by_measure["R@1"].baseline is not None
    assert 0 < by_measure["R@1"].n < 12, "only the held-out half is asked"
    assert said


def test_missing_catalogues_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cwe"):
        measure(tmp_path, cache=tmp_path / "cache", encoder=None, names=["cve-to-cwe"])


def test_a_worse_ranking_is_seen() -> None:
    cases = [Case("1", "q", frozenset({"a"})), Case("2", "q", frozenset({"b"}))]
    rows = compare("x", cases, [["a"], ["a", "b"]], [["a"], ["b"]])
    assert [(r.measure, r.value, r.baseline, r.met) for r in rows[:2]] == [
        ("R@1", 0.5, 1.0, False),
        ("R@10", 1.0, 1.0, True),
    ]


def test_the_baseline_is_fts5_with_every_word() -> None:
    with plain_fts5([document("a", "password spraying"), document("b", "heap overflow")]) as database:
        assert plain_search(database, "the OVERFLOW of passwords") == ["b"]
        assert plain_search(database, "?!") == []
