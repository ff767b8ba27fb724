"""Nobody is told what they may not see: random principals, queries and doors over one store.

Every document, finding and failure carries a marker of its own and a random set of groups. Whatever a
principal is answered may carry the markers only of what they may see, and counts are those of it. A further
way into Icelos is one more entry of `DOORS`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from icelos.contracts import Principal, Right
from icelos.data.casework.model import Reason
from icelos.findings import Failure, Finding, Verdict
from icelos.knowledge.store import KnowledgeStore
from icelos.people.roles import Role
from icelos.people.store import People
from icelos.records import Document, Section
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings, WebSettings, Workspace
from icelos.web.app import create_app
from icelos.web.prepare import Prepare, Progress
from icelos.web.services import Services

GROUPS = ("soc", "it", "board", "abuse", "legal")
JOBS = ("mail", "logs", "vulns", "copilot", "triage")
TOPICS = (
    "mailbox", "firewall", "payroll", "backup", "merger", "laptop", "badge", "printer", "gateway", "tenant",
    "cluster", "invoice", "courier", "turbine", "reactor", "archive", "cafeteria", "elevator", "contract",
    "vendor",
)  # fmt: skip
MARKER = re.compile(r"zq[0-9a-f]{10}")
NUMBERS = 300


class Thing(NamedTuple):
    """Something with a marker. Who sees it shares a group with each of `any_of`, and is in all `all_of`."""

    marker: str
    id: str
    any_of: tuple[frozenset[str], ...] = ()
    all_of: frozenset[str] = frozenset()

    def seen_by(self, groups: frozenset[str]) -> bool:
        return all(not one or one & groups for one in self.any_of) and self.all_of <= groups


class World:
    """What there is, and who may see it; told by the rule, not by the code under test."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.jobs = {job: self.some(2) if number % 2 else frozenset() for number, job in enumerate(JOBS)}
        self.documents: list[Thing] = []
        self.findings: list[Thing] = []
        self.failures: list[Thing] = []
        self.records: list[tuple[str, str]] = []

    def some(self, most: int) -> frozenset[str]:
        return frozenset(self.rng.sample(GROUPS, self.rng.randrange(most + 1)))

    def marker(self) -> str:
        return f"zq{self.rng.randrange(16**10):010x}"

    def document(self, number: int) -> Document:
        topic, marker, groups = self.rng.choice(TOPICS), self.marker(), self.some(3)
        self.documents.append(Thing(marker, f"doc-{number}", (groups,)))
        text = f"The {topic} is handled by procedure {marker}. Call the {topic} owner, who is named {marker}."
        return Document(
            id=f"doc-{number}", source=f"{topic}-{number}.md", title=f"Runbook of the {topic}",
            kind="runbook", groups=tuple(groups),
            sections=(Section(f"Steps for the {topic}", text, "line 3"),),
        )  # fmt: skip

    def outcome(self, number: int) -> Finding | Failure:
        job, marker = self.rng.choice(JOBS), self.marker()
        needs = self.some(2) if job == "copilot" or number % 5 == 0 else frozenset()
        where = self.jobs[job]
        if number % 6 == 0:
            failed = Failure(
                record_id=f"r{number}", job=job, error=f"bad {marker}", source=f"{marker}:1",
                needs_groups=tuple(needs),
            )  # fmt: skip
            self.failures.append(Thing(marker, failed.id, (where,), needs))
            return failed
        one = Finding(
            record_id=f"r{number}", job=job, verdict=self.rng.choice(list(Verdict)), label=marker,
            summary=f"about {marker}", source=f"{marker}:1", attributes={"subject": marker},
            needs_groups=tuple(needs),
        )  # fmt: skip
        self.findings.append(Thing(marker, one.id, (where,), needs))
        self.records.append((job, one.record_id))
        return one


class Query(NamedTuple):
    """What is asked: each door takes of it what it needs."""

    topic: str
    document: str
    finding: str
    job: str
    record: str
    chunk: str
    conversation: str
    verdict: str
    before: int


class Reply(NamedTuple):
    """What came back: everything that was told, and how many there are said to be."""

    text: str
    total: int | None = None
    of: str = ""


Door = Callable[[TestClient, Query], Reply]


def _get(path: str) -> Door:
    def door(client: TestClient, query: Query) -> Reply:
        reply = client.get(path.format(**query._asdict()))
        assert reply.status_code in {200, 404}, reply.text
        return Reply(reply.text + str(reply.headers))

    return door


def _counted(path: str, of: str) -> Door:
    def door(client: TestClient, query: Query) -> Reply:
        reply = client.get(path.format(**query._asdict()))
        assert reply.status_code == 200, reply.text
        return Reply(reply.text, reply.json()["total"], of)

    return door


