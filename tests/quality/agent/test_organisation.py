"""The simulated organisation: the same every time, of believable size, and in the stores as in its rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from tests.quality.agent.events import SIGN_INS
from tests.quality.agent.looking import exploitable, in_kev
from tests.quality.agent.organisation import Written, finding_of, organisation, outcomes, seed
from tests.quality.agent.papers import MARK
from tests.quality.agent.rows import DOMAIN, NOW
from tests.quality.agent.staff import PEOPLE, TARGETS
from tests.quality.agent.weaknesses import TRAPS

from icelos.contracts import Principal
from icelos.data.casework.desk import Desk
from icelos.data.casework.model import State
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.findings import Finding
from icelos.jobs.logs.roles import kind_of
from icelos.knowledge.store import KnowledgeStore

DIGEST = "135c5ef9ed471117"
"""Of all rows. Gold answers rest on them, so that a change here is a change of the measurement."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return seed(tmp_path_factory.mktemp("organisation"))


def test_the_same_rows_every_time() -> None:
    known = organisation()
    organisation.cache_clear()
    assert organisation() == known
    found = hashlib.sha256(repr(known).encode()).hexdigest()
    assert found.startswith(DIGEST), f"the rows have changed: {found[:16]}"


def test_another_seed_is_another_organisation() -> None:
    assert organisation(7).alerts != organisation().alerts


def test_it_is_of_believable_size() -> None:
    known = organisation()
    assert (len(PEOPLE), len({one.address for one in PEOPLE}), len(TARGETS)) == (60, 60, 25)
    assert (len(known.weaknesses), len(known.messages), len(known.alerts)) == (400, 150, 200)
    assert (len(known.events), len(known.failures), len(known.papers)) == (20_000, 18, 25)
    assert {one.status for one in known.weaknesses} == {
        "affected", "not_affected", "fixed", "under_investigation",
    }  # fmt: skip


def test_everything_happened_before_now() -> None:
    known = organisation()
    assert max(time for _, time in outcomes(known)) <= NOW
    assert max(one.time for one in known.events) < NOW


def test_no_two_findings_share_an_id() -> None:
    ids = Counter(outcome.id for outcome, _ in outcomes(organisation()))
    assert max(ids.values()) == 1


def test_traps_differ_in_their_facts() -> None:
    rows = organisation().weaknesses
    for name, longer in TRAPS:
        assert longer.startswith(name)
        short, long = (
            {r.target for r in rows if r.vulnerability == v and exploitable(r)} for v in (name, longer)
        )
        assert short
        assert long
        assert short != long


def test_kev_does_not_mean_exploitable() -> None:
    rows = organisation().weaknesses
    assert {r.vulnerability for r in rows if in_kev(r)} > {
        r.vulnerability for r in rows if in_kev(r) and exploitable(r)
    }


def test_nothing_points_at_a_real_address() -> None:
    known = organisation()
    domains = {one.sender.rpartition("@")[2] for one in known.messages} | {DOMAIN}
    assert all(domain.endswith((".test", ".example")) for domain in domains)


def test_every_document_says_that_it_is_simulated() -> None:
    assert all(paper.sections[0][1] == MARK for paper in organisation().papers)


def test_findings_are_stored_with_their_times(written: Written) -> None:
    known = organisation()
    with SqliteSink(written.home / "findings.sqlite") as sink:
        stored = {finding.id: seen for finding, seen in sink.oldest_first()}
        assert sink.count("failure") == len(known.failures)
        one = known.weaknesses[0]
        assert sink.finding(finding_of(one).id) == finding_of(one)
    wanted = {o.id: time.replace(second=0) for o, time in outcomes(known) if isinstance(o, Finding)}
    assert {id: seen.replace(second=0) for id, seen in stored.items()} == wanted


def test_cases_are_stored(written: Written) -> None:
    rows = organisation().found
    with Desk.open(Workspace(written.home)) as desk:
        closed = desk.listed(state=State.CLOSED, limit=1000)
        held = desk.listed(state=State.OPEN, assignee="idris.falk", limit=1000)
    assert len(closed) == sum(one.case.state == "closed" for one in rows)
    assert len(held) == sum(one.case == ("open", "idris.falk", "") for one in rows)


@pytest.mark.parametrize(
    ("groups", "seen"), [(("soc",), False), (("finance",), True), ((), False), (("hr",), False)]
)
def test_restricted_documents_are_for_their_groups(
    written: Written, groups: tuple[str, ...], seen: bool
) -> None:
    with KnowledgeStore(written.home / "knowledge.sqlite", read_only=True) as store:
        hits = store.search("payment limits signature euro", principal=Principal("x", frozenset(groups)))
    assert any(hit.document_id == "org/payment-limits" for hit in hits) is seen


def test_logs_are_of_kinds_that_are_known(written: Written) -> None:
    lines = {name: path.read_text(encoding="utf-8").splitlines() for name, path in written.logs.items()}
    assert {name: len(rows) for name, rows in lines.items()} == {"signins": SIGN_INS, "hosts": 7_000}
    row = json.loads(lines["signins"][0])
    assert kind_of([*row, "status.errorCode"]) == "Entra ID sign-ins (Graph)"
    assert set(json.loads(lines["hosts"][0])) >= {"time", "user", "source_ip", "host", "outcome"}


def test_two_seeds_write_the_same_files(tmp_path: Path, written: Written) -> None:
    again = seed(tmp_path)
    for name, path in written.logs.items():
        assert again.logs[name].read_bytes() == path.read_bytes()
    with SqliteSink(again.home / "findings.sqlite") as a, SqliteSink(written.home / "findings.sqlite") as b:
        assert msgspec.json.encode(list(a.oldest_first())) == msgspec.json.encode(list(b.oldest_first()))
