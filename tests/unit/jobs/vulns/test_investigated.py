from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from icelos.contracts import Usage
from icelos.data.parse.osv_advisories import Advisory, osv
from icelos.data.statement import Statement
from icelos.errors import BudgetError, InputError
from icelos.findings import Failure, Finding, Verdict
from icelos.jobs.vulns.investigated import WITHOUT_MODEL, Investigator, chain, costs, facts, open_target
from icelos.jobs.vulns.investigation.conclusion import Conclusion
from icelos.jobs.vulns.investigation.kept import KeptInvestigations
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.records import Component
from icelos.testing import ScriptedLLM

FEED = b"""{"id": "A-1", "aliases": ["CVE-2024-1"], "details": "Something is wrong with documents.",
 "affected": [{"package": {"ecosystem": "PyPI", "name": "kit"}, "ranges": []}]}"""
AFFECTED = Reading(Standing.AFFECTED, "1.0 is affected", "introduced 0")
UNCERTAIN = Conclusion(Label.UNCERTAIN, "low", "why", "what")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    files = {
        "main.py": "import kit\nkit.load(input())\n",
        "site-packages/kit.py": "def load(text):\n    return eval(text)\n",
        "site-packages/kit-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: kit\nVersion: 1.0\n",
        "site-packages/kit-1.0.dist-info/RECORD": "kit.py,,\n",
    }
    for name, text in files.items():
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).write_text(text)
    found = open_target(tmp_path / "t", tmp_path / "work")
    assert found is not None
    return found


def _component(**changes: str) -> Component:
    given = {
        "id": "c", "source": "t", "target": "t", "purl": "pkg:pypi/kit@1.0", "name": "kit", "version": "1.0",
        "location": "site-packages/kit-1.0.dist-info/METADATA:2", "advisory": "A-1",
    }  # fmt: skip
    return msgspec.convert(given | changes, Component)


def _statements() -> Sequence[Statement]:
    advisory: Advisory = osv(FEED, "feed.json")
    return [Statement(advisory, advisory.affected[0])]


def test_what_is_not_looked_into(target: Target) -> None:
    look = Investigator(target).look
    assert look(_component(), _statements(), Reading(Standing.FIXED, "", "")) is None
    assert look(_component(owner="deb:python3-kit"), _statements(), AFFECTED) is None
    assert look(_component(purl="pkg:npm/kit@1.0"), _statements(), AFFECTED) is None
    assert (
        look(_component(location="nowhere", name="else", purl="pkg:pypi/else@1"), _statements(), AFFECTED)
        is None
    )
    assert look(_component(), _statements(), AFFECTED) is not None


def test_after_the_budget_no_case_asks_the_model(target: Target) -> None:
    model = ScriptedLLM(BudgetError("used up"))
    investigator = Investigator(target, model)
    first, second = (investigator.look(_component(), _statements(), AFFECTED) for _ in range(2))
    assert first is not None
    assert second is not None
    assert "used up" in facts(first)["notes"]
    assert facts(second)["notes"] == WITHOUT_MODEL
    assert len(model.calls) == 1
    assert first.conclusion == second.conclusion


def test_what_a_failing_model_left_open_is_looked_into_again(target: Target, tmp_path: Path) -> None:
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)

    def look(model: ScriptedLLM) -> Investigation:
        found = Investigator(target, model, kept).look(_component(), _statements(), AFFECTED)
        assert found is not None
        return found

    done = '{"questions": [{"question": "q", "tool": "runtime", "arguments": {}}]}'
    assert not look(ScriptedLLM("garbage")).whole
    assert not look(ScriptedLLM(done)).reused
    again = ScriptedLLM("garbage")
    assert look(again).reused
    assert again.calls == []


def _as_finding(target: Target, **changes: str) -> Finding:
    """What a job makes of it, as the JSON output of a run has it."""
    investigator = Investigator(target)
    found = investigator.look(_component(), _statements(), AFFECTED)
    assert found is not None
    evidence = tuple(chain(found))
    basis = investigator.basis(_component(), _statements(), AFFECTED, found, evidence)
    attributes = {
        "purl": _component().purl, "location": _component().location, "advisory": _component().advisory,
        "basis": basis, **facts(found), **changes,
    }  # fmt: skip
    return Finding(
        record_id="1", job="vulns", verdict=Verdict.ALERT, label=found.conclusion.label.value, summary="s",
        evidence=evidence, attributes=attributes,
    )  # fmt: skip


def test_a_verdict_of_an_earlier_run_is_used_again_with_what_it_rests_on(target: Target) -> None:
    earlier = _as_finding(target)
    investigator = Investigator(target, earlier=[earlier])
    found = investigator.look(_component(), _statements(), AFFECTED)
    assert found is not None
    assert found.reused
    assert (found.conclusion.label, found.conclusion.why) == (earlier.label, earlier.attributes["why"])
    basis = investigator.basis(_component(), _statements(), AFFECTED, found, earlier.evidence)
    assert basis == earlier.attributes["basis"]


@pytest.mark.parametrize(
    "changes",
    [
        {"basis": ""},
        {"basis": "component=1 files=2"},
        {"decision": "1"},
        {"vex": "vendor.json"},
        {"notes": "the model's budget"},
        {"location": "elsewhere"},
    ],
)
def test_what_is_no_verdict_of_the_machine_on_this_evidence_is_looked_into(
    target: Target, changes: dict[str, str]
) -> None:
    earlier = _as_finding(target, **changes)
    found = Investigator(target, earlier=[earlier]).look(_component(), _statements(), AFFECTED)
    assert found is not None
    assert not found.reused


def test_a_document_is_no_target_but_for_a_source(tmp_path: Path) -> None:
    bom = tmp_path / "bom.json"
    bom.write_text('{"bomFormat": "CycloneDX", "components": []}')
    assert open_target(bom, tmp_path / "work") is None
    assert open_target(bom, tmp_path / "work", str(tmp_path)) is not None
    with pytest.raises(InputError, match="not a folder"):
        open_target(bom, tmp_path / "work", str(bom))


def test_facts_tell_the_cost() -> None:
    spent = Investigation((), UNCERTAIN, 3, Usage(100, 20, 1.0, 0.25), 1.5, ("a", "b"))
    told = facts(spent)
    assert {name: told[name] for name in ("model_calls", "tokens", "model_cost", "seconds", "notes")} == {
        "model_calls": "3", "tokens": "120", "model_cost": "0.250000", "seconds": "1.50", "notes": "a; b",
    }  # fmt: skip
    assert "tokens" not in facts(Investigation((), UNCERTAIN))


def test_costs_in_one_line() -> None:
    def finding(found: Investigation) -> Finding:
        return Finding(
            record_id=str(found.seconds), job="vulns", verdict=Verdict.UNKNOWN, label="uncertain",
            summary="", source="t", attributes=facts(found),
        )  # fmt: skip

    outcomes: list[Finding | Failure] = [
        finding(Investigation((), UNCERTAIN, 3, Usage(900, 150), 3.0)),
        finding(Investigation((), UNCERTAIN, 0, Usage(), 1.0)),
        finding(Investigation((), UNCERTAIN, reused=True)),
        Failure(record_id="f", job="vulns", error="x", source="t"),
    ]
    assert costs(outcomes) == (
        "investigated 3 (1 from an earlier run): 0 tool calls, 3 model calls, 1,050 tokens; "
        "1.00 s in the median, 4.0 s in all"
    )
    assert costs(outcomes[3:]) == ""
