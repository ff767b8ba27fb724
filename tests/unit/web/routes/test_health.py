"""Probes, without a session."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.web.schemas import Preparation


def test_probes(app: FastAPI, visitor: TestClient) -> None:
    assert visitor.get("/healthz").json() == {"status": "ok"}
    app.state.prepare.state = Preparation(phase="indexing", done=1, total=2)
    assert visitor.get("/readyz").status_code == 503
    app.state.prepare.state = Preparation(phase="ready")
    assert visitor.get("/readyz").json() == {"status": "ready"}
