"""Saved questions, shift reports, and everything about one person, as commands and routes use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.jobs.copilot.learning.conftest import ANN, BEN, CAT, Desk, document, person

from icelos.contracts import Right
from icelos.data import visibility
from icelos.data.casework.model import Reason
from icelos.data.casework.store import CaseStore
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError
from icelos.findings import Finding, Verdict, failure
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning.colleague import Colleague
from icelos.jobs.copilot.learning.learned import Learned, rules_of
from icelos.jobs.copilot.learning.profile import Profile
from icelos.jobs.copilot.learning.shift import Shift
from icelos.jobs.copilot.learning.teaching import Teaching
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings

QUESTION = "how is a window pane cut?"


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    return Workspace.of(settings)


@pytest.fixture
def copilot(store: KnowledgeStore, history: History, settings: Settings) -> Copilot:
    return Copilot(store, settings=settings, history=history)


@pytest.fixture
def ann(copilot: Copilot, store: KnowledgeStore, workspace: Workspace) -> Colleague:
    return Colleague(copilot, store, workspace, ANN)


def finding(
    record: str, verdict: Verdict, *, summary: str = "odd", score: float = 0.5, job: str = "mail"
) -> Finding:
    return Finding(record_id=record, job=job, verdict=verdict, label="x", summary=summary, score=score)


def write(workspace: Workspace, *findings: Finding) -> None:
    with SqliteSink(workspace.findings) as sink:
        sink.write(findings)


def said(report: Shift) -> dict[str, list[tuple[str, str]]]:
    return {topic.name: [(line.what, line.ref) for line in topic.lines] for topic in report.sections}


# ---- saved questions


def test_a_saved_question_says_what_has_changed(ann: Colleague, store: KnowledgeStore) -> None:
    first = ann.save("panes", QUESTION)
    assert first.sentences
    assert not ann.run("panes").changed
    store.add([document("GLASS-1", "A window pane is cut with a diamond and taken out.")], collection="field")
    change = ann.run("panes", keep=False)
    assert change.changed
    assert change.sources == ("doc/GLASS-1",)
    assert any("diamond" in text for text in change.added)
    assert any("glass cutter" in text for text in change.gone)
    assert ann.run("panes").changed
    assert not ann.run("panes").changed  # compared with the run before


def test_saved_questions_are_ones_own(
    ann: Colleague, copilot: Copilot, store: KnowledgeStore, workspace: Workspace
) -> None:
    ann.save("panes", QUESTION)
    ben = Colleague(copilot, store, workspace, BEN)
    assert ben.saved() == []
    with pytest.raises(InputError, match="no saved question"):
        ben.run("panes")
    with pytest.raises(InputError, match="already"):
        ann.save("panes", QUESTION)
    for name, question in (("", "q"), ("n\n", "q"), ("n" * 61, "q"), ("n", "?")):
        with pytest.raises(InputError):
            ann.save(name, question)
    ann.remove("panes")
    with pytest.raises(InputError):
        ann.remove("panes")


# ---- shifts


def test_a_first_report_tells_of_everything_lately_the_worst_first(
    ann: Colleague, workspace: Workspace
) -> None:
    write(
        workspace, finding("1", Verdict.REVIEW), finding("2", Verdict.ALERT, score=0.6),
        finding("3", Verdict.ALERT, score=0.9), finding("4", Verdict.CLEAR),
        finding("5", Verdict.REVIEW, job="logs"),
    )  # fmt: skip
    with SqliteSink(workspace.findings) as sink:
        sink.write([failure(record_id="6", job="mail", error="broken", source="in.eml")])
    report = ann.shift()
    told = said(report)
    assert list(told)[:2] == ["findings of mail", "findings of logs"]
    assert [ref for _, ref in told["findings of mail"]] == [
        "finding:mail/3",
        "finding:mail/2",
        "finding:mail/1",
    ]
    assert told["failures"] == [("new", "failure:mail/6")]
    assert ("new", "document:doc/LOCK-1") in told["documents of field"]
    assert not report.ended


def test_after_a_shift_only_what_is_different_is_told(
    ann: Colleague, workspace: Workspace, store: KnowledgeStore
) -> None:
    write(workspace, finding("1", Verdict.REVIEW), finding("2", Verdict.ALERT), finding("3", Verdict.ALERT))
    ann.save("panes", QUESTION)
    ended = ann.end_shift()
    assert ann.end_shift(ended) == ended
    write(
        workspace, finding("1", Verdict.REVIEW), finding("2", Verdict.ALERT, summary="worse"),
        finding("3", Verdict.CLEAR), finding("4", Verdict.REVIEW),
    )  # fmt: skip
    store.add([document("GLASS-1", "A window pane is cut with a diamond and taken out.")], collection="field")
    ann.note("The janitor has a key.")
    told = said(ann.shift())
    assert told["findings of mail"] == [
        ("changed", "finding:mail/2"), ("new", "finding:mail/4"), ("closed", "finding:mail/3"),
    ]  # fmt: skip
    assert told["documents of field"] == [("changed", "document:doc/GLASS-1")]
    assert [what for what, _ in told["notes"]] == ["new"]
    assert told["saved questions"] == [("changed", "question:panes")]
    assert said(ann.shift()) == told  # reporting moves nothing
    ann.end_shift()
    assert said(ann.shift(datetime.now(UTC) + timedelta(seconds=2))) == {}
    with pytest.raises(InputError, match="future"):
        ann.end_shift(datetime.now(UTC) + timedelta(days=1))


def test_a_report_shows_only_what_may_be_seen(ann: Colleague, workspace: Workspace) -> None:
    write(workspace, finding("1", Verdict.ALERT), finding("2", Verdict.ALERT, job="vulns"))
    with SqliteSink(workspace.findings) as sink:
        visibility.set_job_groups(sink._database, "vulns", ["board"])
    assert [name for name in said(ann.shift()) if name.startswith("findings")] == ["findings of mail"]


def test_what_people_did_about_findings_is_told(ann: Colleague, workspace: Workspace) -> None:
    one, two, three = (finding(str(n), Verdict.ALERT) for n in range(3))
    write(workspace, one, two, three)
    ann.end_shift()
    with CaseStore(workspace.casework) as cases:
        cases.close_case(one, Reason.FALSE_POSITIVE, by="ben")
        cases.assign(two, "ann", by="ben")
    write(workspace, finding("0", Verdict.ALERT, summary="again"))
    (topic,) = [topic for topic in ann.shift().sections if topic.name == "cases"]
    assert [(line.what, line.ref) for line in topic.lines] == [
        ("changed", "finding:mail/1"), ("closed", "finding:mail/0"),
    ]  # fmt: skip
    assert "with ann" in topic.lines[0].text
    assert "false_positive" in topic.lines[1].text


# ---- people


def test_everything_about_a_person_is_shown_exported_and_deleted(
    ann: Colleague, desk: Desk, copilot: Copilot, store: KnowledgeStore, history: History,
    workspace: Workspace, settings: Settings,
) -> None:  # fmt: skip
    for turn in range(40):
        desk.mark(f"which pins are lifted {turn}", "doc/DOOR-2", (ANN, BEN)[turn % 2])
    Teaching(history, store, settings).force()
    learned = Learned(history, rules_of(settings))
    ann.set_profile(Profile(role="night shift"))
    ann.save("panes", QUESTION)
    ann.note("The janitor has a key.")
    ann.end_shift()
    whole = ann.summary()
    assert (whole.answers, whole.feedback, whole.votes, whole.questions, whole.notes) == (20, 20, 20, 1, 1)
    kinds = [next(iter(line)) for line in ann.exported()]
    assert {"profile", "answer", "feedback", "question", "shift", "member", "learned", "note"} == set(kinds)
    assert kinds.count("answer") == 20

    gone = ann.forget()
    assert (gone.answers, gone.feedback, gone.questions, gone.notes, gone.versions) == (20, 20, 1, 1, 1)
    assert "move no answer from now on" in gone.told
    left = ann.summary()
    assert (left.answers, left.feedback, left.votes, left.questions, left.notes) == (0, 0, 0, 0, 0)
    assert left.profile == Profile()
    hits = store.search(
        "which pins are lifted", k=5, principal=BEN, lifts=learned.lifts("which pins are lifted", BEN, "")
    )
    assert not any("learned" in hit.why for hit in hits)  # one is left, and two must agree
    assert Colleague(copilot, store, workspace, BEN).summary().votes == 20
    Teaching(history, store, settings).force()
    assert ann.summary().votes == 0


def test_others_are_for_admins(
    copilot: Copilot, store: KnowledgeStore, workspace: Workspace, desk: Desk
) -> None:
    desk.mark("which pins are lifted", "doc/DOOR-2", ANN)
    plain = Colleague(
        copilot, store, workspace, person("rea", "soc", rights=frozenset({Right.WRITE, Right.ASK}))
    )
    with pytest.raises(InputError, match="for admins"):
        plain.summary("ann")
    with pytest.raises(InputError, match="for admins"):
        plain.forget("ann")
    with pytest.raises(InputError, match="for admins"):
        list(plain.exported("ann"))
    admin = Colleague(copilot, store, workspace, CAT)
    assert admin.forget("ann").feedback == 1
