"""Kept inventories: findings that follow what is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.jobs.vulns.news.conftest import Organisation, advisory, sbom_of

from icelos.data.decisions import Decision, DecisionStore
from icelos.data.inventories import Inventories, name_for
from icelos.data.sinks import SqliteSink
from icelos.engine.upkeep import analyse
from icelos.errors import InputError, RunError
from icelos.findings import Finding
from icelos.jobs.vulns.decisions import basis_of


@pytest.fixture
def organisation(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path)


def findings(organisation: Organisation) -> dict[str, Finding]:
    with SqliteSink(organisation.place.findings) as sink:
        return {one.attributes["purl"]: one for one in sink.findings(job="vulns")}


def test_findings_follow_advisories_and_documents(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    organisation.keep("shop", "flask@1.5", "django@4.0")
    first = analyse(organisation.settings)[0]
    assert (first.verdicts, first.new, first.gone) == ({"alert": 1}, 1, 0)
    assert analyse(organisation.settings)[0].unchanged
    organisation.bring_advisories(advisory(1, "flask", "2.0"), advisory(2, "django", "9.0"))
    assert analyse(organisation.settings)[0].new == 1
    organisation.keep("shop", "flask@2.0", "django@4.0")
    done = analyse(organisation.settings)[0]
    assert (done.verdicts, done.gone) == ({"alert": 1, "clear": 1}, 1)
    gone = findings(organisation)["pkg:pypi/flask@1.5"]
    assert (gone.verdict.value, gone.score, gone.attributes["status"]) == ("clear", None, "not_affected")
    assert gone.attributes["why"] == "the component is no longer there"
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    analyse(organisation.settings)
    assert findings(organisation)["pkg:pypi/django@4.0"].attributes["why"].startswith("no advisory")


def test_a_target_is_its_name_whatever_its_document_says(organisation: Organisation, tmp_path: Path) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    sbom, kept = sbom_of(["flask@1.5"]), Inventories(organisation.place)
    ids = set()
    for serial in (
        "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "urn:uuid:11111111-395b-41f5-a30f-a58921a69b79",
    ):
        (tmp_path / "a.json").write_text(json.dumps(sbom | {"serialNumber": serial}))
        assert kept.keep(tmp_path / "a.json", "shop")[1]
        analyse(organisation.settings)
        ids |= {one.record_id for one in findings(organisation).values()}
    assert len(ids) == 1
    assert next(iter(findings(organisation).values())).attributes["target"] == "shop"


def test_what_people_decided_holds(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    organisation.keep("shop", "flask@1.5")
    analyse(organisation.settings)
    seen = findings(organisation)["pkg:pypi/flask@1.5"]
    decision = Decision(
        vulnerability="CVE-2026-0001", purl="pkg:pypi/flask", label="code_not_reachable", reason="not used",
        by="ann", made=datetime.now(UTC), bases=(basis_of(seen),),
    )  # fmt: skip
    with DecisionStore(organisation.place.decisions) as store:
        store.add(decision)
    assert not analyse(organisation.settings)[0].unchanged
    found = findings(organisation)["pkg:pypi/flask@1.5"]
    assert (found.verdict.value, found.label) == ("clear", "code_not_reachable")
    later = advisory(1, "flask", "2.0", "2026-11-30T00:00:00Z")  # its date alone has moved
    organisation.bring_advisories(later)
    analyse(organisation.settings)
    assert "stale" not in findings(organisation)["pkg:pypi/flask@1.5"].attributes


def test_a_failure_that_is_none_any_more_goes(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    organisation.keep("shop", "flask@1.5")
    with SqliteSink(organisation.place.findings) as sink:
        analyse(organisation.settings)
        assert sink.failures(job="vulns") == []
    sbom = sbom_of(["flask@1.5"])
    sbom["components"].append({"type": "library", "name": "x", "version": "1", "purl": "pkg:npm/x@1"})
    path = organisation.place.home / "x.json"
    path.write_text(json.dumps(sbom))
    Inventories(organisation.place).keep(path, "shop")
    analyse(organisation.settings)
    with SqliteSink(organisation.place.findings) as sink:
        assert ["npm" in one.error for one in sink.failures(job="vulns")] == [True]
    organisation.keep("shop", "flask@1.5")
    analyse(organisation.settings)
    with SqliteSink(organisation.place.findings) as sink:
        assert sink.failures(job="vulns") == []


def test_who_dies_between_writing_and_noting_finds_it_again(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    organisation.keep("shop", "flask@1.5")

    def die(*given: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Inventories, "analysed", die)
        with pytest.raises(KeyboardInterrupt):
            analyse(organisation.settings)
    organisation.keep("shop", "flask@2.5")
    assert analyse(organisation.settings)[0].gone == 1


def test_a_document_that_is_broken_stops_no_other(organisation: Organisation) -> None:
    organisation.bring_advisories(advisory(1, "flask", "2.0"))
    organisation.keep("a-shop", "flask@1.5")
    organisation.keep("b-shop", "flask@1.6")
    kept = Inventories(organisation.place)
    kept.document(kept.named("a-shop")).write_bytes(b"not packed any more")
    with pytest.raises(RunError, match="not analysed: a-shop"):
        analyse(organisation.settings)
    assert list(findings(organisation)) == ["pkg:pypi/flask@1.6"]


def test_names_of_inventories() -> None:
    assert name_for(Path("a/app.cdx.json")) == "app"
    assert name_for(Path("my app (1).spdx.json.gz")) == "my-app-1"
    assert name_for(Path("..json")) == "inventory"
    long = [name_for(Path(f"{'x' * 200}{n}.json")) for n in range(2)]
    assert long[0] != long[1]
    assert max(map(len, long)) <= 100


def test_what_is_none_is_refused(organisation: Organisation, tmp_path: Path) -> None:
    kept = Inventories(organisation.place)
    (tmp_path / "a.json").write_text('{"x": 1}')
    for path, name in (
        (tmp_path / "a.json", "a"),
        (tmp_path, "a"),
        (tmp_path / "no", "a"),
        (tmp_path / "a.json", "../a"),
    ):
        with pytest.raises(InputError):
            kept.keep(path, name)
    with pytest.raises(InputError, match="no inventory called"):
        kept.drop("nothing")
    assert kept.all() == []
