"""Names by CPE, and what NVD's records say of products."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.cpe import Cpe, advisory_of, parse_cpe

HTTPD = "cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*"


def nvd(*configurations: dict[str, Any], name: str = "CVE-2020-1001", **more: Any) -> dict[str, Any]:
    said = {"id": name, "descriptions": [{"lang": "en", "value": "It opens."}], "vulnStatus": "Analyzed"}
    return {"cve": {**said, "configurations": list(configurations), **more}}


def node(*matches: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operator": "OR", "negate": False, "cpeMatch": list(matches), **more}


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (HTTPD, Cpe("a", "apache", "http_server")),
        (r"cpe:2.3:a:openjs:node\.js:18.1\-rc1:*:*:*:lts:*:*:*",
         Cpe("a", "openjs", "node.js", "18.1-rc1", sw_edition="lts")),
        (r"cpe:2.3:a:x\:y:Z:1:-:*:*:*:*:*:*", Cpe("a", "x:y", "z", "1", "-")),
        ("cpe:/a:apache:http_server:2.4.49", Cpe("a", "apache", "http_server", "2.4.49")),
        ("cpe:/o:linux:linux_kernel", Cpe("o", "linux", "linux_kernel")),
        ("cpe:/a:x:a%2bb:1:rc1", Cpe("a", "x", "a+b", "1", "rc1")),
        ("cpe:2.3:a:apache:http_server", None),
        ("cpe:2.3:x:apache:http_server:*:*:*:*:*:*:*:*", None),
        ("cpe:/a:apache", None), ("pkg:pypi/a@1", None), ("", None), ("cpe:/a:" + "x" * 2000 + ":b", None),
    ],
)  # fmt: skip
def test_names(text: str, parsed: Cpe | None) -> None:
    assert parse_cpe(text) == parsed


@given(st.text(max_size=60), st.sampled_from(["cpe:2.3:", "cpe:/", "", "cpe:2.3:a:b:c"]))
def test_any_text_is_a_name_or_none(text: str, before: str) -> None:
    found = parse_cpe(before + text)
    assert found is None or found.part in {"a", "o", "h"}


def test_what_nvd_says_of_products() -> None:
    bounded = {"vulnerable": True, "criteria": HTTPD, "versionEndExcluding": "2.4.50"}
    other = {"vulnerable": True, "criteria": "cpe:2.3:a:debian:apache2:*:*:*:*:*:*:*:*"}
    system = {"vulnerable": False, "criteria": "cpe:2.3:o:apple:macos:-:*:*:*:*:*:*:*"}
    hardware = {"vulnerable": True, "criteria": "cpe:2.3:h:x:y:*:*:*:*:*:*:*:*"}
    row = nvd(
        {"nodes": [node(bounded, other, hardware)]},
        {"operator": "AND", "nodes": [node({**bounded, "versionStartIncluding": "2.0"}), node(system)]},
        lastModified="2024-01-02",
    )
    found = advisory_of(row, "nvd:1")
    assert found is not None
    assert (found.id, found.source, found.modified, found.summary) == (
        "CVE-2020-1001", "nvd:1", "2024-01-02", "It opens.",
    )  # fmt: skip
    assert {(one.ecosystem, one.name): [r.events for r in one.ranges] for one in found.affected} == {
        ("CPE", "apache:http_server"): [
            (("criteria", HTTPD), ("versionEndExcluding", "2.4.50")),
            (("criteria", HTTPD), ("versionStartIncluding", "2.0"), ("versionEndExcluding", "2.4.50"),
             ("together with", "apple:macos")),
        ],
        ("CPE", "debian:apache2"): [(("criteria", other["criteria"]),)],
    }  # fmt: skip


def test_nothing_is_said() -> None:
    match = {"vulnerable": True, "criteria": HTTPD}
    assert advisory_of(nvd(), "x") is None
    assert advisory_of(nvd({"nodes": [node(match)]}, vulnStatus="Rejected"), "x") is None
    assert advisory_of(nvd({"nodes": [node({**match, "criteria": "cpe:2.3:a:*"})]}), "x") is None
    assert advisory_of(nvd({"nodes": "no", "operator": 3}), "x") is None


def test_what_is_negated_is_kept_as_such() -> None:
    match = {"vulnerable": True, "criteria": HTTPD}
    found = advisory_of(nvd({"nodes": [node(match, negate=True)]}), "x")
    assert found is not None
    assert found.affected[0].ranges[0].events[-1] == ("negated", "true")
