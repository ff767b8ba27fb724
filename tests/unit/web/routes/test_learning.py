"""Notes, saved questions, shifts and one's own data over HTTP; feedback on single sources."""

from __future__ import annotations

import json

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Principal, Right
from icelos.jobs.copilot.learning.feedback import read
from icelos.web.services import Services

QUESTION = {"question": "What is T1110.003?"}


def log(app: FastAPI) -> list[tuple[str, bool]]:
    services: Services = app.state.services
    with services.history.opened() as database:
        return [(line.kind.value, line.teaches) for line in read(database)]


def as_reader(app: FastAPI) -> None:
    services: Services = app.state.services
    services.__dict__["principal"] = Principal("ann", frozenset({"soc"}), frozenset({Right.READ, Right.ASK}))


def test_feedback_on_one_source(app: FastAPI, client: TestClient) -> None:
    answer = client.post("/api/ask", json=QUESTION).json()
    path = f"/api/answers/{answer['answer_id']}/feedback"
    handle = answer["citations"][0]["handle"]
    for body in (
        {"kind": "opened", "citation": answer["citations"][0]["chunk_id"]},
        {"kind": "up", "citation": handle}, {"kind": "wrong_citation", "citation": handle},
        {"kind": "corrected", "correction": "It is T1110.001."},
    ):  # fmt: skip
        assert client.post(path, json=body).status_code == 204
    assert [kind for kind, _ in log(app)] == ["opened", "up", "wrong_citation", "corrected"]
    assert client.post(path, json={"kind": "up", "citation": "Z9z9"}).status_code == 400
    assert client.post(path, json={"kind": "sideways"}).status_code == 400
    assert client.post("/api/answers/none/feedback", json={"kind": "up"}).status_code == 404


def test_who_may_not_write_may_open_and_nothing_else(app: FastAPI, client: TestClient) -> None:
    as_reader(app)
    answer = client.post("/api/ask", json=QUESTION).json()
    path = f"/api/answers/{answer['answer_id']}/feedback"
    chunk = answer["citations"][0]["chunk_id"]
    assert client.post(path, json={"kind": "opened", "citation": chunk}).status_code == 204
    assert client.post(path, json={"kind": "up", "citation": chunk}).status_code == 403
    assert client.post("/api/notes", json={"text": "x"}).status_code == 403
    assert log(app) == [("opened", False)]


def test_notes(client: TestClient) -> None:
    made = client.post("/api/notes", json={"text": "The janitor knocks at night.", "related": ["T1110.003"]})
    assert made.status_code == 201
    note = made.json()
    assert note["author"] == "ann"
    assert note["groups"] == ["soc"]
    path = f"/api/notes/{note['id']}"
    assert client.put(path, json={"text": "The janitor knocks at noon."}).json()["version"] == 2
    assert [one["id"] for one in client.get("/api/notes").json()["notes"]] == [note["id"]]
    assert client.get("/api/notes", params={"author": "ben"}).json()["notes"] == []
    hits = client.get("/api/search", params={"q": "janitor at noon"}).json()["hits"]
    assert hits[0]["document_id"] == note["id"]
    assert client.post("/api/notes", json={"text": ""}).status_code == 400
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404


def test_saved_questions_and_shifts(client: TestClient) -> None:
    saved = {"name": "spraying", **QUESTION}
    assert client.post("/api/questions", json=saved).status_code == 201
    assert [one["name"] for one in client.get("/api/questions").json()["questions"]] == ["spraying"]
    assert client.post("/api/questions/run", json={"name": "spraying"}).json()["changed"] is False
    report = client.get("/api/shift").json()
    assert {topic["name"] for topic in report["sections"]} >= {"documents of attack", "documents of runbooks"}
    assert "Merger plan" not in json.dumps(report)
    ended = client.post("/api/shift/end", json={"until": report["until"]}).json()
    assert client.post("/api/shift/end", json=ended).json() == ended
    assert client.get("/api/shift", params={"since": "2999-01-01T00:00:00"}).json()["sections"] == []
    assert client.delete("/api/questions", params={"name": "spraying"}).status_code == 204
    assert client.delete("/api/questions", params={"name": "spraying"}).status_code == 404


def test_ones_own_data(app: FastAPI, client: TestClient) -> None:
    client.post("/api/ask", json=QUESTION)
    profile = {"role": "night shift", "stack": ["Fortinet"], "verbosity": "short"}
    assert client.put("/api/me/profile", json=profile).status_code == 200
    assert client.get("/api/me/profile").json()["stack"] == ["Fortinet"]
    assert client.put("/api/me/profile", json={"language": "<script>"}).status_code == 400
    me = client.get("/api/me").json()
    assert (me["person"], me["answers"]) == ("ann", 1)
    lines = [msgspec.json.decode(line) for line in client.get("/api/me/export").content.splitlines()]
    assert [next(iter(line)) for line in lines] == ["profile", "answer", "member"]
    assert client.delete("/api/me").json()["answers"] == 1
    assert client.get("/api/me").json()["answers"] == 0
    as_reader(app)
    assert client.get("/api/me", params={"person": "ben"}).status_code == 400


@pytest.mark.parametrize("path", ["/api/notes", "/api/questions", "/api/shift", "/api/me", "/api/me/export"])
def test_nothing_without_a_session(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 401
