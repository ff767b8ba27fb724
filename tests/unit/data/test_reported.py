"""What scanners report: which ids are one vulnerability, and what no advisory is about."""

from __future__ import annotations

import pytest

from icelos.data.reported import Compared, title_of, united
from icelos.records import Reported


def _reported(*names: str, severity: str = "", fixed_in: str = "") -> Reported:
    return Reported("grype", names, severity, fixed_in)


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (["CVE-2020-1001"], ["CVE-2020-1001"]),
        (["GHSA-x", "cve-2020-1001"], ["cve-2020-1001"]),
        (["GHSA-x"], ["GHSA-x"]),
        (["ALAS-1", "CVE-2020-1001", "CVE-2020-1002"], ["CVE-2020-1001", "CVE-2020-1002"]),
        (["CVE-2020-1001", "CVE-2020-1002", "DSA-1"], ["CVE-2020-1001"]),
    ],
)
def test_a_report_is_one_for_each_vulnerability(names: list[str], titles: list[str]) -> None:
    found = united([_reported(*names)])
    assert [title_of(one) for one in found] == titles
    assert all(names[0] in one.names for one in found)  # the scanner's own id is never lost


def test_the_same_under_several_ids_is_one() -> None:
    found = united(
        [_reported("GHSA-x", "CVE-2020-1001"), _reported("CVE-2020-1001", severity="high", fixed_in="2")]
    )
    assert found == (_reported("GHSA-x", "CVE-2020-1001", severity="high", fixed_in="2"),)


def test_what_no_advisory_is_about_is_left() -> None:
    reports = Compared(
        "grype", [_reported("GHSA-x", "CVE-2020-1001"), _reported("CVE-2020-1002"), _reported("X-3")]
    )
    same = reports.of({"CVE-2020-1001", "PYSEC-1"})
    assert same is not None
    assert same.names == ("GHSA-x", "CVE-2020-1001")
    assert reports.of({"PYSEC-1", "GHSA-X"}) == same  # another advisory of the same
    assert reports.of({"CVE-2020-1009"}) == Reported("grype")
    assert [one.names for one in reports.left()] == [("CVE-2020-1002",), ("X-3",)]
    assert [one.names for one in reports.left({"X-3"})] == [("X-3",)]


def test_without_a_scanner_nothing_is_compared() -> None:
    assert Compared("", ()).of({"CVE-2020-1001"}) is None
