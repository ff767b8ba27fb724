"""A run against an earlier one: each finding has its change, and what is gone says why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from icelos.errors import InputError
from icelos.findings import Finding, Outcome, failure
from icelos.jobs.vulns.report import Making, read_outcomes, rendered
from icelos.jobs.vulns.since import Comparison, compare, read_previous
from icelos.jobs.vulns.verdicts import MEANINGS, Label


def _finding(
    name: str = "web", version: str = "1", cve: str = "CVE-1-1", label: Label = Label.VULNERABLE, **facts: str
) -> Finding:
    purl = f"pkg:pypi/{name}@{version}"
    given = {
        "purl": purl, "name": name, "version": version, "target": "shop", "advisory": cve, "why": "w",
        "vulnerability": cve, "status": MEANINGS[label].status.value, "basis": "rules=1 files=2", **facts,
    }  # fmt: skip
    return Finding(
        record_id=f"{purl} {cve} {facts.get('location', '')}", job="vulns", label=label.value, summary="s",
        verdict=MEANINGS[label].verdict, attributes=given,
    )  # fmt: skip


def _compared(now: list[Outcome], before: list[Finding], *inventory: str) -> Comparison:
    return compare(now, before, lambda: inventory)


def _change(found: Comparison) -> tuple[str, str]:
    (one,) = found.outcomes
    assert isinstance(one, Finding)
    return one.attributes["change"], one.attributes["change_why"]


def test_what_is_the_same() -> None:
    found = _compared([_finding()], [_finding()])
    assert _change(found) == ("same", "its evidence still holds")
    assert found.fresh == frozenset()
    assert found.since.rows == ()
    assert "0 new, 0 changed, 1 the same, 0 gone" in found.since.told


def test_the_same_verdict_on_other_evidence_says_so() -> None:
    change, why = _change(_compared([_finding(basis="rules=1 files=3")], [_finding()]))
    assert change == "same"
    assert why == "looked at again, the same verdict; changed the files of the evidence"


def test_what_is_new_is_fresh() -> None:
    found = _compared([_finding(cve="CVE-1-2")], [])
    assert _change(found)[0] == "new"
    assert len(found.fresh) == 1
    assert found.since.rows[0][:3] == ("new", "CVE-1-2", "pkg:pypi/web@1")


def test_another_verdict_or_version_is_a_change() -> None:
    worse = _compared([_finding()], [_finding(label=Label.UNCERTAIN)])
    assert _change(worse) == ("changed", "was under_investigation (uncertain), is affected (vulnerable)")
    assert len(worse.fresh) == 1
    better = _compared([_finding(label=Label.CODE_NOT_REACHABLE)], [_finding()])
    assert _change(better)[0] == "changed"
    assert better.fresh == frozenset()
    moved = _compared([_finding(version="2")], [_finding()])
    assert _change(moved) == ("changed", "the version moved from 1 to 2; still affected (vulnerable)")
    assert moved.since.gone == ()


def test_what_is_excepted_no_more_is_fresh() -> None:
    assert len(_compared([_finding()], [_finding(excepted="by Ana until 2020-01-01")]).fresh) == 1


@pytest.mark.parametrize(
    ("inventory", "why"),
    [
        ((), "the component is gone"),
        (("pkg:pypi/other@1",), "the component is gone"),
        (("pkg:pypi/web@2",), "the version moved from 1 to 2"),
        (("pkg:pypi/web@1",), "no advisory says it of the component any more"),
    ],
)
def test_what_is_gone_says_why(inventory: tuple[str, ...], why: str) -> None:
    found = _compared([], [_finding()], *inventory)
    assert found.since.gone[0].why.startswith(why)
    assert found.since.rows[0][0] == "gone"


def test_what_could_not_be_judged_is_not_called_gone_for_good() -> None:
    before = _finding()
    broken = failure(record_id=before.record_id, job="vulns", error="broken", source="x")
    found = _compared([broken], [before], "pkg:pypi/web@1")
    assert found.since.gone[0].why.startswith("it could not be judged")


def test_one_package_in_two_places_is_two_components() -> None:
    before = [_finding(location="a", label=Label.CODE_NOT_REACHABLE), _finding(location="b")]
    found = _compared([_finding(location="b"), _finding(location="c")], before, "pkg:pypi/web@1")
    said = [one.attributes["change"] for one in found.outcomes if isinstance(one, Finding)]
    assert said == ["same", "changed"]
    scoped = _compared([_finding(name="%40a/web")], [_finding(name="%40a/web")])
    assert _change(scoped)[0] == "same"


def test_reports_show_it_and_json_reads_back(tmp_path: Path) -> None:
    found = _compared([_finding(cve="CVE-1-2")], [_finding()], "pkg:pypi/web@1")
    making = Making(since=found.since)
    for form in ("table", "markdown", "html"):
        text = rendered(found.outcomes, form, making).decode()
        assert "CVE-1-1" in text
        assert "it is withdrawn or corrected" in text
    assert "Changes" not in rendered(found.outcomes, "html", Making()).decode()
    path = tmp_path / "run.jsonl"
    path.write_bytes(rendered(found.outcomes, "json", making))
    assert msgspec.json.decode(path.read_bytes().splitlines()[-1])["gone"]["vulnerability"] == "CVE-1-1"
    assert read_outcomes(path) == found.outcomes
    assert read_previous(path) == found.outcomes


def test_text_from_outside_is_no_mark_up() -> None:
    evil = _finding(name="<script>alert(1)</script>")
    found = _compared([], [evil])
    for form in ("markdown", "html"):
        assert "<script>" not in rendered([], form, Making(since=found.since)).decode()


def test_what_is_no_earlier_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"finding": 1}\n')
    with pytest.raises(InputError, match="not an earlier run"):
        read_previous(tmp_path / "x.jsonl")
