"""The list of moves: one version for each package, and base images to renew."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pytest

from icelos.data.parse.osv_advisories import Range
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.affected import MAX_TEXT, affected_text, ranges_of
from icelos.jobs.vulns.documents.moves import advice_on
from icelos.jobs.vulns.report import as_rows, rendered

Make = Callable[..., Finding]
DEBIAN = "pkg:deb/debian/{}@3.0.9-1?distro=debian-12&upstream=openssl"


def test_the_smallest_version_that_fixes_all(finding: Make) -> None:
    """CVE-1 is fixed in 2.2.28 and 3.2.13, CVE-2 in 3.2.5, which is in the range of CVE-1 again."""
    found = [
        finding(
            name="django", version="2.2.0", purl="pkg:pypi/django@2.2.0", vulnerability="CVE-1",
            fixed_in="2.2.28 3.2.13 4.0.4",
            affected="introduced 2.2 fixed 2.2.28 introduced 3.2 fixed 3.2.13 introduced 4.0 fixed 4.0.4",
        ),
        finding(
            "uncertain", name="django", version="2.2.0", purl="pkg:pypi/django@2.2.0", vulnerability="CVE-2",
            fixed_in="3.2.5", affected="introduced 0 fixed 3.2.5",
        ),
    ]  # fmt: skip
    (move,) = advice_on(found).moves
    assert (move.to, move.closes, move.leaves) == ("3.2.13", ("CVE-1", "CVE-2"), ())


@pytest.mark.parametrize(("fixed_in", "to"), [("2.11.3", "2.11.3"), ("2.11.3 3.0.1", "3.0.1")])
def test_without_ranges_only_fixed_versions_and_what_is_after_the_last(
    finding: Make, fixed_in: str, to: str
) -> None:
    other = finding(vulnerability="CVE-2", fixed_in="2.10.9 2.11.1 3.0.0")
    (move,) = advice_on([finding(fixed_in=fixed_in), other]).moves
    assert move.to == ("3.0.0" if fixed_in == "2.11.3" else to)


def test_what_no_version_fixes_is_left_and_told(finding: Make) -> None:
    (move,) = advice_on([finding(), finding(vulnerability="CVE-2", fixed_in="")]).moves
    assert (move.to, move.closes, move.leaves) == ("2.11.3", ("CVE-2020-28493",), ("CVE-2",))
    (none,) = advice_on([finding(fixed_in="")]).moves
    assert (none.to, none.leaves) == ("", ("CVE-2020-28493",))
    assert [row[0] for row in as_rows([finding(fixed_in="")])] == ["alert"]  # nothing to do in the table
    assert (
        "no fixed version is known of 1 packages: jinja2" in rendered([finding(fixed_in="")], "html").decode()
    )


def test_versions_that_are_older_or_none_are_no_fix(finding: Make) -> None:
    (move,) = advice_on([finding(fixed_in="2.10.0 what 2.11.3")]).moves
    assert move.to == "2.11.3"


def test_names_by_cpe_move_by_numbers_alone(finding: Make) -> None:
    facts = {"name": "httpd", "version": "2.4.49", "purl": "pkg:generic/apache/httpd@2.4.49", "match": "CPE"}
    found = [
        finding("uncertain", **facts, vulnerability=f"CVE-{n}", fixed_in=fixed, affected=affected)
        for n, (fixed, affected) in enumerate((
            ("2.4.53", "introduced 0 fixed 2.4.53"), ("", "introduced 2.4.0 last_affected 2.4.50"),
            ("", "introduced 2.4.0 last_affected 2.4.60"), ("", "introduced 0"),
        ))
    ]  # fmt: skip
    (move,) = advice_on(found).moves
    assert (move.to, move.closes, move.leaves) == ("2.4.53", ("CVE-0", "CVE-1"), ("CVE-2", "CVE-3"))


def test_ruled_out_excepted_and_ignored_need_no_move(finding: Make) -> None:
    until = "2999-01-01"
    found = [
        finding("code_not_present"), finding(excepted="r", excepted_until=until),
        finding(ignored="r", ignored_until=until),
    ]  # fmt: skip
    assert advice_on(found) == ((), ())
    assert len(advice_on([finding(ignored="r", ignored_until="2020-01-01")]).moves) == 1


def test_packages_of_a_distribution_move_with_their_base_image(finding: Make) -> None:
    found = [
        finding(name=name, version="3.0.9-1", purl=DEBIAN.format(name), vulnerability=cve, fixed_in=fixed,
                layer="sha256:base")
        for name in ("libssl3", "openssl")
        for cve, fixed in (("CVE-1", "3.0.11-1"), ("CVE-2", "3.0.15-1~deb12u1"), ("CVE-3", ""))
    ]  # fmt: skip
    advice = advice_on([*found, finding()])
    ((target, system, layers, moves),) = advice.rebuilds
    assert (target, system, layers) == ("shop/web:7", "Debian 12", ("sha256:base",))
    (move,) = moves
    assert (move.name, move.to, move.components) == ("openssl", "3.0.15-1~deb12u1", ("libssl3", "openssl"))
    assert (move.closes, move.leaves) == (("CVE-1", "CVE-2"), ("CVE-3",))
    assert [one.name for one in advice.moves] == ["jinja2"]
    rows = [row[3] for row in as_rows([*found, finding()]) if row[0] == "fix"]
    assert rows == [
        "Debian 12, which image layer sha256:base lists: rebuild on a newer base image, or update openssl: "
        "closes 2 of 3 vulnerabilities",
        "openssl 3.0.9-1 (libssl3, openssl) to 3.0.15-1~deb12u1: closes CVE-1, CVE-2; not CVE-3",
        "jinja2 2.11.0 to 2.11.3: closes CVE-2020-28493",
    ]


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_in_reports(finding: Make, form: str) -> None:
    hostile = finding(name="<b>*x*</b>", purl="pkg:generic/x@1", version="1", fixed_in="2")
    text = rendered(
        [finding(), hostile, Failure(record_id="1", job="v", error="e", source="s")], form
    ).decode()
    assert "Fixes" in text
    assert "<b>*x*</b>" not in text
    assert "Fixes" not in rendered([finding("code_not_present")], form).decode()


def test_what_concerns_most_comes_first(finding: Make) -> None:
    found = [finding(name=n, version="1", purl=f"pkg:npm/{n}@1", fixed_in="2") for n in "abc"]
    scored = [msgspec.structs.replace(one, score=s) for one, s in zip(found, (0.1, 0.9, 0.5), strict=True)]
    assert [move.name for move in advice_on(scored).moves] == ["b", "c", "a"]


def test_two_thousand_findings_of_one_package(finding: Make) -> None:
    found = [finding(vulnerability=f"CVE-{n}", fixed_in=f"3.{n}") for n in range(2000)]
    begin = time.perf_counter()
    (move,) = advice_on(found).moves
    assert (move.to, len(move.closes)) == ("3.1999", 2000)
    assert time.perf_counter() - begin < 5


def test_ranges_as_text_and_back() -> None:
    ranges = (
        Range("ECOSYSTEM", (("introduced", "0"), ("fixed", "1.2"))),
        Range("SEMVER", (("introduced", "2"), ("last_affected", "2.1"), ("limit", "3"))),
        Range("GIT", (("introduced", "0"),)),
    )
    text = affected_text([*ranges, ranges[0]])
    assert text == "introduced 0 fixed 1.2; introduced 2 last_affected 2.1"
    assert [one.events for one in ranges_of(text)] == [ranges[0].events, ranges[1].events[:2]]
    assert affected_text([Range("SEMVER", (("introduced", "1" * MAX_TEXT),))]) == ""
    assert list(ranges_of("")) == []
