from __future__ import annotations

from collections.abc import Callable

from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.checklist import MAX_SYMBOLS, template
from icelos.jobs.vulns.investigation.tools import TOOLS
from icelos.llm import schema


def test_what_the_advisory_names_is_asked_for(make_case: Callable[..., Case]) -> None:
    asked = list(template(make_case("Only on Windows, `kit.load` runs what a document says.")))
    assert [(one.tool, dict(one.arguments)) for one in asked[:5]] == [
        ("version", {}), ("runtime", {}), ("imports", {"module": "kit"}),
        ("reach", {"symbol": "kit.load"}), ("arguments", {"symbol": "kit.load"}),
    ]  # fmt: skip
    for one in asked:
        assert not schema.violations(dict(one.arguments), TOOLS[one.tool].tool.parameters)


def test_an_advisory_that_names_nothing_asks_for_versions_and_imports(make_case: Callable[..., Case]) -> None:
    asked = [one.tool for one in template(make_case("Something is wrong."))]
    assert asked == ["version", "imports", "inputs"]


def test_the_number_of_symbols_is_bounded(make_case: Callable[..., Case]) -> None:
    case = make_case()
    case.__dict__["symbols"] = [f"kit.f{number}" for number in range(100)]
    asked = [one.tool for one in template(case)]
    assert (asked.count("reach"), asked.count("arguments")) == (MAX_SYMBOLS, MAX_SYMBOLS)
