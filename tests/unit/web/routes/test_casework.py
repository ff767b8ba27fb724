from __future__ import annotations

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.findings import Finding, Verdict

MAIL = Finding(
    record_id="m/1", job="mail", verdict=Verdict.ALERT, label="bec", summary="a payment", score=0.9
)
SAME = Finding(
    record_id="m/2", job="mail", verdict=Verdict.ALERT, label="bec", summary="a payment", score=0.9
)


@pytest.fixture(autouse=True)
def _found(app: FastAPI) -> None:
    app.state.services.findings.write([MAIL, SAME])


def do(client: TestClient, status: int = 200, /, **step: object) -> dict[str, object]:
    answer = client.post(f"/api/cases/{MAIL.id}", json=step)
    assert answer.status_code == status, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_finding_from_hand_to_hand(client: TestClient) -> None:
    assert do(client, step="assign", assignee="bob")["assignee"] == "bob"
    do(client, step="comment", text="called the boss")
    closed = do(client, step="close", reason="true_positive", text="blocked")
    assert (closed["state"], closed["reason"]) == ("closed", "true_positive")
    assert do(client, step="reopen", text="again")["state"] == "open"
    assert do(client, step="merge", into=SAME.id)["duplicate_of"] == SAME.id
    whole = client.get(f"/api/cases/{MAIL.id}").json()
    assert [event["step"] for event in whole["events"]] == [
        "assigned",
        "commented",
        "closed",
        "reopened",
        "merged",
    ]
    assert {event["actor"] for event in whole["events"]} == {"ann"}
    assert client.get(f"/api/cases/{SAME.id}").json()["repeated_by"] == [MAIL.id]


def test_who_comes_second_is_told(client: TestClient) -> None:
    version = do(client, step="comment", text="mine")["version"]
    do(client, step="assign", assignee="bob", version=version)
    assert "meanwhile" in str(do(client, 409, step="close", reason="fixed", version=version)["detail"])


@pytest.mark.parametrize(
    "step",
    [
        {"step": "close", "reason": "dull"}, {"step": "close"}, {"step": "comment"}, {},
        {"step": "comment", "text": " "}, {"step": "comment", "text": "x", "by": "root"},
        {"step": "reopen", "text": "x"}, {"step": "shrug"},
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_a_problem(client: TestClient, step: dict[str, object]) -> None:
    do(client, 400, **step)


def test_what_is_not_there(client: TestClient) -> None:
    assert client.get("/api/cases/none").status_code == 404
    do(client, 404, step="merge", into="none")


def test_without_a_session(visitor: TestClient) -> None:
    assert visitor.get(f"/api/cases/{MAIL.id}").status_code == 401
    assert visitor.post(f"/api/cases/{MAIL.id}", json={"step": "comment", "text": "x"}).status_code == 401


def test_another_finding_that_is_hidden_is_not_named(app: FastAPI, client: TestClient) -> None:
    do(client, step="merge", into=SAME.id)
    hidden = msgspec.structs.replace(SAME, needs_groups=("board",))
    app.state.services.findings.write([hidden])
    assert SAME.id not in client.get(f"/api/cases/{MAIL.id}").text
