"""A sink that takes a tenth of what its source could send: what waits, where, and whether all of it arrives.

    python -m benchmarks.engine_backpressure [--messages 120000] [--sink-rate 2000]

A sender puts syslog messages on a connection as quickly as it may. The run writes each of them (no rule
knows them, so they are UNKNOWN) into a SQLite file that takes `--sink-rate` a second. The spool holds 1 MiB;
from there on the sender waits. The run's memory is sampled once a second, lag is what its metrics say.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.request import urlopen

from icelos.data.sinks import SqliteSink
from icelos.engine.health import Health
from icelos.engine.metrics import MetricsObserver
from icelos.engine.observing import Observers
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.engine.serving import serve
from icelos.engine.stopping import stopping_by_signals
from icelos.findings import Outcome
from icelos.settings import EngineSettings, Settings, Workspace

SPOOL_MIB = 1


class SlowSink(SqliteSink):
    """Takes so many outcomes a second."""

    def __init__(self, path: Path, rate: float) -> None:
        super().__init__(path)
        self._rate = rate

    def write(self, outcomes: Sequence[Outcome]) -> None:
        time.sleep(len(outcomes) / self._rate)
        super().write(outcomes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=150_000)
    parser.add_argument("--sink-rate", type=float, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measured(Path(name), given.messages, given.sink_rate)))


def measured(folder: Path, messages: int, rate: float) -> dict[str, object]:
    """Send, watch, stop, count."""
    port = _free_port()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run, args=(folder, port, rate, there), daemon=True)
    process.start()
    watched = here.recv()
    sent: dict[str, float] = {}
    sender = threading.Thread(target=_send, args=(port, messages, sent), daemon=True)
    sender.start()
    sizes, lags, begun = [], [], time.monotonic()
    while (figures := _figures(watched))["icelos_records_total"] < messages:
        sizes.append(_resident(process.pid or 0))
        lags.append(figures["icelos_source_lag"])
        time.sleep(1)
        if time.monotonic() - begun > 60 + 2 * messages / rate:
            break
    seconds = time.monotonic() - begun
    process.terminate()
    process.join()
    with SqliteSink(folder / "f.sqlite") as sink:
        stored = sink.count("finding") + sink.count("failure")
    return {
        "messages": messages, "sink, a second": rate, "seconds": round(seconds, 1),
        "sender could (first second)": round(sent["first second"]),
        "sender took s": round(sent["seconds"], 1),
        "stored": stored, "lag at most, KiB": round(max(lags) / 1024), "spool, KiB": SPOOL_MIB << 10,
        "MiB after 5 s": sizes[min(5, len(sizes) - 1)] >> 10, "MiB at most": max(sizes) >> 10,
        "exit": process.exitcode,
    }  # fmt: skip


def _run(folder: Path, port: int, rate: float, pipe: Connection) -> None:
    """The run, in a process of its own."""
    settings = Settings(
        workspace=Workspace(home=str(folder / "home")), engine=EngineSettings(checkpoint_seconds=1)
    )
    location = f"syslog://127.0.0.1:{port}?transport=tcp"
    pipeline = Pipeline(job="logs", locations=(location,), options={"spool_mib": str(SPOOL_MIB)})
    metrics, health = MetricsObserver(), Health()
    with stopping_by_signals() as stop, serve("127.0.0.1:0", health, metrics.registry) as address:
        pipe.send(address)
        with SlowSink(folder / "f.sqlite", rate) as sink:
            run_pipeline(
                pipeline, sink, settings=settings, observer=Observers([metrics, health]), stop=stop,
                runs=folder / "runs",
            )  # fmt: skip


def _send(port: int, messages: int, sent: dict[str, float]) -> None:
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    begun = time.monotonic()
    with connection:
        for number in range(0, messages, 100):
            lines = [b"<34>1 2026-01-01T00:00:00Z host app %d - - message %d of many\n" % (n, n)
                     for n in range(number, min(messages, number + 100))]  # fmt: skip
            connection.sendall(b"".join(lines))
            if "first second" not in sent and time.monotonic() - begun >= 1:
                sent["first second"] = number + 100
    sent["seconds"] = time.monotonic() - begun
    sent.setdefault("first second", messages / sent["seconds"])


def _figures(address: str) -> dict[str, float]:
    """Sums of the metrics by name."""
    found: dict[str, float] = {"icelos_records_total": 0.0, "icelos_source_lag": 0.0}
    with urlopen(f"{address}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            name = line.partition("{")[0].partition(" ")[0]
            if name in found:
                found[name] += float(line.rpartition(" ")[2])
    return found


def _resident(pid: int) -> int:
    """KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
