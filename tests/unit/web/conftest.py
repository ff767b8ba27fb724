"""A console on a small real store: two open documents and one that a group may read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Right
from icelos.knowledge.store import KnowledgeStore
from icelos.people.roles import Role
from icelos.people.store import People
from icelos.records import Document, Section
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings, Workspace
from icelos.web.app import create_app
from icelos.web.prepare import Prepare, Progress
from icelos.web.services import Services

ADDRESS = "http://127.0.0.1:8787"

SPRAYING = Document(
    id="t1110-003", source="attack.json", title="T1110.003 Password Spraying", kind="technique",
    identifiers=("T1110.003",), url="https://attack.example/T1110/003",
    modified=datetime.now(UTC), licence="test terms",
    sections=(
        Section("Description", "Adversaries may use one common password against many accounts.", "line 1"),
        Section("Detection", "Watch for many failed sign-ins from one address.", "line 5"),
    ),
)  # fmt: skip
RUNBOOK = Document(
    id="runbooks/mailbox.md", source="runbooks/mailbox.md", title="Mailbox runbook", kind="runbook",
    modified=datetime(2019, 1, 1, tzinfo=UTC),
    sections=(Section("Contain", "Revoke the sessions of the mailbox and reset its password.", "line 3"),),
)  # fmt: skip
SECRET = Document(
    id="secret", source="secret.md", title="Merger plan", kind="note", groups=("board",),
    sections=(Section("Plan", "The merger is announced in May.", "line 1"),),
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        workspace=Workspace(home=str(tmp_path)),
        copilot=CopilotSettings(user="ann", groups=("soc",)),
        knowledge=KnowledgeSettings(encoder="off"),
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[KnowledgeStore]:
    with KnowledgeStore.open(settings) as opened:
        opened.add([SPRAYING], collection="attack", path="attack.json")
        opened.add([RUNBOOK, SECRET], collection="runbooks", path="runbooks/")
        yield opened


def nothing(_services: Services, progress: Progress) -> None:
    progress(3, 3)


@pytest.fixture
def app(settings: Settings, store: KnowledgeStore) -> FastAPI:
    del store
    services = Services(settings)
    return create_app(settings, services=services, prepare=Prepare(services, nothing))


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    """A client without a session."""
    with TestClient(app, base_url=ADDRESS, headers={"origin": ADDRESS}) as client:
        yield client


@pytest.fixture
def client(app: FastAPI, visitor: TestClient) -> TestClient:
    """A client that is signed in and sends its CSRF token."""
    reply = visitor.post("/api/session", json={"token": app.state.signin.new_token()})
    assert reply.status_code == 201
    visitor.headers["x-csrf-token"] = reply.json()["csrf"]
    return visitor


def chunk_of(store: KnowledgeStore, word: str, services: Services) -> str:
    """The chunk that a word finds."""
    return store.search(word, principal=services.principal)[0].chunk_id


PASSWORD = "three or four words"


@pytest.fixture
def members(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> People:
    """Ann's colleagues: bob of the soc, carol of the board who may only read, dora who administers."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setitem(app.state.services.people._passwords.__dict__, "_hasher", hasher)
    people: People = app.state.services.people
    people.add("bob", role=Role.ANALYST, groups=["soc"], password=PASSWORD)
    people.add("carol", role=Role.READ_ONLY, groups=["board"], password=PASSWORD)
    people.add("dora", role=Role.ADMIN, password=PASSWORD)
    return people


class Door:
    """Ways into the console for a test: by password, or by an API token."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def by_password(self, name: str, *, address: str = "192.0.2.1", password: str = PASSWORD) -> TestClient:
        client = self.visitor(address)
        reply = client.post("/api/session", json={"user": name, "password": password})
        assert reply.status_code == 201, reply.text
        client.headers["x-csrf-token"] = reply.json()["csrf"]
        return client

    def by_token(self, name: str, *scopes: Right, address: str = "192.0.2.1") -> TestClient:
        secret, _ = self.app.state.services.people.tokens.create(
            name, label="test", scopes=scopes or tuple(Right), lifetime=timedelta(days=1)
        )
        client = self.visitor(address)
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def visitor(self, address: str = "192.0.2.1") -> TestClient:
        return TestClient(self.app, base_url=ADDRESS, client=(address, 4711))


@pytest.fixture
def door(app: FastAPI, members: People, client: TestClient) -> Door:
    del members, client
    return Door(app)
