"""Clients of `python -m benchmarks.web_load`, in a process of their own: locust patches its sockets.

    python -m benchmarks.web_load_clients ADDRESS [--clients 200] [--seconds 60] [--rate 50] < TOKENS

Without --rate the arrivals are a closed loop: every client sends its next request as soon as the last one is
answered, so latency is that of a full house, and a slow server is asked less. With --rate (requests a second,
of all clients together) each client has its own Poisson schedule, and latency counts from the moment that
stood in the schedule, whether or not the client was free by then: nothing is left out by waiting.
"""

from __future__ import annotations

from locust import FastHttpUser, events, task  # isort: skip - it patches the sockets of what comes after

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import gevent
from gevent.event import Event
from locust.env import Environment

PAGE = ("app.css", "mark.svg", "js/main.js", "js/api.js", "js/thread.js", "js/answer.js", "js/stream.js")
QUESTIONS = (
    "What is T1110.003?", "How is password spraying detected?", "What mitigates T1566?",
    "Which groups use Mimikatz?", "How do adversaries move laterally with remote services?",
    "What is credential dumping?", "How can DNS tunnelling be detected?", "What is T1059.001?",
    "Which software uses scheduled tasks?", "How do I boil an egg?",
)  # fmt: skip
SEARCHES = ("password spraying", "kerberos tickets", "T1055", "phishing attachment", "registry run keys")
JOBS = ("mail", "logs", "vulns")
SIGN_IN_SECONDS = 120
VERDICTS = ("alert", "review", "unknown")


