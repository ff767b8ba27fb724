"""Exceptions: read strictly, kept in sight, and over when they are over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.jobs.vulns.documents.exceptions import apply_exceptions, is_excepted, read_exceptions

Make = Callable[..., Finding]
TODAY = date(2026, 6, 1)
GOOD = """
[[exception]]
vulnerability = "CVE-2020-28493"
purl = "pkg:pypi/jinja2"
reason = "behind the proxy"
owner = "web team"
expires = 2026-06-01
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str) -> Path:
        path = tmp_path / "exceptions.toml"
        path.write_text(text)
        return path

    return written


def test_the_finding_stays_and_is_marked(finding: Make, write: Callable[[str], Path]) -> None:
    found = finding()
    result = apply_exceptions([found], read_exceptions(write(GOOD)), today=TODAY)
    (after,) = result.changed
    assert (after.verdict, after.label, after.id) == (found.verdict, found.label, found.id)
    assert after.attributes["excepted"] == "behind the proxy (accepted by web team until 2026-06-01)"
    assert after.evidence[-1].source == "exceptions.toml:exception[0]"
    assert result.unused == []
    assert is_excepted(after, TODAY)
    assert not is_excepted(after, date(2026, 6, 2))
    assert apply_exceptions([after], read_exceptions(write(GOOD)), today=TODAY).findings == [after]


def test_an_expired_one_is_told_and_not_applied(finding: Make, write: Callable[[str], Path]) -> None:
    result = apply_exceptions([finding()], read_exceptions(write(GOOD)), today=date(2026, 6, 2))
    assert result.changed == []
    ((_, reason),) = result.unused
    assert reason == "expired on 2026-06-01, and is not applied any more (owner: web team)"


@pytest.mark.parametrize(
    ("old", "new", "applies"),
    [
        ('"pkg:pypi/jinja2"', '"pkg:pypi/jinja2@2.11.0"', True),
        ('"pkg:pypi/jinja2"', '"pkg:pypi/jinja2@2.11.1"', False),
        ('purl = "pkg:pypi/jinja2"', "", True),
        ('"CVE-2020-28493"', '"ghsa-1"', True),
        ('"CVE-2020-28493"', '"CVE-2020-2849"', False),
    ],
)
def test_what_it_is_about(
    finding: Make, write: Callable[[str], Path], old: str, new: str, applies: bool
) -> None:
    result = apply_exceptions([finding()], read_exceptions(write(GOOD.replace(old, new))), today=TODAY)
    assert len(result.changed) == applies
    assert len(result.unused) == (not applies)


def test_what_is_ruled_out_needs_none(finding: Make, write: Callable[[str], Path]) -> None:
    found = finding("code_not_present")
    assert found.verdict is Verdict.CLEAR
    result = apply_exceptions([found], read_exceptions(write(GOOD)), today=TODAY)
    assert (result.findings, len(result.unused)) == ([found], 1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("owner", "ownr", "unknown field `ownr`"),
        ("[[exception]]", "[[exceptions]]", "unknown field `exceptions`"),
        ('reason = "behind the proxy"', "", "missing required field `reason`"),
        ('"behind the proxy"', '" "', "reason is empty"),
        ("2026-06-01", '"soon"', "expires"),
        ("2026-06-01", "2026-13-01", "not a file of exceptions"),
        ("pkg:pypi/jinja2", "jinja2", "not a package URL"),
        ("[[exception]]", "[[exception", "not a file of exceptions"),
    ],
)
def test_what_is_refused(write: Callable[[str], Path], old: str, new: str, says: str) -> None:
    path = write(GOOD.replace(old, new))
    with pytest.raises(InputError, match="exceptions") as raised:
        read_exceptions(path)
    assert says in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_exceptions(tmp_path / "none.toml")
