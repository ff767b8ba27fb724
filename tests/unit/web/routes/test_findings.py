"""Findings and failures of the workspace's store."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.findings import Finding, Verdict, failure


@pytest.fixture
def filled(app: FastAPI, client: TestClient) -> TestClient:
    findings = [
        Finding(
            record_id=str(n),
            job="mail",
            verdict=Verdict.ALERT if n else Verdict.REVIEW,
            label="x",
            summary="s",
        )
        for n in range(3)
    ]
    app.state.services.findings.write(
        [*findings, failure(record_id="9", job="logs", error="bad", source="a:1")]
    )
    return client


def test_they_are_listed_with_filters(filled: TestClient) -> None:
    assert filled.get("/api/findings").json()["total"] == 3
    assert len(filled.get("/api/findings?verdict=alert").json()["findings"]) == 2
    assert len(filled.get("/api/findings?limit=1&offset=2").json()["findings"]) == 1
    assert filled.get("/api/findings?job=logs").json() == {"findings": [], "total": 0, "next": None}
    assert filled.get("/api/failures").json()["failures"][0]["error"] == "bad"
    assert filled.get("/api/failures?job=mail").json()["failures"] == []


def test_odd_queries_are_problems(filled: TestClient) -> None:
    for query in ("limit=0", "limit=9999", "offset=-1", "verdict=evil", "limit=x"):
        assert filled.get(f"/api/findings?{query}").status_code == 422, query