class Measured:
    """Milliseconds, statuses and errors by route, of what was answered while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.times: dict[str, list[float]] = defaultdict(list)
        self.statuses: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, route: str, milliseconds: float, status: int, problem: str) -> None:
        """One answer; `problem` is empty, or what was wrong with it beyond its status."""
        if self.on:
            self.times[route].append(milliseconds)
            self.statuses[route][problem or str(status)] += 1

    def report(self, seconds: float) -> dict[str, Any]:
        """By route, and of all together."""
        together = [one for times in self.times.values() for one in times]
        counts = sum(self.statuses.values(), Counter())
        routes = {name: _figures(self.times[name], self.statuses[name], seconds) for name in self.times}
        return {"all": _figures(together, counts, seconds), "routes": dict(sorted(routes.items()))}


def _figures(times: list[float], statuses: Counter[str], seconds: float) -> dict[str, Any]:
    ordered = sorted(times)
    at = {f"p{n}": round(ordered[min(len(ordered) - 1, len(ordered) * n // 100)], 1) for n in (50, 95, 99)}
    errors = {name: count for name, count in statuses.items() if not name.startswith("2")}
    rate = round(len(ordered) / seconds, 1)
    return {
        "requests": len(ordered),
        "per_second": rate,
        **at,
        "max": round(ordered[-1], 1),
        "errors": errors,
    }


measured, begin = Measured(), Event()


class Analyst(FastHttpUser):
    """Somebody at the console: signs in with a token of their own, then asks for a bit of everything."""

    network_timeout = 120.0
    connection_timeout = 60.0
    tokens: ClassVar[list[str]] = []
    ready: ClassVar[int] = 0
    rate: ClassVar[float] = 0.0

    def on_start(self) -> None:
        """Sign in, and learn what there is to ask for."""
        self.random = random.Random(len(self.tokens))
        self.csrf, self.due = "", 0.0
        token = self.tokens.pop()
        self.csrf = self.client.post("/api/session", json={"token": token}).json()["csrf"]
        self.found: list[dict[str, Any]] = []
        self.conversations: list[str] = []
        self.chunks: list[str] = []
        self.cursor: int | None = None
        type(self).ready += 1
        begin.wait()
        gevent.sleep(self.wait_time())

    def wait_time(self) -> float:
        """Seconds until the next request of the schedule; none in the closed loop."""
        if not self.rate:
            return 0.0
        self.due = (self.due or time.perf_counter()) + self.random.expovariate(self.rate)
        return max(0.0, self.due - time.perf_counter())

    def timed(self, route: str, path: str, body: dict[str, object] | None = None) -> Any:
        """One request, recorded; the response, or None where there was none."""
        began = self.due if self.rate else time.perf_counter()
        method, headers = ("GET", {}) if body is None else ("POST", {"X-CSRF-Token": self.csrf})
        with self.client.request(
            method, path, json=body, headers=headers, name=route, catch_response=True
        ) as got:
            text, problem = got.text or "", ""
            if got.status_code == 0:
                problem = type(getattr(got, "error", None)).__name__
            elif path.endswith("/ask/stream") and "event: answer" not in text:
                problem = "stream without an answer"
            got.success()
        measured.add(route, 1000 * (time.perf_counter() - began), got.status_code, problem)
        return got if got.status_code == 200 and not problem else None

    @task(3)
    def page(self) -> None:
        self.timed("page", "/")

    @task(8)
    def asset(self) -> None:
        self.timed("asset", f"/page/{self.random.choice(PAGE)}")

    @task(5)
    def session(self) -> None:
        self.timed("session", "/api/session")

    @task(3)
    def health(self) -> None:
        self.timed("health", "/healthz")

    @task(10)
    def newest(self) -> None:
        got = self.timed("findings", "/api/findings?limit=50")
        if got is not None:
            page = got.json()
            self.cursor, self.found = page.get("next"), page["findings"]

    @task(8)
    def by_verdict(self) -> None:
        self.timed("findings, verdict", f"/api/findings?limit=50&verdict={self.random.choice(VERDICTS)}")

    @task(8)
    def by_job(self) -> None:
        query = f"job={self.random.choice(JOBS)}&verdict={self.random.choice(VERDICTS)}"
        self.timed("findings, job and verdict", f"/api/findings?limit=50&{query}")

    @task(4)
    def next_page(self) -> None:
        if not self.cursor:
            self.newest()
            return
        self.timed("findings, next page", f"/api/findings?limit=50&before={self.cursor}")

    @task(4)
    def far_page(self) -> None:
        self.timed(
            "findings, far page", f"/api/findings?limit=50&offset={self.random.randrange(0, 50_000, 50)}"
        )

    @task(6)
    def one_finding(self) -> None:
        if not self.found:
            self.newest()
            return
        one = self.random.choice(self.found)
        self.timed("finding", f"/api/findings/{one['job']}/{quote(one['record_id'])}")

    @task(8)
    def search(self) -> None:
        got = self.timed("search", f"/api/search?q={quote(self.random.choice(SEARCHES))}")
        if got is not None:
            self.chunks = [hit["chunk_id"] for hit in got.json()["hits"]] or self.chunks

    @task(5)
    def passage(self) -> None:
        if not self.chunks:
            self.search()
            return
        self.timed("passage", f"/api/passages/{self.random.choice(self.chunks)}")

    @task(3)
    def sources(self) -> None:
        self.timed("sources", "/api/sources")

    @task(8)
    def stream(self) -> None:
        self.timed("ask, streamed", "/api/ask/stream", {"question": self.random.choice(QUESTIONS)})

    @task(2)
    def ask(self) -> None:
        self.timed("ask", "/api/ask", {"question": self.random.choice(QUESTIONS)})

    @task(5)
    def conversations_list(self) -> None:
        got = self.timed("conversations", "/api/conversations")
        if got is not None:
            self.conversations = [one["conversation"] for one in got.json()["conversations"][:20]]

    @task(3)
    def conversation(self) -> None:
        if not self.conversations:
            self.conversations_list()
            return
        self.timed("conversation", f"/api/conversations/{self.random.choice(self.conversations)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    if urlsplit(given.address).hostname != "127.0.0.1":
        raise SystemExit("only 127.0.0.1 is loaded")
    Analyst.tokens = sys.stdin.read().split()
    Analyst.rate = given.rate / given.clients
    if given.only:
        Analyst.tasks = [getattr(Analyst, given.only)]
    print(json.dumps(load(given.address, clients=given.clients, seconds=given.seconds)))


def load(address: str, *, clients: int, seconds: float) -> dict[str, Any]:
    """Let `clients` sign in, then measure for `seconds`; what was under way at the end still counts."""
    environment = Environment(user_classes=[Analyst], host=address, events=events)
    environment.stop_timeout = Analyst.network_timeout
    runner = environment.create_local_runner()
    random.seed(7)
    runner.start(clients, spawn_rate=clients)
    with gevent.Timeout(SIGN_IN_SECONDS, SystemExit("not all clients could sign in")):
        while Analyst.ready < clients:
            gevent.sleep(0.1)
    print("signed in", file=sys.stderr, flush=True)
    measured.on, began = True, time.perf_counter()
    begin.set()
    gevent.sleep(seconds)
    runner.stop()
    return measured.report(time.perf_counter() - began)


if __name__ == "__main__":
    main()
