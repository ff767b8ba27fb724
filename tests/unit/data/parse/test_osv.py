from __future__ import annotations

import json
from typing import TYPE_CHECKING

from icelos.records import Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One


def test_an_advisory(one: One, samples: dict[str, bytes]) -> None:
    found = one("osv.json", samples["osv.json"])
    assert (found.id, found.kind) == ("osv/GHSA-aaaa-bbbb-cccc", "advisory")
    assert found.identifiers == ("GHSA-aaaa-bbbb-cccc", "CVE-2031-0002")
    assert found.aliases == ("CVE-2031-0002",)
    assert "- PyPI leftpad: affected from the first version, fixed in 1.2.3" in found.text
    assert Relation("weakness", "CWE-22") in found.relations
    assert Relation("alias", "CVE-2031-0002") in found.relations
    assert found.url == "https://x/advisory"
    assert found.facts["packages"] == "leftpad"
    assert "Published: 2031-01-01" in found.text


def test_versions_stand_in_for_missing_ranges_and_zero_dates_are_no_dates(one: One) -> None:
    affected = {"package": {"ecosystem": "Go", "name": "m"}, "versions": [str(n) for n in range(30)]}
    row = {"id": "X-1", "modified": "0001-01-01T00:00:00Z", "withdrawn": "2030-01-01", "affected": [affected]}
    found = one("x.json", json.dumps(row))
    assert found.modified is None
    assert "withdrawn" in found.tags
    assert "and 10 more" in found.text
