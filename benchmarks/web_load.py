"""The console and its API under load: 200 clients for 60 s, twice on one server, and what it holds.

    python -m benchmarks.web_load [--clients 200] [--seconds 60] [--findings 100000] [--rate REQUESTS]

It starts `icelos serve` on a free loopback port, in a workspace of its own with the bundled knowledge
(search by words only) and a store of findings, and sends it a mix of requests as analysts would:
`web_load_clients` has the mix. The clients are locust's (`pip install locust`), in one process on the same
machine: what share of the processor they took is told. Two runs are a closed loop (no client waits between
requests), so their latency is queueing at full load; a third one has a Poisson schedule at half of the rate
of the second (or --rate). Every second the server's memory, threads, descriptors and database connections
are read; the slope is that of the last two thirds of a run. It ends with 1 where there was an answer of 5xx,
or something grew.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

try:
    import psutil  # type: ignore[import-untyped]  # which locust needs, too
except ImportError:
    raise SystemExit("this needs locust: pip install locust") from None

from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.web.signin import SignIn

JOBS = ("mail", "logs", "vulns", "logs-detect", "triage")
LABELS = ("phishing", "password-spraying", "affected", "new-device", "takeover")
VERDICTS = (Verdict.REVIEW, Verdict.UNKNOWN, Verdict.ALERT, Verdict.REVIEW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--only", default="", help="one task of web_load_clients, such as newest; one run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), given.findings)
        with served(Path(name)) as server:
            runs = list(_runs(server, given))
    for one in runs:
        print(json.dumps(one, indent=1))
    raise SystemExit(1 if any(one["5xx"] for one in runs) or _grew(runs) else 0)


def _runs(server: Server, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if given.only:
        yield {"run": given.only, **loaded(server, given.clients, given.seconds, "--only", given.only)}
        return
    for number in (1, 2):
        last = loaded(server, given.clients, given.seconds)
        yield {"run": f"closed loop {number}", **last}
        time.sleep(2)
    rate = given.rate or last["all"]["per_second"] / 2
    open_loop = loaded(server, given.clients, given.seconds / 2, "--rate", f"{rate:.1f}")
    yield {"run": f"Poisson, {rate:.0f} a second", **open_loop}


def _grew(runs: Sequence[dict[str, Any]]) -> bool:
    """Whether the second run took more threads, descriptors or databases than the first, or 10 % memory."""
    if len(runs) < 2:
        return False
    first, second = runs[0]["server"], runs[1]["server"]
    counted = any(second["most"][what] > first["most"][what] + SLACK for what in COUNTED)
    return counted or second["most"]["rss"] > 1.1 * first["most"]["rss"]


# ---- the server


class Server(NamedTuple):
    """A console that runs."""

    process: psutil.Process
    address: str
    home: Path


def environment(home: Path) -> dict[str, str]:
    """Of the server: its own workspace, no model, search by words."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ICELOS_")}
    return {**own, "ICELOS_HOME": str(home), "ICELOS_KNOWLEDGE_ENCODER": "off"}


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """`icelos serve` on a free port, from when its knowledge is ready until the block ends."""
    command = [
        sys.executable,
        "-c",
        "from icelos.cli.main import main; main()",
        "serve",
        "--json",
        "--port",
        "0",
    ]
    process = subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        _ready(address)
        yield Server(psutil.Process(process.pid), address, home)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _ready(address: str, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10):
                return
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.5)
    raise SystemExit("the server's knowledge is not ready")


def fill(home: Path, number: int) -> None:
    """Findings of five jobs, as large as real ones are, in batches as the engine writes them."""
    with SqliteSink(home / "findings.sqlite") as sink:
        for begin in range(0, number, 2_000):
            sink.write([finding(one) for one in range(begin, min(begin + 2_000, number))])


