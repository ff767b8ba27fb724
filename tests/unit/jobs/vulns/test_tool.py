"""Analysis of one vulnerability against what is kept and what is known now."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from icelos.contracts import Fact, Observation, Principal, Right
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import Advisory, Affected, Range
from icelos.data.sinks import SqliteSink
from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.tool import build
from icelos.records import Component
from icelos.settings import Settings, Workspace
from icelos.testing import check_tool

ANN = Principal("ann", frozenset(), frozenset(Right))


def _advisory(fixed: str, name: str = "flask", **more: object) -> Advisory:
    affected = (
        Affected("PyPI", "", name, (Range("ECOSYSTEM", (("introduced", "0"), ("fixed", fixed))),), ()),
    )
    fields = {"id": "A-1", "source": "x:1", "affected": affected, "aliases": ("CVE-2025-6216",)} | more
    return Advisory(**fields)  # type: ignore[arg-type]


def _component(target: str, name: str = "flask", version: str = "1.5", advisory: str = "A-1") -> Component:
    return Component(
        id=f"{target}-{name}-{advisory}",
        source=f"{target}:1",
        target=target,
        purl=f"pkg:pypi/{name}@{version}",
        name=name,
        version=version,
        advisory=advisory,
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=Workspace(home=str(tmp_path)))


def _feeds(settings: Settings, *advisories: Advisory | Facts) -> AdvisoryStore:
    store = AdvisoryStore(settings.home / "advisories.sqlite")
    store.replace("osv/PyPI", [one for one in advisories if isinstance(one, Advisory)])
    facts = [one for one in advisories if isinstance(one, Facts)]
    if facts:
        store.replace("kev/kev", facts)
    return store


def _scan(settings: Settings, *components: Component) -> list[Finding]:
    with AdvisoryStore(settings.home / "advisories.sqlite") as store:
        found = [one for one in VulnsJob(store).score(components) if isinstance(one, Finding)]
    with SqliteSink(settings.home / "findings.sqlite") as sink:
        sink.write(found)
    return found


def _analyze(settings: Settings, name: str = "CVE-2025-6216", **more: str) -> Observation:
    return build(settings).call({"vulnerability": name, **more}, principal=ANN)


def _by_ref(found: Observation) -> dict[str, Fact]:
    return {fact.ref: fact for fact in found.facts}


def test_what_has_not_changed_and_what_has(settings: Settings) -> None:
    _feeds(settings, _advisory("2.0")).close()
    _scan(settings, _component("web-01"), _component("web-02", version="2.1"))
    found = check_tool(
        build(settings), {"vulnerability": "cve-2025-6216"}, principal=ANN, folder=settings.home
    )
    facts = _by_ref(found)
    assert facts["finding:vulns/web-01-flask-A-1"].values["changed"] is False
    assert facts["finding:vulns/web-01-flask-A-1"].values["now"] == "affected"
    assert "osv" in found.notices[0]

    _feeds(
        settings, _advisory("1.4"), Facts(name="CVE-2025-6216", in_kev=True, kev_added="2026-01-02")
    ).close()
    facts = _by_ref(_analyze(settings))
    first = facts["finding:vulns/web-01-flask-A-1"]
    assert (first.values["before"], first.values["now"], first.values["changed"]) == (
        "affected",
        "fixed",
        True,
    )
    assert "status affected -> fixed" in str(first.values["why"])
    assert "listed in KEV since 2026-01-02" in first.text
    known = next(fact for fact in facts.values() if fact.ref.startswith("computed:"))
    assert "in KEV since 2026-01-02" in known.text
    assert _analyze(settings, target="web-02").total == 2


def test_a_withdrawn_advisory_is_told(settings: Settings) -> None:
    _feeds(settings, _advisory("2.0"), _advisory("9", "other", id="A-9", aliases=())).close()
    _scan(settings, _component("web-01"))
    _feeds(settings, _advisory("9", "other", id="A-9", aliases=())).close()
    fact = _by_ref(_analyze(settings))["finding:vulns/web-01-flask-A-1"]
    assert fact.values["changed"] is True
    assert "cannot be judged now" in fact.text


def test_components_of_other_findings_are_judged_by_a_new_advisory(settings: Settings) -> None:
    _feeds(settings, _advisory("2.0", id="A-0", aliases=("CVE-2020-1",))).close()
    _scan(settings, _component("web-01", advisory="A-0"))
    assert "no kept component" in _analyze(settings).notices[1]
    _feeds(settings, _advisory("2.0", id="A-0", aliases=("CVE-2020-1",)), _advisory("1.9")).close()
    found = _analyze(settings)
    new = next(fact for fact in found.facts if fact.text.startswith("no finding yet"))
    assert (new.values["target"], new.values["now"]) == ("web-01", "affected")
    assert not [fact for fact in _analyze(settings, "CVE-2025-62168").facts if "no finding yet" in fact.text]


def test_an_investigation_is_not_overruled_by_versions(settings: Settings) -> None:
    _feeds(settings, _advisory("2.0")).close()
    (found,) = _scan(settings, _component("web-01"))
    judged = msgspec.structs.replace(
        found, label="code_not_reachable", made_by=dict(found.made_by) | {"method": "investigation"},
        attributes=dict(found.attributes) | {"status": "not_affected"},
    )  # fmt: skip
    with SqliteSink(settings.home / "findings.sqlite") as sink:
        sink.write([judged])
    (fact,) = [one for one in _analyze(settings).facts if one.ref.startswith("finding:")]
    assert (fact.values["now"], fact.values["changed"]) == ("not_affected", False)
    assert "versions alone do not overrule it" in fact.text
    _feeds(settings, _advisory("2.5")).close()
    (fact,) = [one for one in _analyze(settings).facts if one.ref.startswith("finding:")]
    assert fact.values["changed"] is True
    assert "analyse the target again" in fact.text


def test_without_advisories_it_says_what_was_found_and_what_to_do(settings: Settings) -> None:
    _feeds(settings, _advisory("2.0")).close()
    _scan(settings, _component("web-01"))
    (settings.home / "advisories.sqlite").unlink()
    found = _analyze(settings)
    assert "icelos feeds update" in found.notices[0]
    assert found.facts[0].values["now"] is None
    assert not (settings.home / "advisories.sqlite").exists()


def test_it_needs_the_right_to_run(settings: Settings) -> None:
    with pytest.raises(InputError, match="needs the right 'run'"):
        build(settings).call({"vulnerability": "CVE-1"}, principal=Principal("ann"))
