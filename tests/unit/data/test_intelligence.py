"""What several publishers say of one vulnerability, as one."""

from __future__ import annotations

from pathlib import Path

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.intelligence import Intel, combined
from icelos.data.parse.intelligence import Facts


def test_absent_is_none_and_never_zero() -> None:
    nothing = combined(("CVE-2026-0001",), [], kev_known=False)
    assert nothing == Intel(names=("CVE-2026-0001",))
    assert (nothing.epss, nothing.percentile, nothing.in_kev, nothing.ransomware) == (None, None, None, None)
    zero = combined(("a",), [Facts(name="a", epss=0.0, percentile=0.0)], kev_known=True)
    assert (zero.epss, zero.percentile, zero.in_kev) == (0.0, 0.0, False)


def test_of_several_names_the_worst_counts() -> None:
    facts = [
        Facts(name="a", epss=0.2, percentile=0.6, rating="low"),
        Facts(name="b", epss=0.7, percentile=0.9, rating="critical"),
        Facts(name="b", in_kev=True, kev_added="2024-01-01", ransomware=True),
        Facts(name="a", in_kev=True, kev_added="2023-01-01"),
    ]
    found = combined(("a", "b"), facts, kev_known=True)
    assert (found.epss, found.percentile, found.rating) == (0.7, 0.9, "critical")
    assert (found.kev_added, found.ransomware) == ("2023-01-01", True)


def test_two_records_of_one_source_on_one_cve_are_joined(tmp_path: Path) -> None:
    name = "CVE-2026-0001"
    with AdvisoryStore(tmp_path / "a.sqlite") as store:
        state = store.replace("osv/x", [
            Facts(name=name, vectors=("one",), weaknesses=("CWE-1",), epss=0.1),
            Facts(name=name, vectors=("two", "one"), rating="high"),
            Facts(name=name, epss=0.2),
        ])  # fmt: skip
        found = store.intelligence.about([name])
    assert state.facts == 1
    assert (found.vectors, found.weaknesses, found.rating) == (("one", "two"), ("CWE-1",), "high")
    assert found.epss == 0.2


def test_the_newest_source_comes_first(tmp_path: Path) -> None:
    def points(exploitation: str) -> Facts:
        return Facts(name="CVE-2026-0001", exploitation=exploitation, vectors=(exploitation,))

    with AdvisoryStore(tmp_path / "a.sqlite") as store:
        store.replace("nvd/1", [points("none")])
        store.replace("nvd/2", [points("active")])
        found = store.intelligence.about(
            ["CVE-2026-0001", "GHSA-1"], [Facts(name="x", vectors=("said", "none"))]
        )
        assert (found.exploitation, found.vectors) == ("active", ("said", "none", "active"))
        store.replace("nvd/1", [points("poc")])
        assert store.intelligence.about(["CVE-2026-0001"]).vectors == ("poc", "active")
        assert store.intelligence.about([]).vectors == ()
        many = [f"CVE-2026-{n:04d}" for n in range(1, 3000)]
        assert store.intelligence.about(many).exploitation == "poc"