def finding(number: int) -> Finding:
    """One of them; the same number gives the same finding."""
    place = number % len(JOBS)
    evidence = Evidence(
        f"row {number}: 14 failed sign-ins from one address", f"signins.jsonl:{number}", How.RULE
    )
    return Finding(
        record_id=f"{number:032x}", job=JOBS[place], verdict=VERDICTS[number // 7 % len(VERDICTS)],
        label=LABELS[place], summary=f"Record {number} looks like {LABELS[place]}: one address.",
        score=number % 1000 / 1000, evidence=(evidence,), source=f"signins.jsonl:{number}",
        made_by={"model": "rules 7", "data": "2025-11"}, attributes={"user": f"user{number % 997}"},
    )  # fmt: skip


# ---- a run


SLACK = 10
"""Threads, descriptors and connections by which two equal runs may differ: idle ones go at times."""
COUNTED = ("threads", "descriptors", "connections", "databases")


class Sampler(threading.Thread):
    """Reads what a process holds, every second: MiB, threads, descriptors, sockets, open databases."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process, self._ending = process, threading.Event()
        self.samples: list[dict[str, float]] = []

    def run(self) -> None:
        while not self._ending.wait(1.0):
            self.samples.append(held(self._process))

    def end(self) -> list[dict[str, float]]:
        """Stop; the samples."""
        self._ending.set()
        self.join()
        return self.samples


def held(process: psutil.Process) -> dict[str, float]:
    """What the process holds now."""
    names = []
    for one in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            names.append(str(one.readlink()))
        except OSError:
            continue
    sockets = sum(name.startswith("socket:") for name in names)
    databases = sum(name.endswith(".sqlite") for name in names)
    return {
        "rss": process.memory_info().rss / 2**20, "threads": process.num_threads(),
        "descriptors": len(names), "connections": sockets, "databases": databases,
    }  # fmt: skip


def loaded(server: Server, clients: int, seconds: float, *options: str) -> dict[str, Any]:
    """One run of the clients against the server: their figures, and what the server held."""
    signin = SignIn(Workspace(server.home).console, hours=12)
    tokens = "\n".join(signin.new_token() for _ in range(clients))
    before, used = held(server.process), server.process.cpu_times()
    command = [sys.executable, "-m", "benchmarks.web_load_clients", server.address, "--clients", str(clients)]
    command += ["--seconds", str(seconds), *options]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(tokens)
    process.stdin.close()
    for line in process.stderr:
        if line.startswith("signed in"):
            break
    sampler, watched = Sampler(server.process), psutil.Process(process.pid)
    sampler.start()
    threading.Thread(target=process.stderr.read, daemon=True).start()
    found = json.loads(process.stdout.readline())
    client = watched.cpu_times()
    process.wait()
    samples = sampler.end()[: int(seconds)]  # without the end, when clients leave
    time.sleep(7)  # connections that are kept alive end after 5 s
    return {
        **found,
        "5xx": _server_errors(found),
        **_cpu(server, used, client),
        **_told(before, samples, server),
    }


def _server_errors(found: dict[str, Any]) -> int:
    return sum(count for status, count in found["all"]["errors"].items() if status.startswith("5"))


def _cpu(server: Server, used: Any, client: Any) -> dict[str, Any]:
    """Seconds of processor of the server and of the clients, and the latter's share of both."""
    now = server.process.cpu_times()
    ours, theirs = now.user + now.system - used.user - used.system, client.user + client.system
    share = theirs / max(ours + theirs, 1e-9)
    return {
        "cpu": {"server": round(ours, 1), "clients": round(theirs, 1), "share of clients": round(share, 2)}
    }


def _told(before: dict[str, float], samples: list[dict[str, float]], server: Server) -> dict[str, Any]:
    late = samples[len(samples) // 3 :]
    slopes = {
        what: round(60 * float(np.polyfit(range(len(late)), [one[what] for one in late], 1)[0]), 2)
        for what in late[0]
    }
    rounded = {
        "before": before, "most": {what: max(one[what] for one in samples) for what in before},
        "after": held(server.process),
    }  # fmt: skip
    whole = {name: {what: round(value, 1) for what, value in one.items()} for name, one in rounded.items()}
    return {"server": {**whole, "slope a minute": slopes, "sessions": _sessions(server.home)}}


def _sessions(home: Path) -> int:
    import sqlite3

    with sqlite3.connect(f"file:{home / 'console.sqlite'}?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM sessions").fetchone()[0])


if __name__ == "__main__":
    main()
