"""The basis of a finding changes with what it rests on, and says which part did."""

from __future__ import annotations

from icelos.data.parse.osv_advisories import Advisory, Affected
from icelos.data.statement import Statement
from icelos.jobs.vulns.basis import basis_of, differences, parts_of
from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.records import Component

READING = Reading(Standing.AFFECTED, "is in the range", "introduced 0, fixed 2")
AFFECTED = Affected(ecosystem="PyPI", release="", name="kit", ranges=(), versions=())


def _component(**changes: str) -> Component:
    given = {
        "id": "1",
        "source": "s",
        "target": "shop:1",
        "purl": "pkg:pypi/kit@1",
        "name": "kit",
        "version": "1",
    }
    return Component(**{**given, **changes})  # type: ignore[arg-type]


def _statement(details: str = "words", source: str = "feed:1") -> Statement:
    return Statement(Advisory(id="A-1", source=source, details=details), AFFECTED)


BEFORE = basis_of(_component(), [_statement()], READING, proof=("code", "1"))


def test_the_next_build_is_the_same() -> None:
    moved = _component(id="2", target="shop:2", target_id="sha256:2", layer="sha256:3")
    assert basis_of(moved, [_statement(source="feed:9")], READING, proof=("code", "1")) == BEFORE
    assert set(parts_of(BEFORE)) == {"component", "advisory", "rules", "code"}


def test_each_part_is_told() -> None:
    fix = Fix("kit", "2", "1", 3, ("kit.load",))
    others = {
        "the component": basis_of(
            _component(purl="pkg:pypi/kit@2"), [_statement()], READING, proof=("code", "1")
        ),
        "the advisory": basis_of(_component(), [_statement("other")], READING, proof=("code", "1")),
        "what is known of the fix": basis_of(
            _component(), [_statement()], READING, fixes=[fix], proof=("code", "1")
        ),
        "Icelos's own rules or the model": basis_of(
            _component(), [_statement()], READING, model="m", proof=("code", "1")
        ),
        "the application or its packages": basis_of(
            _component(), [_statement()], READING, proof=("code", "2")
        ),
    }
    for told, after in others.items():
        assert differences(BEFORE, after) == [told]
    assert differences(BEFORE, others["Icelos's own rules or the model"], but=("rules",)) == []
    assert parts_of("") == parts_of("nonsense without parts") == {}
