"""Several documents as one, and two against each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from icelos.jobs.vulns.documents.merging import diff, merge
from icelos.jobs.vulns.documents.model import Statement, made
from icelos.jobs.vulns.verdicts import MEANINGS, Label

EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def _one(label: Label, subject: str = "pkg:npm/a@1", **fields: Any) -> Statement:
    given = {"vulnerability": "CVE-1", "status": MEANINGS[label].status, "timestamp": EARLY}
    return Statement(label=label, subject=subject, **{**given, **fields})


def _labels(*statements: Statement) -> list[tuple[str, str]]:
    documents = [made([one], author="x", now=LATE) for one in statements]
    return [(s.subject, s.label.value) for s in merge(documents, author="y", now=LATE).statements]


def test_the_latest_stands() -> None:
    new = _one(Label.CODE_NOT_REACHABLE, timestamp=LATE)
    for order in ([_one(Label.VULNERABLE), new], [new, _one(Label.VULNERABLE)]):
        assert _labels(*order) == [("pkg:npm/a@1", "code_not_reachable")]


def test_at_one_time_concern_stands() -> None:
    one, other = _one(Label.CODE_NOT_REACHABLE), _one(Label.UNCERTAIN)
    assert _labels(one, other) == _labels(other, one) == [("pkg:npm/a@1", "uncertain")]


def test_what_is_about_something_else_stands_beside() -> None:
    assert len(_labels(_one(Label.VULNERABLE), _one(Label.VULNERABLE, "pkg:npm/b"))) == 2
    assert len(_labels(_one(Label.VULNERABLE), _one(Label.VULNERABLE, vulnerability="CVE-2"))) == 2
    assert len(_labels(_one(Label.VULNERABLE), _one(Label.VULNERABLE, products=("pkg:oci/a",)))) == 2


def test_differences() -> None:
    same, old, new = _one(Label.VULNERABLE), _one(Label.UNCERTAIN, "b"), _one(Label.VULNERABLE, "b")
    gone, come = _one(Label.VULNERABLE, "c"), _one(Label.VULNERABLE, "d")
    later = _one(Label.VULNERABLE, timestamp=LATE, impact="other words")
    changes = diff(
        made([same, old, gone], author="x", now=EARLY), made([later, new, come], author="x", now=LATE)
    )
    assert [(c.kind.value, c.statement.subject) for c in changes] == [
        ("changed", "b"), ("removed", "c"), ("added", "d"),
    ]  # fmt: skip
    assert changes[0].before == old
    assert changes[0].after == new
