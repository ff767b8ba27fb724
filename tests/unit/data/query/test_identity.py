"""Names of one thing, and of others that look alike."""

from __future__ import annotations

import pytest

from icelos.data.query.identity import address, is_identifier, same_host, same_purl, same_user


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ann", "Ann", True),
        ("ann", "anna", False),
        ("ann", "ann@corp.example", True),
        ("ann@corp.example", r"CORP\Ann", True),
        ("ann@corp.example", r"CORPORATE\ann", False),
        ("ann@corp.example", "ann@other.example", False),
        ("ann@corp.example", "ann@mail.corp.example", False),
        ("bert", "arn:aws:iam::1:user/bert", True),
        ("arn:aws:iam::1:user/bert", "arn:aws:iam::2:user/bert", False),
        ("", "", False),
        ("@", "", False),
    ],
)
def test_users(one: str, other: str, same: bool) -> None:
    assert same_user(one, other) is same
    assert same_user(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("web-01", "WEB-01.corp.example", True),
        ("web-01", "web-011", False),
        ("web-01.a.example", "web-01.b.example", False),
        ("10.0.0.1", "10.0.0.10", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("10", "10.0.0.1", False),
        ("ann", "ann.smith@corp.example", False),
    ],
)
def test_hosts(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same
    assert same_host(other, one) is same


def test_packages_and_addresses() -> None:
    assert same_purl("pkg:npm/left", "PKG:npm/left@1.0?x=y")
    assert not same_purl("pkg:npm/left", "pkg:npm/left-pad@1.0")
    assert address("[2001:DB8::1]") == "2001:db8::1"
    assert address("1.2.3") == ""


def test_identifiers_are_no_users() -> None:
    assert all(
        map(
            is_identifier,
            ("CVE-2025-6216", "cve-2025-6216", "GHSA-abcd-1234-wxyz", "T1110.003", "RHSA-2024:1234"),
        )
    )
    assert not any(
        map(is_identifier, ("ann", "web-01", "T-1000", "go-1", "10.0.0.1", "CVE-2025-6216 and more"))
    )
