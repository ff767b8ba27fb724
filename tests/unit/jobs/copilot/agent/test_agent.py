"""Questions as analysts word them, over the small organisation of conftest, without a model."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.jobs.copilot.agent.conftest import ANN, MAIL
from tests.unit.jobs.copilot.agent.tables import TableTool, as_tools

from icelos.contracts import Principal, ReadTool, Right
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer, Status

KEV = "CVE-2024-3094, CVE-2023-4911"
QUESTIONS = [
    # vulnerabilities: lists
    ("which of our exploitable CVEs are in KEV?", KEV, "CVE-2022-1111, CVE-2020-4444"),
    ("Which exploitable CVEs affect web-01?", f"{KEV}, CVE-2020-4444", "CVE-2022-1111"),
    ("list open vulnerabilities on web-01", KEV, "CVE-2020-4444"),
    ("which vulnerabilities assigned to carol are closed", "CVE-2020-4444", "CVE-2024-3094"),
    ("CVEs with EPSS above 0.5 on web-01", "CVE-2024-3094, CVE-2020-4444", "CVE-2023-4911"),
    ("Which hosts have CVEs with an EPSS of at least 50%?", "web-01", "web-02"),
    ("exploitable CVEs without assignee", f"{KEV}, CVE-2022-1111", "CVE-2020-4444"),
    ("do we have any vulnerabilities without a fix?", "Yes, CVE-2022-1111", "CVE-2023-4911"),
    ("List all hosts vulnerable to CVE-2023-4911.", "web-01, web-02", "db-01"),
    ("which hosts are affected by CVE-2024-3094 or CVE-2022-1111?", "web-01, web-02", "db-01"),
    ("which hosts are affected by both CVE-2024-3094 and CVE-2023-4911?", "web-01", "web-02, db-01"),
    ("Which hosts have no exploitable vulnerabilities?", "db-01", "web-01, web-02"),
    ("Which packages on web-01 are affected?", "xz-utils, glibc, zlib", "openssl"),
    ("Which hosts run glibc?", "web-01, web-02", "db-01"),
    ("which version of openssl is on web-02?", "3.0.1", "9.9"),
    ("what is the EPSS of CVE-2023-4911?", "0.42", "0.85"),
    ("What is the status of CVE-2024-3094 on db-01?", "not_affected", ""),
    ("What fixes CVE-2023-4911?", "9.9", ""),
    ("Is there a fix for CVE-2022-1111?", "No", "9.9"),
    # vulnerabilities: counts, order, yes or no
    ("how many of our vulnerabilities are actively exploited and have a fix available?", "2 CVEs", ""),
    ("how many CVEs are under investigation?", "1 CVE, CVE-2022-2222", ""),
    ("How many hosts are affected by vulnerabilities in KEV?", "2 hosts, web-01, web-02", "db-01"),
    ("How many exploitable vulnerabilities do we have, per host?", "web-01 (3), web-02 (2)", ""),
    ("Which host has the most exploitable vulnerabilities?", "web-01, 3", "web-02"),
    ("top 3 vulnerabilities by EPSS", "0.85, 0.6, 0.42", "0.07"),
    ("is web-02 affected by CVE-2024-3094?", "No", "Yes"),
    ("Is db-01 vulnerable to CVE-2024-3094?", "No, not_affected", "Yes"),
    ("is CVE-2024-3094 in KEV on web-01?", "Yes", ""),
    ("who is working on CVE-2023-4911?", "bob", "carol"),
    ("why is CVE-2024-3094 not affected on host db-01", "5.4.1 is before the range", "5.6.0"),
    ("Why was CVE-2024-3094 ruled out on web-01?", "not so, affected", ""),
    ("when was CVE-2023-4911 added to KEV?", "2023-11-21", ""),
    # sign-ins
    ("which users failed to sign in most", "ann (3), dave (1)", "carol"),
    ("Who has failed to authenticate since yesterday?", "ann, dave", "carol"),
    ("Which accounts had more than 2 failed logins?", "ann (3)", "dave"),
    ("which user has the most failed logins this week?", "ann, 3", "dave"),
    ("how many failed sign-ins were there on web-02 on 5 May?", "3 failed sign-ins", ""),
    ("How often did ann sign in this week?", "2 times", ""),
    ("From which IPs did ann log in?", "10.0.0.5, 198.51.100.9", "203.0.113.7"),
    ("from which IP addresses did ann fail to sign in?", "203.0.113.7", "198.51.100.9"),
    ("who signed in to db-01 between 2026-05-03 and 2026-05-05?", "ann, bob", "dave"),
    ("which user accounts logged on to db-01 from 198.51.100.9?", "ann", "bob"),
    ("On which hosts did dave's logins fail?", "db-01", "web"),
    ("Did carol sign in to web-02 today?", "Yes, 08:00", ""),
    ("Did carol sign in to db-01?", "No", "Yes"),
    ("when did ann last sign in to db-01?", "2026-05-06T01:20:00Z", "2026-05-03"),
    ("when did ann first fail to log in?", "2026-05-05T23:00:00Z", ""),
    ("last 3 sign-ins of ann", "01:20:00, 23:02:00, 23:01:00", "23:00:00"),
    ("Which users signed in to both web-01 and db-01?", "ann, bob", "carol"),
    ("Who signed in to web-01 and db-01?", "web-01: ann and bob, db-01: ann and bob", "carol"),
    ("users that never failed to sign in", "bob, carol", "ann, dave"),
    ("which applications did bob use?", "portal, vpn", ""),
    ("how many sign-ins happened per day this week", "2026-05-05 (5), 2026-05-06 (3)", ""),
    ("did ann or dave have more failed sign-ins?", "ann (3), dave (1)", ""),
    ("compare failed sign-ins of ann and dave", "ann (3), dave (1)", ""),
    ("how many failed logins were there except for ann?", "1 failed sign-in", "ann ("),
    ("which CVEs are on web-01 but not on web-02", "CVE-2024-3094, CVE-2020-4444", "CVE-2023-4911"),
    (
        "For each of web-01 and web-02: how many exploitable CVEs?",
        "3 exploitable CVEs on web-01, 2 exploitable CVEs on web-02",
        "",
    ),
    (
        "Failed sign-ins from 203.0.113.7: how many, and how many different accounts?",
        "3 failed sign-ins, 1 user",
        "dave",
    ),
    ("hosts on which ann signed in on 5 May, in order of time", "web-01", "db-01"),
    ("sign-ins of ann on 5 May between 07:00 and 08:00", "1 sign-in, 07:55:00", "23:00"),
    ("how many mails were flagged since Monday, and how many of these are alerts?", "2 flagged mails", ""),
    ("Hello! Could you tell me how many CVEs are under investigation? Thanks a lot", "1 CVE", ""),
    # mail
    ("how many phishing mails did we get since Monday?", "2 flagged mails", ""),
    ("Show me the top 5 senders of phishing mail", "it@evil.example, 2", "ceo@"),
    ("who sent mail to ann@corp.example yesterday?", "it@evil.example", "pay@"),
    ("who got mail from it@evil.example?", "ann@corp.example, bob@corp.example", "carol"),
    ("which senders sent mail with intent invoice?", "pay@evil.example", "it@"),
    ("How many mails were flagged per sender?", "it@evil.example (2), ceo@c0rp.example (1)", ""),
    ("How many mails from the domain evil.example were flagged since 1 April?", "3 flagged mails", ""),
    ("which sender domains send the most flagged mail?", "evil.example (3), c0rp.example (1)", ""),
    ("show flagged mails of last week", "Urgent payment", "password"),
    ("Which mails were flagged with intent payment-change?", "Urgent payment", "Invoice"),
    ("why was the mail from ceo@c0rp.example flagged", "payment-change", "credential"),
    # alerts and findings
    ("How many alerts per job this week?", "vulns (5), mail (2), logs (2)", ""),
    ("which log alerts are still open and unassigned", "many failed sign-ins", "country"),
    ("any alerts for dave?", "new country, Invoice 4711", "ann@"),
    ("which users have log alerts with technique T1078?", "ann, dave", "bob"),
    ("Who triggered alerts for T1078, and when?", "ann, dave, 2026-05-06T01:20:00Z", ""),
    ("Which technique is the most frequent in our log alerts?", "T1078, 2", "T1110"),
    ("Which log alerts are closed?", "dave", "ann"),
    ("which alerts are assigned to bob?", "new country, CVE-2023-4911", "dave"),
    ("how many findings are closed?", "2 closed findings", ""),
    ("how many findings per state", "open (13), closed (2)", ""),
    ("how many review findings does the mail job have?", "1 finding", ""),
    ("number of findings per verdict", "alert (11), clear (2), unknown (1), review (1)", ""),
    ("why was ann flagged", "new country, many failed", "dave"),
    ("what changed since yesterday", "12 findings, vulns (8), mail (2), logs (2)", ""),
    ("timeline of user ann on 3 May", "10:00:00Z", "2026-05-05"),
    ("what happened to web-02 yesterday?", "203.0.113.7", "2026-05-06"),
    # joins
    ("Who signed in to hosts affected by CVE-2024-3094?", "ann, bob", "carol, dave"),
    ("Which hosts with exploitable vulnerabilities had failed logins yesterday?", "web-02", "web-01, db-01"),
    ("For the hosts with exploitable CVEs, who failed to sign in?", "ann", "dave"),
    ("Which hosts with KEV vulnerabilities did ann sign in to?", "1 host, web-01", "web-02"),
    ("Which exploitable CVEs are on hosts where ann signed in?", f"{KEV}, CVE-2020-4444", "CVE-2022-1111"),
    ("which users with log alerts signed in to hosts with exploitable CVEs?", "ann", "bob, dave"),
    ("which users received phishing mail and had failed sign-ins?", "ann", "bob, dave"),
    ("Which users who have log alerts also received flagged mail?", "ann, dave", "bob, carol"),
    ("Which of the recipients of mail from evil.example signed in today?", "ann@corp.example", "bob, dave"),
    # several steps
    (
        "which of our exploitable CVEs are in KEV, who logs in to those hosts, and what does the runbook"
        " say?",
        f"{KEV}, ann, bob, carol, Isolate the host",
        "dave",
    ),
    (
        "Did anyone fail to sign in to web-02 yesterday, and from which IP addresses?",
        "ann, 203.0.113.7",
        "dave",
    ),
    (
        "Which of our hosts are affected by CVE-2023-4911 and who is assigned to it?",
        "web-01, web-02, bob",
        "carol",
    ),
    ("which CVEs on web-01 have a fix and what are the fixed versions?", f"{KEV}, 9.9", "CVE-2022-1111"),
    (
        "which techniques did we see and which mitigations exist for them",
        "T1110.003, T1078, Lock accounts",
        "",
    ),
    (
        "What does the runbook say about phishing, and who got phishing mail?",
        "Block the sender, ann@, bob@",
        "carol",
    ),
    ("how should we handle the KEV vulnerabilities on web-01", "Isolate the host", ""),
    (
        "For CVE-2023-4911: which hosts are affected, and who signed in there?",
        "web-01, web-02, ann, bob, carol",
        "dave",
    ),
    ("which host has the most exploitable CVEs and who signed in to it?", "web-01, ann, bob", "carol, dave"),
]


@pytest.mark.parametrize(("question", "holds", "lacks"), QUESTIONS, ids=[q[0][:60] for q in QUESTIONS])
def test_questions_are_answered_from_the_findings(
    question: str, holds: str, lacks: str, ask: Callable[..., Answer]
) -> None:
    answer = ask(question)
    said = " ".join(
        sentence.text for sentence in answer.sentences if not sentence.text.startswith("Left out")
    )
    assert answer.status is Status.ANSWERED, answer.notices
    assert all(part in said for part in holds.split(", ")), said
    assert not any(part in said for part in lacks.split(", ") if part), said
    assert all(sentence.handles for sentence in answer.sentences)


@pytest.mark.parametrize("question", [q[0] for q in QUESTIONS], ids=[q[0][:60] for q in QUESTIONS])
def test_every_sentence_is_carried_by_what_it_cites(question: str, ask: Callable[..., Answer]) -> None:
    """Numbers and identifiers of our own sentences stand in their facts, counts in computed ones."""
    answer = ask(question)
    cited = {citation.handle: citation for citation in answer.citations}
    for sentence in answer.sentences:
        told = " ".join([*(cited[handle].quote for handle in sentence.handles), str(answer.steps)])
        for name in re.findall(r"CVE-\d+-\d+|\d+\.\d+\.\d+\.\d+|[\w.]+@[\w.]*\w", sentence.text):
            assert name in told or name in question, (sentence.text, told)


NOT_UNDERSTOOD = [
    "which of our gizmos frobnicated the exploitable CVEs?",
    "how many of our users are left-handed and failed to sign in?",
    "who logged in to web-99 yesterday?",
    "did bob sign in after receiving the phishing mail?",
    "which of our exploitable CVEs are scarier than CVE-2024-3094?",
    "which users signed in from Brazil?",
    "why was this mail flagged?",
    "which alerts did anne get?",
]


@pytest.mark.parametrize("question", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_not_answered(question: str, ask: Callable[..., Answer]) -> None:
    answer = ask(question)
    assert answer.status is Status.NOT_IN_SOURCES, answer.text
    assert any(notice.startswith("Not answered") for notice in answer.notices)


def test_a_part_that_is_not_understood_makes_a_partial_answer(ask: Callable[..., Answer]) -> None:
    answer = ask("which exploitable CVEs are in KEV and which of them are purple?")
    assert answer.status is Status.PARTIAL
    assert "CVE-2024-3094" in answer.text
    assert any("purple" in notice for notice in answer.notices)


def test_what_goes_on_from_a_part_without_answer_is_not_answered_either(ask: Callable[..., Answer]) -> None:
    answer = ask("which exploitable CVEs are purple and who signed in to those hosts?")
    assert answer.status is Status.NOT_IN_SOURCES
    assert any("could not be answered" in notice for notice in answer.notices)


SEVERAL = [
    "exploitable CVEs in KEV on web-01 and the packages",
    "number of exploitable CVEs and closed CVEs on web-01",
    "failed logins of ann and successful ones",
    "which hosts have more exploitable CVEs than web-02?",
    "the highest EPSS on web-01, and which package",
    "exploitable CVEs on web-01, accounts that log in there",
    "flagged mails to the owner of web-01",
    "did the owner of web-01 get flagged mails?",
    "when was CVE-2020-4444 on web-01 fixed?",
]


@pytest.mark.parametrize("question", SEVERAL)
def test_what_seeks_several_things_is_not_answered_by_one(question: str, ask: Callable[..., Answer]) -> None:
    answer = ask(question)
    assert answer.status is not Status.ANSWERED, answer.text
    assert any(notice.startswith("Not answered") for notice in answer.notices)


def test_a_later_part_keeps_what_restricted_the_one_before(ask: Callable[..., Answer]) -> None:
    answer = ask("how many failed logins on web-02, and how many exploitable CVEs?")
    assert answer.status is Status.PARTIAL
    assert len(answer.sentences) == 1
    answer = ask("which day had the most failed logins this week, and how many?")
    assert answer.status is Status.ANSWERED
    assert "3" in answer.sentences[0].text


def test_what_only_prepares_is_no_answer(ask: Callable[..., Answer]) -> None:
    answer = ask("the host with the most exploitable CVEs: what is its colour?")
    assert answer.status is Status.NOT_IN_SOURCES
    assert not answer.sentences


def test_both_of_kev_and_where_are_told(ask: Callable[..., Answer]) -> None:
    answer = ask("glibc: CVEs that are exploitable, and on which hosts")
    assert "CVE-2023-4911" in answer.text
    assert "web-01" in answer.text


def test_nothing_found_is_said_with_what_was_searched(ask: Callable[..., Answer]) -> None:
    answer = ask("which exploitable CVEs on db-01 are in KEV?")
    assert answer.status is Status.ANSWERED
    assert answer.sentences[0].text == "There are no exploitable CVEs in KEV on db-01."
    assert answer.sentences[-1].text == (
        "Searched were all vulnerability findings up to 2026-05-05T06:00:00Z."
    )


def test_what_goes_on_from_nothing_is_nothing(ask: Callable[..., Answer]) -> None:
    answer = ask("which exploitable CVEs on db-01 are in KEV and who signed in to those hosts?")
    assert answer.sentences[-1].text == "There are no such hosts to go on with."


def test_an_empty_view_names_the_command_that_fills_it(
    ask: Callable[..., Answer], tools: dict[str, ReadTool]
) -> None:
    more = as_tools(
        TableTool("query_findings", {"mail": [], "vulnerabilities": [], "findings": [], "log_alerts": []})
    )
    answer = ask("how many mails were flagged today?", more=more)
    assert "icelos scan mail" in answer.text
    answer = ask("who failed to sign in yesterday?", more=more)
    assert answer.status is Status.NOT_IN_SOURCES
    assert any("search" in notice for notice in answer.notices)


def test_a_long_list_is_cut_and_counted(ask: Callable[..., Answer], tools: dict[str, ReadTool]) -> None:
    rows = [dict(MAIL[0], id=f"m{n}", sender=f"s{n:03}@evil.example") for n in range(100)]
    views = {"mail": rows, "findings": [], "vulnerabilities": [], "log_alerts": []}
    answer = ask("which senders sent flagged mail?", more=as_tools(TableTool("query_findings", views)))
    assert "100 senders" in answer.sentences[0].text
    assert "and 70 more" in answer.sentences[0].text


def test_a_set_that_is_cut_is_not_gone_on_with(
    ask: Callable[..., Answer], tools: dict[str, ReadTool]
) -> None:
    rows = [dict(MAIL[0], id=f"m{n}", recipients=f"u{n:04}@corp.example") for n in range(2000)]
    views = {"mail": rows, "findings": [], "vulnerabilities": [], "log_alerts": []}
    more = {**tools, **as_tools(TableTool("query_findings", views))}
    answer = ask("who received flagged mail and did they sign in today?", more=more)
    assert answer.status is Status.PARTIAL
    assert any("too many" in notice for notice in answer.notices)


def test_a_tool_that_fails_ends_in_an_honest_answer(
    ask: Callable[..., Answer], tools: dict[str, ReadTool]
) -> None:
    class Broken(TableTool):
        def call(self, arguments: object, *, principal: Principal) -> object:  # type: ignore[override]
            raise RuntimeError("disk on fire")

    more = {**tools, "search_logs": Broken("search_logs", {"logs": []})}
    answer = ask("which exploitable CVEs are in KEV and who signs in to those hosts?", more=more)
    assert answer.status is Status.PARTIAL
    assert "CVE-2024-3094" in answer.text
    assert any("disk on fire" in notice for notice in answer.notices)
    assert any(step.outcome == "failed" for step in answer.steps)


def test_calls_are_bounded(ask: Callable[..., Answer]) -> None:
    answer = ask("which exploitable CVEs are in KEV and who signs in to those hosts?", agent_tool_calls=3)
    assert answer.status is Status.PARTIAL
    assert len([step for step in answer.steps if step.tool != "model"]) == 3
    assert any("3 calls" in notice for notice in answer.notices)


def test_who_may_not_read_gets_no_tools(pilot: Callable[..., Copilot]) -> None:
    nobody = Principal("eve", rights=frozenset({Right.ASK}))
    answer = pilot().ask("which exploitable CVEs are in KEV?", principal=nobody)
    assert not answer.sentences
    assert answer.status is Status.NOT_IN_SOURCES


def test_steps_are_kept_and_streamed(pilot: Callable[..., Copilot]) -> None:
    events = list(pilot().stream("how many alerts per job?", principal=ANN))
    steps = [event.step for event in events if event.kind == "step"]
    answer = events[-1].answer
    assert answer is not None
    assert steps == list(answer.steps)
    assert {step.tool for step in answer.steps} == {"query_findings"}
    assert answer.steps[0].arguments["view"] == "findings"
    assert answer.steps[0].why == "how many alerts per job"


def test_citations_of_facts_say_where_and_how_far_to_trust(ask: Callable[..., Answer]) -> None:
    answer = ask("when did ann last sign in to db-01?")
    citation = answer.citations[-1]
    assert citation.ref == "log:signins/6"
    assert citation.tier == "outside"
    assert citation.modified is not None
    assert citation.chunk_id == ""


def test_follow_ups_go_on_from_the_turn_before(pilot: Callable[..., Copilot]) -> None:
    copilot = pilot()
    first = copilot.ask("which vulnerabilities are exploitable?", principal=ANN)
    second = copilot.ask("and which of those are closed?", principal=ANN, conversation=first.conversation)
    assert second.status is Status.ANSWERED
    assert "CVE-2020-4444" in second.text
    assert "CVE-2024-3094" not in second.text
    third = copilot.ask("who signed in to those hosts?", principal=ANN, conversation=first.conversation)
    assert "bob" in third.text
    assert "dave" not in third.text


def test_knowledge_is_still_answered_by_documents(ask: Callable[..., Answer]) -> None:
    answer = ask("what is T1110.003?")
    assert answer.made_by["answerer"] == "extractive"
    assert "one password" in answer.text
    assert not answer.steps


def test_off_is_off(ask: Callable[..., Answer]) -> None:
    assert not ask("which exploitable CVEs are in KEV?", agent="off").steps


WORDS = """which|who|hosts|users|exploitable|CVEs|in KEV|failed to sign in|and|,|those|per|most
|more than 3|them|yesterday|mail|alerts|for|web-01|CVE-2024-3094|assigned to|with|that
|since Monday|top 5|why|flagged|?|ann|how many|did|log alerts|sender|the latest|highest EPSS|by
|packages|state|without a fix|T1078|to|from|on"""


@given(words=st.lists(st.sampled_from(WORDS.replace("\n", "").split("|")), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_ends_in_a_traceback(words: list[str], ask: Callable[..., Answer]) -> None:
    answer = ask(" ".join(words), agent="on")
    assert answer.sentences or answer.notices
