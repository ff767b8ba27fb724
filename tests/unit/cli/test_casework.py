"""`icelos findings close` and its like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli import main
from icelos.data.sinks import SqliteSink
from icelos.findings import Evidence, Finding, How, Verdict

MAILS = [
    Finding(
        record_id=f"m{number}", job="mail", verdict=Verdict.ALERT, label="bec", summary="a payment",
        score=0.9, source=f"box:{number}", evidence=(Evidence("pay today", "body", How.RULE),),
        attributes={"sender": "boss@example.com", "subject": "Payment", "time": f"2026-05-0{number}"},
    )
    for number in (1, 2)
]  # fmt: skip
ONE, TWO = MAILS


@pytest.fixture(autouse=True)
def _found(home: Path) -> None:
    with SqliteSink(home / "findings.sqlite") as sink:
        sink.write(MAILS)


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main.run(["findings", *arguments]) == code
    shown = capsys.readouterr()
    return shown.out if code == 0 else shown.err


def test_a_finding_from_hand_to_hand(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "assign", ONE.id[:8], "bob", "--by", "ann")
    told(capsys, "comment", "mail/m1", "called the boss", "--by", "bob")
    assert "closed: true_positive, bob" in told(
        capsys, "close", ONE.id, "--as", "true_positive", "--by", "bob"
    )
    shown = told(capsys, "show", ONE.id[:8])
    for part in (
        "alert 0.90  mail  bec  (closed: true_positive, bob)", "ann gave it to bob", "[rule] body: pay today",
        "bob commented: called the boss", "bob closed as true_positive",
    ):  # fmt: skip
        assert part in shown
    open_ones = told(capsys, "--state", "open", "--json").splitlines()
    assert [json.loads(line)["record_id"] for line in open_ones] == ["m2"]
    listed = told(capsys, "--assignee", "bob")
    assert listed.count("closed: true_positive") == 1
    case = json.loads(told(capsys, "reopen", ONE.id[:8], "--why", "again", "--json"))
    assert (case["state"], case["assignee"]) == ("open", "bob")


def test_duplicates_are_shown_first_and_merged_when_told(capsys: pytest.CaptureFixture[str]) -> None:
    group = json.loads(told(capsys, "duplicates", "--json"))
    assert group == {"first": ONE.id, "others": [TWO.id]}
    assert len(told(capsys, "--state", "open").splitlines()) == 2
    told(capsys, "duplicates", "--merge")
    assert "closed: duplicate" in told(capsys, "--state", "closed")
    assert json.loads(told(capsys, "show", ONE.id, "--json"))["repeated_by"] == [TWO.id]
    assert told(capsys, "duplicates", "--json") == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["close", "mail/m1", "--as", "dull"], "no reason 'dull'"),
        (["close", "mail/m1", "--as", "cleared"], "no reason 'cleared'"),
        (["show", "mail/m9"], "no finding 'mail/m9'"),
        (["show", "abc"], "no finding 'abc'"),
        (["comment", "mail/m1", " "], "nothing is said"),
        (["reopen", "mail/m1", "--why", "x"], "it is open"),
        (["merge", "mail/m1", "--into", "mail/m1"], "does not repeat itself"),
        (["--state", "shut"], "no state 'shut'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = told(capsys, *arguments, code=2)
    assert why in error
    assert len(error.strip().splitlines()) == 1
