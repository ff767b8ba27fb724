"""The worker's own side: every answer is a reply, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import icelos
from icelos import registry
from icelos.contracts import Needs, Scored
from icelos.engine.ray.actor import Actor, check_versions, versions
from icelos.engine.ray.parcels import pack_records, unpack
from icelos.engine.workers import JobSpec
from icelos.errors import RunError, SettingsError
from icelos.findings import Failure
from icelos.records import LogLine, Record
from icelos.settings import Settings


class Clear:
    name = "clear-job"
    needs = Needs()

    def score(self, batch: Sequence[Record]) -> Sequence[Scored]:
        if any(record.id == "bad" for record in batch):
            raise ValueError("poison")
        return [None for _ in batch]


def build(settings: Settings, options: Mapping[str, str]) -> Clear:
    if "why" in options:
        raise SettingsError(options["why"]) if options["why"] != "bug" else RuntimeError("a bug")
    return Clear()


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"jobs": {"clear": f"{__name__}:build"}}
    monkeypatch.setattr(registry, "names", known.__getitem__)


def _actor(**options: str) -> Actor:
    return Actor(JobSpec("clear", Settings(), options), None)


def _line(identity: str, **fields: object) -> LogLine:
    return LogLine(id=identity, source="a:1", text="t", fields=fields or None)


def test_outcomes_are_in_the_order_of_the_records() -> None:
    batch = [_line("a"), _line("bad"), _line("locked", why=(one for one in "")), _line("b")]
    outcomes = unpack(_actor().score(7, 0, pack_records(batch))).given()
    assert [isinstance(one, Failure) for one in outcomes] == [False, True, True, False]
    assert [one.record_id for one in outcomes if one] == ["bad", "locked"]
    assert {one.job for one in outcomes if one} == {"clear-job"}


@pytest.mark.parametrize(("why", "kind"), [("no such option", SettingsError), ("bug", RunError)])
def test_a_job_that_cannot_be_built_is_a_reply(why: str, kind: type[Exception]) -> None:
    actor = _actor(why=why)
    for _ in range(2):
        with pytest.raises(kind):
            unpack(actor.score(7, 0, pack_records([_line("a")]))).given()


def test_what_cannot_be_unpacked_is_a_reply() -> None:
    with pytest.raises(RunError, match="do not understand each other"):
        unpack(_actor().score(7, 0, b"\x80\x05nonsense")).given()


def test_states_of_a_job_without() -> None:
    actor = _actor()
    assert unpack(actor.restore(7, {})).given() is None
    assert unpack(actor.snapshot(7)).given() == {}


def test_versions_must_be_the_same() -> None:
    assert unpack(_actor().ready()).given()[0] == versions()
    check_versions(versions())
    for theirs in (("0.0.0", versions()[1]), (icelos.__version__, "2.7.18")):
        with pytest.raises(RunError, match=r"a node has icelos .*\(install the same on every node\)"):
            check_versions(theirs)
