"""List, read, delete."""

from __future__ import annotations

from fastapi.testclient import TestClient


def ask(client: TestClient, question: str) -> str:
    return str(client.post("/api/ask", json={"question": question}).json()["conversation"])


def test_the_latest_comes_first_and_a_deleted_one_is_gone(client: TestClient) -> None:
    first, second = ask(client, "What is T1110.003?"), ask(client, "What is in the mailbox runbook?")
    listed = client.get("/api/conversations").json()["conversations"]
    assert [one["conversation"] for one in listed] == [second, first]
    assert client.delete(f"/api/conversations/{second}").status_code == 204
    assert client.get(f"/api/conversations/{second}").status_code == 404
    assert client.delete(f"/api/conversations/{second}").status_code == 404
    assert len(client.get("/api/conversations").json()["conversations"]) == 1
    assert len(client.get("/api/conversations?limit=1").json()["conversations"]) == 1


def test_an_unknown_one_is_not_found(client: TestClient) -> None:
    assert client.get("/api/conversations/unknown").status_code == 404