def _ask(path: str) -> Door:
    def door(client: TestClient, query: Query) -> Reply:
        body = {"question": f"How is the {query.topic} handled?", "conversation": query.conversation,
                "explain": True}  # fmt: skip
        reply = client.post(path, json=body)
        assert reply.status_code == 200, reply.text
        return Reply(reply.text)

    return door


def _comment(client: TestClient, query: Query) -> Reply:
    """What is written to a finding that is not seen answers as for one that is not there."""
    body = {"step": "comment", "text": "looked at"}
    reply = client.post(f"/api/cases/{query.finding}", json=body)
    assert reply.status_code in {200, 403, 404}, reply.text
    return Reply(reply.text)


def _chat(*, stream: bool = False, is_follow_up: bool = False) -> Door:
    """A chat completion; as a follow-up its subject stands in an earlier message alone."""

    def door(client: TestClient, query: Query) -> Reply:
        asked = [f"How is the {query.topic} handled?", *(["What is it?"] if is_follow_up else [])]
        messages = [{"role": "user", "content": text} for text in asked]
        body = {"model": "icelos", "messages": messages, "stream": stream}
        reply = client.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        return Reply(reply.text)

    return door


def _mcp(method: str, **parameters: str) -> Door:
    """One request of the Model Context Protocol; without sessions, nothing has to come before it."""

    def door(client: TestClient, query: Query) -> Reply:
        given = {name: value.format(**query._asdict()) for name, value in parameters.items()}
        return _rpc(client, method, given)

    return door


def _tool(name: str, **arguments: str) -> Door:
    """One call of a tool, whose arguments may name parts of the query."""

    def door(client: TestClient, query: Query) -> Reply:
        given = {key: value.format(**query._asdict()) for key, value in arguments.items()}
        return _rpc(client, "tools/call", {"name": name, "arguments": given})

    return door


def _rpc(client: TestClient, method: str, parameters: object) -> Reply:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    reply = client.post("/mcp", json=body, headers={"accept": "application/json, text/event-stream"})
    assert reply.status_code == 200, reply.text
    return Reply(reply.text)


DOORS: dict[str, tuple[Door, int]] = {
    "GET /api/search": (_get("/api/search?q={topic}+procedure&limit=100"), 12),
    "GET /api/documents": (_get("/api/documents/{document}"), 12),
    "GET /api/passages": (_get("/api/passages/{chunk}"), 12),
    "GET /api/sources": (_get("/api/sources"), 2),
    "GET /api/findings": (_counted("/api/findings?limit=50", "findings"), 10),
    "GET /api/findings of a job": (
        _counted("/api/findings?job={job}&verdict={verdict}", "findings {job}"),
        12,
    ),
    "GET /api/findings further": (_counted("/api/findings?limit=20&before={before}", "findings"), 8),
    "GET /api/findings by offset": (_counted("/api/findings?limit=20&offset=40", "findings"), 4),
    "GET /api/findings/JOB/RECORD": (_get("/api/findings/{job}/{record}"), 12),
    "GET /api/failures": (_counted("/api/failures", "failures"), 6),
    "GET /api/cases": (_get("/api/cases/{finding}"), 10),
    "POST /api/cases": (_comment, 2),
    "GET /api/conversations": (_get("/api/conversations/{conversation}"), 6),
    "GET /api/conversations, all": (_get("/api/conversations"), 2),
    "POST /api/ask": (_ask("/api/ask"), 2),
    "POST /api/ask/stream": (_ask("/api/ask/stream"), 2),
    "POST /v1/chat/completions": (_chat(), 2),
    "POST /v1/chat/completions, streamed": (_chat(stream=True), 2),
    "POST /v1/chat/completions, a follow-up": (_chat(is_follow_up=True), 2),
    "MCP ask": (_tool("ask", question="How is the {topic} handled?"), 2),
    "MCP search_knowledge": (_tool("search_knowledge", query="{topic} procedure"), 6),
    "MCP get_document": (_tool("get_document", id="{document}"), 8),
    "MCP lookup": (_tool("lookup", identifier="{document}"), 4),
    "MCP document": (_mcp("resources/read", uri="icelos://document/{document}"), 8),
    "MCP finding": (_mcp("resources/read", uri="icelos://finding/{job}/{record}"), 10),
    "MCP findings": (_mcp("resources/list"), 2),
}
"""Each way in, with how often it is taken. A new one is one more line."""


