"""Passages, documents and sources, for those who may read them."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Principal
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section

ANN = Principal("ann", frozenset({"soc"}))
BOARD = Principal("bob", frozenset({"board"}))


def test_a_passage_stands_in_its_document(client: TestClient, store: KnowledgeStore) -> None:
    hit = store.search("revoke the sessions", principal=ANN)[0]
    view = client.get(f"/api/passages/{hit.chunk_id}").json()
    assert view["passage"]["title"] == "Mailbox runbook"
    assert view["old"] is True
    assert view["current"] is True
    assert [part["passage"] for part in view["parts"]] == [hit.text]


def test_a_replaced_version_is_still_shown_and_marked(client: TestClient, store: KnowledgeStore) -> None:
    hit = store.search("revoke the sessions", principal=ANN)[0]
    new = Document(
        id="runbooks/mailbox.md", source="runbooks/mailbox.md", title="Mailbox runbook",
        modified=datetime.now(UTC), sections=(Section("Contain", "Call the night shift."),),
    )  # fmt: skip
    store.add([new], collection="runbooks", path="runbooks/")
    view = client.get(f"/api/passages/{hit.chunk_id}").json()
    assert view["current"] is False
    assert "Revoke the sessions" in view["parts"][0]["passage"]
    assert client.get("/api/documents/runbooks/mailbox.md").json()["version"] == 2
    assert client.get("/api/documents/runbooks/mailbox.md?version=1").json()["version"] == 1


def test_what_may_not_be_read_is_not_told_from_what_is_not_there(
    client: TestClient, store: KnowledgeStore
) -> None:
    hidden = store.search("merger", principal=BOARD)[0]
    replies = [
        client.get(path)
        for path in (f"/api/passages/{hidden.chunk_id}", "/api/passages/c999999", "/api/documents/secret",
                     "/api/documents/none")
    ]  # fmt: skip
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.text for reply in replies}) == 1


def test_odd_ids_are_not_found(client: TestClient) -> None:
    for chunk in ("c", "x1", "c-1", "c1e3", "c" + "9" * 40, "%00", "c1'--"):
        assert client.get(f"/api/passages/{chunk}").status_code == 404, chunk


def test_a_document_comes_in_pieces(client: TestClient, store: KnowledgeStore) -> None:
    sections = tuple(Section(str(n), "word " * 10_000) for n in range(9))
    store.add([Document(id="long", source="long.md", title="Long", sections=sections)])
    first = client.get("/api/documents/long").json()
    rest = client.get(f"/api/documents/long?first={first['next']}").json()
    headings = [s["heading"] for s in [*first["sections"], *rest["sections"]]]
    assert headings[: len(first["sections"]) + 1] == [str(n) for n in range(len(first["sections"]) + 1)]
    assert client.get("/api/documents/long?first=-1").status_code == 422


def test_sources_tell_their_freshness(client: TestClient, app: FastAPI) -> None:
    app.state.prepare.run()
    listed = client.get("/api/sources").json()
    assert {(one["path"], one["documents"], one["old"]) for one in listed["sources"]} == {
        ("attack.json", 1, False), ("runbooks/", 1, True),
    }  # fmt: skip
    assert listed["documents"] == 2
    assert listed["preparation"]["phase"] == "ready"


def test_a_search_finds_what_may_be_read(client: TestClient) -> None:
    hits = client.get("/api/search", params={"q": "failed sign-ins", "limit": 1}).json()["hits"]
    assert [hit["document_id"] for hit in hits] == ["t1110-003"]
    assert client.get(f"/api/passages/{hits[0]['chunk_id']}").status_code == 200
    assert "merger" not in client.get("/api/search", params={"q": "merger announced in May"}).text.lower()
    for query in ("", "q=", "q=x&limit=0", f"q={'x' * 8001}"):
        assert client.get(f"/api/search?{query}").status_code == 422, query
