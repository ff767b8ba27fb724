"""Ignore rules: read strictly, kept in sight in every output, not counted, and over when they are over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from icelos.cli.scan import fails
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.vulns.documents.ignoring import apply_ignores, is_ignored, read_ignores
from icelos.jobs.vulns.documents.ruling import load_rules, rule, verdicts
from icelos.jobs.vulns.report import FORMATS, rendered

Make = Callable[..., Finding]
Write = Callable[[str], Path]
TODAY = date(2026, 6, 1)
GOOD = """
[[ignore]]
vulnerability = "CVE-2020-28493"
purl = "pkg:pypi/jinja2"
match = "purl"
reason = "not our copy"
owner = "web team"
expires = 2999-06-01
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "ignore.toml"
        path.write_text(text)
        return path

    return written


@pytest.fixture
def match(finding: Make) -> Finding:
    return finding(match="package URL and versions")


def test_the_match_stays_and_is_marked(match: Finding, write: Write) -> None:
    result = apply_ignores([match], read_ignores(write(GOOD)), today=TODAY)
    (after,) = result.changed
    assert (after.verdict, after.label, after.id) == (match.verdict, match.label, match.id)
    assert after.attributes["status"] == match.attributes["status"]
    assert after.attributes["ignored"] == "not our copy (ignored by web team until 2999-06-01)"
    assert after.evidence[-1].source == "ignore.toml:ignore[0]"
    assert is_ignored(after, TODAY)
    assert not is_ignored(after, date(2999, 6, 2))
    assert apply_ignores([after], read_ignores(write(GOOD)), today=TODAY).findings == [after]


@pytest.mark.parametrize(
    ("old", "new", "applies"),
    [
        ('"pkg:pypi/jinja2"', '"pkg:pypi/jinja2@2.11.0"', True),
        ('"pkg:pypi/jinja2"', '"pkg:pypi/jinja2@2.11.1"', False),
        ('"pkg:pypi/jinja2"', '"pkg:pypi/flask"', False),
        ('purl = "pkg:pypi/jinja2"', "", True),
        ('vulnerability = "CVE-2020-28493"', "", True),
        ('"CVE-2020-28493"', '"CVE-2020-2849"', False),
        ('match = "purl"', "", True),
        ('"purl"', '"cpe"', False),
        ('"purl"', '"distribution"', False),
    ],
)
def test_what_it_is_about(match: Finding, write: Write, old: str, new: str, applies: bool) -> None:
    result = apply_ignores([match], read_ignores(write(GOOD.replace(old, new))), today=TODAY)
    assert len(result.changed) == applies
    assert len(result.unused) == (not applies)


def test_every_match_of_one_way(finding: Make, write: Write) -> None:
    text = GOOD.replace('"purl"', '"cpe"').replace('purl = "pkg:pypi/jinja2"', "")
    text = text.replace('vulnerability = "CVE-2020-28493"', "")
    found = [finding(match="CPE", vulnerability="a"), finding(match="report of grype", vulnerability="b")]
    result = apply_ignores(found, read_ignores(write(text)), today=TODAY)
    assert [one.attributes["vulnerability"] for one in result.changed] == ["a"]


def test_an_expired_one_is_told_and_not_applied(match: Finding, write: Write) -> None:
    rules = load_rules(ignore=write(GOOD.replace("2999", "2026")))
    ruled = rule([match], rules, today=date(2026, 6, 2))
    assert ruled.outcomes == [match]
    assert ruled.notes[-1] == (
        "ignore.toml:ignore[0]: CVE-2020-28493 pkg:pypi/jinja2 matched by purl expired on 2026-06-01, "
        "and is not applied any more (owner: web team)"
    )


def test_what_is_ignored_is_in_every_output_and_does_not_count(match: Finding, write: Write) -> None:
    ruled = rule([match], load_rules(ignore=write(GOOD)), today=TODAY)
    assert verdicts(ruled.outcomes) == {"ignored": 1}
    assert not fails(verdicts(ruled.outcomes), "unknown")
    for form in FORMATS:
        text = rendered(ruled.outcomes, form).decode()
        assert "jinja2" in text, form
        assert "ignored" in text.lower(), form
        assert "not our copy" in text, form
    sarif = json.loads(rendered(ruled.outcomes, "sarif"))
    assert sarif["runs"][0]["results"][0]["suppressions"][0]["justification"].startswith("not our copy")
    openvex = json.loads(rendered(ruled.outcomes, "openvex"))
    assert openvex["statements"][0]["status"] == "affected"  # a rule is no proof


def test_what_is_ignored_needs_no_exception(match: Finding, write: Write, tmp_path: Path) -> None:
    text = GOOD.replace("[[ignore]]", "[[exception]]").replace('match = "purl"', "")
    (tmp_path / "e.toml").write_text(text)
    ruled = rule([match], load_rules(exceptions=tmp_path / "e.toml", ignore=write(GOOD)), today=TODAY)
    assert verdicts(ruled.outcomes) == {"ignored": 1}
    (one,) = ruled.changed
    assert "excepted" not in one.attributes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("owner", "ownr", "unknown field `ownr`"),
        ("[[ignore]]", "[[exception]]", "unknown field `exception`"),
        ('reason = "not our copy"', "", "missing required field `reason`"),
        ('"not our copy"', '" "', "reason is empty"),
        ("2999-06-01", "2026-13-01", "not a file of ignore rules"),
        ('"purl"', '"guess"', "match 'guess' is none of purl, distribution, cpe, report"),
        ('"pkg:pypi/jinja2"', '"jinja2"', "is not a package URL"),
        (GOOD[GOOD.index("vuln") : GOOD.index("reason")], "", "it would ignore everything"),
    ],
)
def test_what_is_no_such_file_is_refused(write: Write, old: str, new: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_ignores(write(GOOD.replace(old, new)))
    assert says in str(caught.value)
