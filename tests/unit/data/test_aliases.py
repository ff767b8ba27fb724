"""Advisories of one vulnerability stand together, and those of two never do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from icelos.data.aliases import merged
from icelos.data.parse.osv_advisories import Advisory, Affected
from icelos.data.statement import Statement


def _found(**aliases: str) -> dict[str, list[Statement]]:
    """Advisory ids with "_" for "-" -> their aliases, separated by blanks."""
    found = {}
    for identity, names in aliases.items():
        name = identity.replace("_", "-")
        advisory = Advisory(id=name, source="x", aliases=tuple(names.split()))
        found[name] = [Statement(advisory, Affected("PyPI", "", "a", (), ()))]
    return found


def _groups(**aliases: str) -> dict[str, list[str]]:
    return {key: [s.advisory.id for s in group] for key, group in merged(_found(**aliases)).items()}


def test_one_cve_is_one_vulnerability() -> None:
    assert _groups(PYSEC_1="CVE-2026-0001 GHSA-9", OTHER_1="", GHSA_9="CVE-2026-0001") == {
        "GHSA-9": ["PYSEC-1", "GHSA-9"], "OTHER-1": ["OTHER-1"],
    }  # fmt: skip


def test_without_a_cve_a_shared_name_is_enough() -> None:
    assert _groups(PYSEC_1="GHSA-9", GHSA_9="") == {"GHSA-9": ["PYSEC-1", "GHSA-9"]}
    assert _groups(PYSEC_1="GHSA-9", GHSA_9="CVE-2026-0001") == {"GHSA-9": ["PYSEC-1", "GHSA-9"]}


def test_distributions_write_the_cve_into_their_ids() -> None:
    assert _groups(ALPINE_CVE_2026_0001="", CVE_2026_0001="") == {
        "ALPINE-CVE-2026-0001": ["ALPINE-CVE-2026-0001", "CVE-2026-0001"]
    }


def test_an_update_of_many_cves_joins_nothing() -> None:
    groups = _groups(USN_1="CVE-2026-0001 CVE-2026-0002", A_1="CVE-2026-0001", A_2="CVE-2026-0002")
    assert groups == {"USN-1": ["USN-1"], "A-1": ["A-1"], "A-2": ["A-2"]}


_NAMES = st.sampled_from(["A-1", "A-2", "B-1", "B-2", "CVE-2026-0001", "CVE-2026-0002"])


@given(st.dictionaries(_NAMES.map(lambda n: n.replace("-", "_")), st.lists(_NAMES, max_size=3), max_size=6))
def test_nothing_is_lost_and_nothing_depends_on_the_order(aliases: dict[str, list[str]]) -> None:
    given_ = {identity: " ".join(names) for identity, names in aliases.items()}
    groups = _groups(**given_)
    assert sorted(i for ids in groups.values() for i in ids) == sorted(i.replace("_", "-") for i in given_)
    assert all(key == min(ids) for key, ids in groups.items())
    backwards = _groups(**dict(reversed(given_.items())))
    assert {key: sorted(ids) for key, ids in backwards.items()} == {
        k: sorted(ids) for k, ids in groups.items()
    }
