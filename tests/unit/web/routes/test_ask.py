"""Questions through the real copilot, without a model."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.jobs.copilot.bait import plant
from icelos.web.app import THREADS
from icelos.web.prepare import Prepare
from icelos.web.schemas import Preparation
from icelos.web.turns import Turns


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks
    ]


def test_an_answer_has_citations_that_open(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "What is T1110.003?"}).json()
    assert answer["status"] == "answered"
    handles = {handle for sentence in answer["sentences"] for handle in sentence["handles"]}
    assert handles == {citation["handle"] for citation in answer["citations"]}
    for citation in answer["citations"]:
        view = client.get(f"/api/passages/{citation['chunk_id']}").json()
        assert citation["quote"] in "".join(part["passage"] for part in view["parts"])


def test_a_stream_ends_with_the_whole_answer(client: TestClient) -> None:
    reply = client.post("/api/ask/stream", json={"question": "What is T1110.003?"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store"
    found = events(reply.text)
    assert [kind for kind, _ in found][-1] == "answer"
    assert {kind for kind, _ in found} == {"status", "sentence", "answer"}
    assert all(kind == data["kind"] for kind, data in found)


def test_a_follow_up_stays_in_its_conversation(client: TestClient) -> None:
    first = client.post("/api/ask", json={"question": "What is T1110.003?"}).json()
    body = {"question": "How is it detected?", "conversation": first["conversation"]}
    second = client.post("/api/ask", json=body).json()
    assert second["conversation"] == first["conversation"]
    turns = client.get(f"/api/conversations/{first['conversation']}").json()["turns"]
    assert [turn["question"] for turn in turns] == ["What is T1110.003?", "How is it detected?"]


def test_what_is_not_there_is_not_answered(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "What is T9999.123?"}).json()
    assert answer["status"] == "unknown_identifier"
    assert answer["sentences"] == []


def test_nothing_of_another_group_is_told(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "When is the merger announced?"})
    assert "May" not in answer.text
    assert "Merger plan" not in answer.text


@pytest.mark.parametrize("path", ["/api/ask", "/api/ask/stream"])
def test_a_bad_body_is_a_problem(client: TestClient, path: str) -> None:
    bodies: tuple[object, ...] = (
        {},
        {"question": ""},
        {"question": "x" * 9000},
        {"question": "x", "a": 1},
        [],
    )
    for body in bodies:
        reply = client.post(path, json=body)
        assert reply.status_code == 400, body
        assert reply.headers["content-type"] == "application/problem+json"


def test_a_body_of_another_type_is_refused(client: TestClient) -> None:
    reply = client.post("/api/ask", content='{"question":"x"}', headers={"content-type": "text/plain"})
    assert reply.status_code == 415


def test_a_thumb_is_kept_and_the_last_one_counts(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": "What is T1110.003?"}).json()
    for thumb in ("up", "down"):
        body = {"answer_id": answer["answer_id"], "thumb": thumb}
        assert client.post("/api/feedback", json=body).status_code == 204
    found = client.get(f"/api/conversations/{answer['conversation']}").json()
    assert found["thumbs"] == {answer["answer_id"]: "down"}


def test_a_thumb_for_no_answer_is_a_problem(client: TestClient) -> None:
    assert client.post("/api/feedback", json={"answer_id": "x", "thumb": "up"}).status_code == 404


def test_a_question_waits_for_the_knowledge_it_needs(app: FastAPI, client: TestClient) -> None:
    asked = threading.Event()

    class Watched(Prepare):
        def waiting(self) -> Iterator[Preparation]:
            for state in super().waiting():
                yield state
                asked.set()

    def once_asked(_services: object, _progress: object) -> None:
        assert asked.wait(30)

    prepare = Watched(app.state.services, once_asked)
    app.state.prepare = prepare
    prepare.start()
    found = events(client.post("/api/ask/stream", json={"question": "What is T1110.003?"}).text)
    assert found[0][1]["text"] == "indexing the bundled knowledge"
    assert found[-1][1]["answer"]["status"] == "answered"  # type: ignore[index]
    prepare.stop()


@pytest.mark.parametrize("path", ["/api/ask", "/api/ask/stream"])
def test_fifty_at_once_are_all_answered(client: TestClient, path: str) -> None:
    def ask(number: int) -> str:
        reply = client.post(path, json={"question": f"What is T1110.003? {number}"})
        assert reply.status_code == 200, reply.text
        return reply.text

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(ask, range(50)))
    assert all('"status":"answered"' in text for text in found)
    assert len({re.findall(r'"answer_id":"(\w+)"', text)[-1] for text in found}) == 50


def test_questions_that_wait_keep_nobody_else_waiting(app: FastAPI, client: TestClient) -> None:
    app.state.turns = Turns(1)
    begun, go = threading.Event(), threading.Event()

    class Held(Prepare):
        def waiting(self) -> Iterator[Preparation]:
            begun.set()
            go.wait(30)
            return iter(())

    app.state.prepare = Held(app.state.services)
    with ThreadPoolExecutor(2 * THREADS) as pool:
        asked = [
            pool.submit(client.post, "/api/ask", json={"question": "T1110.003"}) for _ in range(2 * THREADS)
        ]
        assert begun.wait(30)
        assert client.get("/api/findings").status_code == 200
        go.set()
        assert {one.result().status_code for one in asked} == {200}


def test_a_full_queue_is_told_before_a_stream_begins(app: FastAPI, client: TestClient) -> None:
    app.state.turns = Turns(1, waiting=0)
    for path in ("/api/ask", "/api/ask/stream"):
        reply = client.post(path, json={"question": "What is T1110.003?"})
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "5"
        assert reply.headers["content-type"] == "application/problem+json"


def test_what_must_never_be_shown_is_withheld_here_too(client: TestClient, app: FastAPI) -> None:
    settings = app.state.services.settings
    canary = plant(settings, "vpn passwords", about="VPN passwords are kept in the safe room.")
    for path in ("/api/ask", "/api/ask/stream"):
        shown = client.post(path, json={"question": "Where are VPN passwords kept?"})
        assert canary.token not in shown.text
        assert "withheld" in shown.text
    (alert,) = app.state.services.findings.findings(job="copilot", limit=1)
    assert (alert.label, alert.attributes["canaries"]) == ("canary-leak", "vpn passwords")
