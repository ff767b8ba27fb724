"""Marks of a group become what its own answers rest on, and nobody else's; by the replay, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from tests.unit.jobs.copilot.learning.conftest import ANN, BEN, CAT, EVE, Desk, document, person

from icelos.contracts import Principal, Where
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning import teaching as module
from icelos.jobs.copilot.learning.background import Learning
from icelos.jobs.copilot.learning.feedback import read
from icelos.jobs.copilot.learning.learned import Learned, rules_of
from icelos.jobs.copilot.learning.priors import Rules
from icelos.jobs.copilot.learning.replay import Compared, Judged, folds
from icelos.jobs.copilot.learning.teaching import Teaching, verdict
from icelos.jobs.copilot.learning.versions import listed
from icelos.jobs.copilot.learning.votes import votes
from icelos.jobs.copilot.retrieve import Reader
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import LearningSettings, Settings

DOCUMENT_OF_CWE = document("CWE-9001", "Hinges and pins that anyone can pull out, lifted from outside.")
QUESTION = "which pins are lifted"
PARAPHRASE = "lifted pins of any kind"


def order(
    store: KnowledgeStore, learned: Learned | None, who: Principal, text: str = PARAPHRASE
) -> list[str]:
    return [hit.document_id for hit in Reader(store, who, Where(), taught=learned).search(text, k=5)]


def marked(desk: Desk, document: str = "doc/DOOR-2", number: int = 60, *people: Principal) -> None:
    who = people or (ANN, BEN, CAT)
    for turn in range(number):
        desk.mark(f"{QUESTION} {turn}", document, who[turn % len(who)])


@pytest.fixture
def teaching(history: History, store: KnowledgeStore, settings: Settings) -> Teaching:
    return Teaching(history, store, settings)


@pytest.fixture
def learned(history: History, settings: Settings) -> Learned:
    return Learned(history, rules_of(settings))


def test_paraphrases_profit_once_a_replay_has_shown_it(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    before = order(store, learned, ANN)
    assert before[0] == "doc/LOCK-1"
    marked(desk)
    (dry,) = teaching.learn(dry_run=True)
    assert (dry.state, dry.version) == ("promoted", 0)
    assert order(store, learned, ANN) == before
    (outcome,) = teaching.learn()
    assert (outcome.scope, outcome.state) == ("group:soc", "promoted")
    assert outcome.report.after > outcome.report.before
    assert order(store, learned, ANN)[0] == "doc/DOOR-2"
    assert teaching.learn() == []  # nothing new


def test_other_groups_and_outsiders_see_no_difference(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    plain = order(store, None, EVE)
    marked(desk)
    teaching.learn()
    assert order(store, learned, EVE) == plain == order(store, learned, person("zoe"))
    assert learned.lifts(PARAPHRASE, EVE, "") is None


def test_who_has_no_group_teaches_themselves_only(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    marked(desk, "doc/DOOR-2", 60, person("zoe"))
    assert [one.scope for one in teaching.learn()] == ["person:zoe"]
    assert order(store, learned, person("zoe"))[0] == "doc/DOOR-2"
    assert order(store, learned, person("yan"))[0] == order(store, learned, ANN)[0] == "doc/LOCK-1"


def test_colluders_stay_below_the_cap_in_their_own_group(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    marked(desk, "doc/LOCK-2", 40, ANN, BEN)
    teaching.force()
    hits = Reader(store, ANN, Where(), taught=learned).search(QUESTION, k=5)
    lift = next(hit.why.get("learned", 0.0) for hit in hits if hit.document_id == "doc/LOCK-2")
    assert 0 < lift <= Rules().cap
    named = Reader(store, ANN, Where(), taught=learned).search("LOCK-1 or which pins are lifted", k=5)
    assert named[0].document_id == "doc/LOCK-1"


def test_a_bad_mark_lowers_and_does_not_hide(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    first = order(store, learned, ANN, QUESTION)
    for turn in range(30):
        desk.mark(f"{QUESTION} {turn}", first[0], (ANN, BEN, CAT)[turn % 3], "wrong_citation")
    teaching.force()
    after = order(store, learned, ANN, QUESTION)
    assert after[0] != first[0]
    assert set(after) == set(first)


def test_a_document_that_may_not_be_read_is_not_lifted_into_sight(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    marked(desk)
    teaching.learn()
    store.set_groups(["board"], document_id="doc/DOOR-2")
    assert "doc/DOOR-2" not in order(store, learned, ANN)


def test_what_a_guard_flags_is_never_lifted(
    desk: Desk, store: KnowledgeStore, history: History, settings: Settings, learned: Learned
) -> None:
    def flagged(ids: Collection[str]) -> Collection[str]:
        return [one for one in ids if one == "doc/DOOR-2"]

    marked(desk)
    Teaching(history, store, settings, flagged=flagged).force()
    assert order(store, learned, ANN)[0] == "doc/LOCK-1"
    Teaching(history, store, settings).force()
    assert order(store, learned, ANN)[0] == "doc/DOOR-2"
    late = Learned(history, rules_of(settings), flagged=flagged)  # flagged after it was learned
    assert order(store, late, ANN)[0] == "doc/LOCK-1"


def test_little_feedback_stays_a_candidate_and_a_rollback_withdraws(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned, history: History
) -> None:
    marked(desk, "doc/DOOR-2", 6)
    assert [one.state for one in teaching.learn()] == ["candidate"]
    assert order(store, learned, ANN)[0] == "doc/LOCK-1"
    marked(desk, "doc/DOOR-2", 60)
    assert [one.state for one in teaching.learn()] == ["promoted"]
    assert teaching.rollback("group:soc") == [2]
    assert order(store, learned, ANN)[0] == "doc/LOCK-1"
    with history.opened() as database:
        assert [(one.version, one.state) for one in listed(database)] == [(2, "withdrawn"), (1, "candidate")]
    assert teaching.rollback() == []


def test_a_correction_teaches_by_the_identifier_that_it_names(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, history: History, learned: Learned
) -> None:
    store.add([DOCUMENT_OF_CWE], collection="field")
    for who in (ANN, BEN, CAT):
        answer = desk.ask(QUESTION, who)
        history.feedback(answer.answer_id, "corrected", principal=who, correction="This is CWE-9001.")
    teaching.force()
    assert order(store, learned, ANN)[0] == "doc/CWE-9001"


def test_nothing_of_another_time_is_lifted(
    desk: Desk, store: KnowledgeStore, teaching: Teaching, learned: Learned
) -> None:
    marked(desk)
    teaching.learn()
    reader = Reader(store, ANN, Where(as_of=datetime.now(UTC)), taught=learned)
    assert reader.search(PARAPHRASE, k=5)[0].document_id == "doc/LOCK-1"


def test_verdicts() -> None:
    calm = Compared(100, 0.9, 0.9, 0.0)
    assert verdict(Compared(50, 0.5, 0.6, 0.02), calm).startswith("better")
    assert verdict(Compared(50, 0.5, 0.6, -0.01), calm).startswith("not sure")
    assert verdict(Compared(50, 0.5, 0.6, 0.02), Compared(100, 0.9, 0.8, 0.0)).startswith("not harmless")


def test_later_votes_judge_earlier_ones(desk: Desk, teaching: Teaching, history: History) -> None:
    marked(desk, "doc/DOOR-2", 20)
    with history.opened() as database:
        found = folds(votes(read(database), lambda *_: ()))
    assert [(len(earlier), len(judged)) for earlier, judged in found] == [(12, 4), (16, 4)]
    for earlier, judged in found:
        assert {one.query for one in judged}.isdisjoint({vote.query for vote in earlier})


def test_a_judgement_weighs_by_its_rank_and_its_author() -> None:
    assert Judged("q", "d", "ann", 4).weight({}) == 4.0
    assert Judged("q", "d", "ann", 4).weight({"ann": 0.5}) == 2.0
    assert Judged("q", "d", "ann", 400).weight({}) == 10.0


def test_a_server_learns_by_itself(
    desk: Desk, store: KnowledgeStore, history: History, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    learn = module.Teaching.learn

    def learn_and_tell(teaching: Teaching) -> None:
        learn(teaching)
        done.set()

    monkeypatch.setattr(module.Teaching, "learn", learn_and_tell)
    marked(desk)
    with Learning(history, store, settings, first=0.0):
        assert done.wait(30)
    with history.opened() as database:
        assert [one.state for one in listed(database)] == ["promoted"]
    never = Settings(learning=LearningSettings(hours=0))
    with Learning(history, store, never, first=0.0) as learning:
        assert not learning._thread.is_alive()
