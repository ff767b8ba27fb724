"""What Prometheus reads from the console: who may, and which labels there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from icelos.errors import SettingsError
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings
from icelos.web.app import create_app

ADDRESS = "http://127.0.0.1:8787"
TOKEN = "scrape-me-0123456789"


@pytest.fixture
def scraper(settings: Settings, store: KnowledgeStore) -> Iterator[TestClient]:
    """A client that has the token of /metrics and no session."""
    del store
    with TestClient(create_app(settings, metrics_token=TOKEN), base_url=ADDRESS) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield client


def test_a_token_reads_the_metrics_and_nothing_else(scraper: TestClient) -> None:
    reply = scraper.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {"process_resident_memory_bytes", "icelos_http_requests", "icelos_model_calls"} <= {
        family.name for family in text_string_to_metric_families(reply.text)
    }
    assert scraper.get("/api/findings").status_code == 401


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer ", "", "Basic c2NyYXBl", f"Bearer {TOKEN}x", "Bearer \xe9"]
)
def test_a_wrong_token_is_refused(scraper: TestClient, given: str) -> None:
    reply = scraper.get("/metrics", headers={b"authorization": given.encode("latin-1")})
    assert reply.status_code == 401
    assert "icelos_" not in reply.text


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", ""])
def test_no_token_is_not_an_empty_one(visitor: TestClient, given: str) -> None:
    assert visitor.get("/metrics", headers={"authorization": given}).status_code == 401


def test_a_session_reads_them_too(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("token", ["short", "sixteen-or-more\n", "sixteen-or-möre-"])
def test_a_token_that_could_be_guessed_is_refused(settings: Settings, token: str) -> None:
    with pytest.raises(SettingsError, match="16 or more printable"):
        create_app(settings, metrics_token=token)


def test_a_new_app_has_metrics_of_its_own(app: FastAPI, scraper: TestClient) -> None:
    scraper.get("/healthz")
    assert (
        app.state.metrics.registry.get_sample_value(
            "icelos_http_requests_total", {"method": "GET", "route": "/healthz", "status": "2xx"}
        )
        is None
    )
