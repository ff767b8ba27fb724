from __future__ import annotations

from fastapi.testclient import TestClient


def test_feeds_and_tasks(client: TestClient) -> None:
    answer = client.get("/api/feeds")
    assert answer.status_code == 200
    found = answer.json()
    assert {"kev", "epss", "osv", "csaf"} <= {one["name"] for one in found["feeds"]}
    assert [one["name"] for one in found["tasks"]] == ["knowledge", "inventories"]
    assert found["news"] == []
    assert isinstance(found["running"], bool)


def test_news_of_an_empty_workspace(client: TestClient) -> None:
    found = client.get("/api/news", params={"since": "7d"}).json()
    assert (found["items"], found["others"]) == ([], {})
    assert "no advisories" in found["notices"][0]
    refused = client.get("/api/news", params={"since": "soon"})
    assert refused.status_code in {400, 422}
    assert refused.headers["content-type"] == "application/problem+json"


def test_nobody_sees_them_without_a_session(visitor: TestClient) -> None:
    assert visitor.get("/api/feeds").status_code == 401
    assert visitor.get("/api/news").status_code == 401
