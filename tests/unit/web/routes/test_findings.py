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


def test_pages_follow_each_other(filled: TestClient) -> None:
    seen, path = [], "/api/findings?limit=2"
    while path:
        page = filled.get(path).json()
        seen += [one["record_id"] for one in page["findings"]]
        path = f"/api/findings?limit=2&before={page['next']}" if page["next"] else ""
    assert seen == ["2", "1", "0"]
    for query in ("before=0", "before=x", f"before={2**63}", f"offset={2**63}"):
        assert filled.get(f"/api/findings?{query}").status_code == 422, query


def test_one_finding_is_read_by_job_and_record(filled: TestClient, app: FastAPI) -> None:
    odd = Finding(record_id="a/b ?", job="vulns", verdict=Verdict.ALERT, label="x", summary="slashes")
    app.state.services.findings.write([odd])
    assert filled.get("/api/findings/mail/1").json()["record_id"] == "1"
    assert filled.get("/api/findings/vulns/a/b%20%3F").json()["summary"] == "slashes"
    for path in ("mail/7", "logs/9", "logs/1"):  # not there, a failure, another job's
        assert filled.get(f"/api/findings/{path}").status_code == 404
