"""No door shows what is not for its caller: random callers, texts and doors; documents and findings."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from doors import DOORS
from fastapi.testclient import TestClient

from icelos.contracts import Right
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace as Folder
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.knowledge.store import KnowledgeStore
from icelos.people.roles import Role
from icelos.records import Document, Section
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings, WebSettings, Workspace
from icelos.web.app import create_app
from icelos.web.prepare import Prepare
from icelos.web.services import Services

if TYPE_CHECKING:
    from doors import Sends

GROUPS = ("soc", "board", "legal", "red")
MARK = re.compile(r"MARK-(\w+)-\d+")
ADDRESS = "http://127.0.0.1:8787"
TRIPLES = 600


def audience(number: int) -> tuple[str, ...]:
    return () if number % 5 == 0 else tuple(random.Random(number).sample(GROUPS, 1 + number % 2))


def mark(kind: str, number: int) -> str:
    """Says in itself who may see it."""
    return f"MARK-{kind}{'x'.join(audience(number)) or 'all'}-{number}"


def document(number: int) -> Document:
    return Document(
        id=f"plan-{number}", source=f"plans/{number}.md", title=f"Plan Otter{number}", kind="runbook",
        identifiers=(f"CVE-2026-{1000 + number}",), groups=audience(number), modified=datetime.now(UTC),
        sections=(
            Section("Plan", f"Otter{number} moves the mailbox server; its word is {mark('', number)}.", "1"),
        ),
    )  # fmt: skip


def finding(number: int) -> Finding:
    return Finding(
        record_id=f"mail-{number}", job="mail", verdict=Verdict.ALERT, label="phishing", score=0.9,
        source=f"mail.mbox:{number}", summary=f"A mail with {mark('', number)}",
        evidence=(Evidence(mark("", number), f"mail.mbox:{number}", How.RULE),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(
        workspace=Workspace(home=str(tmp_path_factory.mktemp("doors"))),
        copilot=CopilotSettings(user="owner"),
        knowledge=KnowledgeSettings(encoder="off"),
        web=WebSettings(requests_per_minute=0, questions_per_minute=0),
    )
    with KnowledgeStore.open(made) as store:
        store.add(map(document, range(24)), collection="plans", path=str(Path("plans")))
    with SqliteSink(Folder.of(made).findings) as sink:
        sink.write([finding(number) for number in range(24)])
        for number in range(24):
            sink.share_finding(finding(number).id, audience(number))
    return made


@pytest.fixture(scope="module")
def callers(settings: Settings) -> Iterator[dict[tuple[str, ...], TestClient]]:
    """Clients by the groups of the user whose token they send."""
    services = Services(settings)
    app = create_app(settings, services=services, prepare=Prepare(services, lambda *_: None))
    with TestClient(app, base_url=ADDRESS) as client:
        found = {}
        for number, groups in enumerate(((), ("soc",), ("board",), ("legal", "red"), ("soc", "red"))):
            services.people.add(f"user{number}", role=Role.READ_ONLY, groups=groups, password=PASSWORD)
            secret, _ = services.people.tokens.create(
                f"user{number}", label="test", scopes=(Right.READ, Right.ASK), lifetime=timedelta(hours=1)
            )
            headers = {"authorization": f"Bearer {secret}"}
            one = TestClient(app, base_url=ADDRESS, headers=headers)
            one.portal = client.portal
            found[groups] = one
        yield found


PASSWORD = "correct horse battery staple 42"


def texts(number: int) -> tuple[str, ...]:
    return (
        f"What is Plan Otter{number}?", f"plan-{number}", f"CVE-2026-{1000 + number}", f"Plan Otter{number}",
        "mailbox server word", f"mail-{number}", "MARK", f"What is CVE-2026-{1000 + number}?",
    )  # fmt: skip


def test_no_door_shows_what_is_not_for_its_caller(callers: dict[tuple[str, ...], TestClient]) -> None:
    draw = random.Random(8)
    shown: dict[str, set[str]] = {name: set() for name in DOORS}
    for _ in range(TRIPLES):
        groups, name = draw.choice(list(callers)), draw.choice(list(DOORS))
        text = draw.choice(texts(draw.randrange(24)))
        reply = DOORS[name](cast("Sends", callers[groups]), text)
        for whose in MARK.findall(reply):
            assert whose == "all" or set(whose.split("x")) & set(groups), (groups, name, text)
            shown[name].add(whose)
    assert not [name for name, whose in shown.items() if not whose], (
        "a door that shows nothing proves nothing"
    )