class Console(NamedTuple):
    app: FastAPI
    world: World
    askers: list[tuple[frozenset[str], TestClient]]
    chunks: list[str]
    conversations: list[str]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    rng = random.Random(2026)
    world = World(rng)
    settings = Settings(
        workspace=Workspace(home=str(tmp_path)), copilot=CopilotSettings(user="owner"),
        knowledge=KnowledgeSettings(encoder="off"),
        web=WebSettings(requests_per_minute=0, questions_per_minute=0),
    )  # fmt: skip
    with KnowledgeStore.open(settings) as store:
        store.add([world.document(number) for number in range(120)], collection="runbooks", path="runbooks/")
        every = Principal("every", frozenset(GROUPS))
        chunks = sorted(
            {hit.chunk_id for topic in TOPICS for hit in store.search(topic, k=100, principal=every)}
        )
    services = Services(settings)
    services.findings.write([world.outcome(number) for number in range(NUMBERS)])
    for job, groups in world.jobs.items():
        services.findings.share_job(job, sorted(groups))
    for number, one in enumerate(world.findings):
        if number % 4 == 0:
            groups = world.some(2)
            services.findings.share_finding(one.id, sorted(groups))
            world.findings[number] = one._replace(any_of=(*one.any_of, groups))
    for one in world.findings[::9]:
        found = services.findings.finding(one.id)
        assert found is not None
        comment = f"closed: {one.marker}"
        services.desk.cases.close_case(found, Reason.FALSE_POSITIVE, by="owner", comment=comment)
    app = create_app(settings, services=services, prepare=Prepare(services, nothing))
    with TestClient(app, base_url="http://127.0.0.1:8787") as first:
        askers = [asker(app, services.people, world, number) for number in range(24)]
        for _, client in askers:
            client.portal = first.portal  # one event loop, as a server has
        conversations = [""]
        for _, client in askers[::3]:
            body = {"question": f"What is the procedure of the {rng.choice(TOPICS)}?"}
            conversations.append(client.post("/api/ask", json=body).json()["conversation"])
        yield Console(app, world, askers, chunks, conversations)


def nothing(_services: Services, progress: Progress) -> None:
    progress(1, 1)


def asker(app: FastAPI, people: People, world: World, number: int) -> tuple[frozenset[str], TestClient]:
    """Somebody with random groups and a token; the first in none, the second in all."""
    groups = (frozenset(), frozenset(GROUPS))[number] if number < 2 else world.some(3)
    people._passwords.__dict__["_hasher"] = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    role = list(Role)[number % 3]
    people.add(f"user{number}", role=role, groups=groups, password=f"three or four words {number}")
    secret, _ = people.tokens.create(
        f"user{number}", label="test", scopes=list(Right), lifetime=timedelta(days=1)
    )
    client = TestClient(app, base_url="http://127.0.0.1:8787", client=(f"192.0.2.{number}", 1))
    client.headers["authorization"] = f"Bearer {secret}"
    return groups, client


def query(console: Console, rng: random.Random) -> Query:
    world = console.world
    job, record = rng.choice(world.records)
    return Query(
        topic=rng.choice(TOPICS), document=rng.choice(world.documents).id,
        finding=rng.choice(world.findings).id, job=job, record=record, chunk=rng.choice(console.chunks),
        conversation=rng.choice(console.conversations), verdict=rng.choice(list(Verdict)).value,
        before=rng.randrange(1, 2**62),
    )  # fmt: skip


def expected(world: World, of: str, asked: Query, groups: frozenset[str]) -> int:
    kind, _, job = of.format(**asked._asdict()).partition(" ")
    if kind == "failures":
        return sum(one.seen_by(groups) for one in world.failures)
    of_job = [one for one, (its, _) in zip(world.findings, world.records, strict=True) if job in ("", its)]
    return sum(one.seen_by(groups) for one in of_job)


@pytest.mark.parametrize("triples", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_answer_tells_what_its_asker_may_not_see(console: Console, triples: int) -> None:
    rng, world = random.Random(triples), console.world
    things = [*world.documents, *world.findings, *world.failures]
    doors = rng.choices(list(DOORS), [often for _, often in DOORS.values()], k=triples)
    told: dict[str, set[str]] = {name: set() for name in DOORS}
    leaks = []
    for name in doors:
        groups, client = rng.choice(console.askers)
        asked = query(console, rng)
        reply = DOORS[name][0](client, asked)
        markers = set(MARKER.findall(reply.text))
        told[name] |= markers
        allowed = {one.marker for one in things if one.seen_by(groups)}
        if markers - allowed:
            leaks.append((name, sorted(groups), asked, markers - allowed))
        if reply.total is not None and reply.total != expected(world, reply.of, asked, groups):
            leaks.append((name, sorted(groups), asked, {f"count {reply.total}"}))
    assert leaks == []
    # What may be seen is: every door that shows contents has shown many.
    silent = {"GET /api/sources", "POST /api/cases", "GET /api/conversations, all"}
    for name in set(DOORS) - silent:
        assert len(told[name]) >= 5, name
    assert console.app.state.services.audit.verify().problems == ()
