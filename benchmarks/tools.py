"""How long questions over findings and kept logs take, beside the same questions asked plainly, and what they
cost.

    python -m benchmarks.tools [--findings 100000] [--logs FOLDER_OR_FILE] [--times 20]

Findings are made up, a third each of vulnerabilities, mail and logs, of the size that real ones have. The
peer is SQLite's `json_extract` over the same store. Logs are kept from real files; the peer is duckdb over
the same rows as JSON lines. Milliseconds are the median and the 95th percentile of so many times; the first
time is told apart, for connections and caches are cold then.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from icelos.contracts import Principal
from icelos.data.query.findings import FindingsReader
from icelos.data.query.logs import LogsReader
from icelos.data.sinks import SqliteSink
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.logs.keep import keep, rows_of
from icelos.records import record_id

ANN = Principal("ann")
BATCH = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--logs", default="")
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        findings(Path(name), given.findings, given.times)
        if given.logs:
            logs(Path(name), given.logs, given.times)


def is_(field: str, operator: str, value: object = None) -> dict[str, object]:
    """A condition."""
    return {"field": field, "is": operator} | ({} if value is None else {"value": value})


_BODY = "FROM outcomes WHERE kind = 'finding' AND job = 'vulns' AND "
_SAID = "json_extract(CAST(body AS TEXT), '$.attributes.{}')"
_EXPLOITABLE = f"{_SAID.format('status')} = 'affected' AND verdict IN ('alert', 'review')"
ASKED: Mapping[str, tuple[dict[str, Any], str]] = {
    "one CVE": (
        {"view": "vulnerabilities", "where": [is_("vulnerability", "=", "CVE-2019-42")]},
        f"SELECT body {_BODY}{_SAID.format('vulnerability')} = 'CVE-2019-42'",
    ),
    "exploitable, how many": (
        {"view": "vulnerabilities", "where": [is_("exploitable", "=", True)], "count": True},
        f"SELECT count(*) {_BODY}{_EXPLOITABLE}",
    ),
    "exploitable and in KEV, by target": (
        {
            "view": "vulnerabilities",
            "where": [is_("exploitable", "=", True), is_("kev", "is_set")],
            "group_by": ["target"],
        },
        f"SELECT {_SAID.format('target')}, count(*) {_BODY}{_EXPLOITABLE}"
        f" AND {_SAID.format('kev')} IS NOT NULL GROUP BY 1",
    ),
    "by job and verdict": (
        {"view": "findings", "group_by": ["job", "verdict"]},
        "SELECT job, verdict, count(*) FROM outcomes WHERE kind = 'finding' GROUP BY 1, 2",
    ),
    "alerts of one user": (
        {"view": "log_alerts", "where": [is_("entity", "=", "U8@corp.example")], "limit": 50},
        f"SELECT body FROM outcomes WHERE job = 'logs' AND {_SAID.format('entity')} = 'u8@corp.example'",
    ),
    "senders with most alerts": (
        {"view": "mail", "where": [is_("verdict", "=", "alert")], "group_by": ["sender"], "limit": 10},
        f"SELECT {_SAID.format('sender')} s, count(*) FROM outcomes WHERE job = 'mail' AND verdict = 'alert'"
        " GROUP BY s ORDER BY 2 DESC LIMIT 10",
    ),
    "highest EPSS": (
        {
            "view": "vulnerabilities",
            "where": [is_("exploitable", "=", True)],
            "order_by": "epss",
            "descending": True,
        },
        f"SELECT body {_BODY}{_EXPLOITABLE} ORDER BY CAST({_SAID.format('epss')} AS REAL) DESC LIMIT 20",
    ),
}


def made(number: int) -> Finding:
    """A finding of about the size of real ones (1.5 kB)."""
    job = ("vulns", "mail", "logs")[number % 3]
    verdict = Verdict.ALERT if number % 5 == 0 else Verdict.REVIEW if number % 5 < 3 else Verdict.CLEAR
    attributes = {
        "vulns": {
            "target": f"image-{number % 307}",
            "purl": f"pkg:apk/alpine/lib{number % 4001}@1.1.22-r3",
            "name": f"lib{number % 4001}",
            "version": "1.1.22-r3",
            "advisory": f"CVE-2019-{number % 20011}",
            "vulnerability": f"CVE-2019-{number % 20011}",
            "status": "affected" if number % 4 == 0 else "fixed",
            "fixed_in": "1.2",
            "epss": f"0.{number % 99991:05d}",
            "layer": "sha256:" + "5" * 64,
            "description": "x" * 100,
            "basis": "component=" + "e" * 100,
            **({"kev": "2024-01-02"} if number % 100 == 0 else {}),
        },
        "mail": {
            "intents": "prize",
            "sender": f"u{number % 50021}@evil.example",
            "recipients": f"p{number % 2003}@corp.example",
            "subject": "hello " * 5,
            "time": "2026-01-01T00:00:00Z",
        },
        "logs": {
            "entity": f"u{number % 2003}@corp.example",
            "time": "2026-01-01T00:00:00Z",
            "technique": "T1110",
            "incident": f"{number:012x}",
            "rule": "entra-signin/bad-credentials",
            "source_ip": f"10.0.{number % 251}.{number % 241}",
        },
    }[job]
    evidence = Evidence(
        "+3.92 words: 'click here', 'europa', 'nicht mehr'" * 2, "sample.eml:1 subject or body", How.MODEL
    )
    return Finding(
        record_id=record_id(str(number)),
        job=job,
        verdict=verdict,
        label=f"label-{number % 20}",
        score=0.5,
        summary="It scores 1.00 because it is worded like malicious mail ('click here', 'europa')",
        evidence=(evidence,) * 5,
        made_by={"model": "benchmark"},
        source=f"a.eml:{number}",
        attributes=attributes,
    )


def findings(folder: Path, count: int, times: int) -> None:
    """Cost of writing, then of each question."""
    path = folder / "findings.sqlite"
    seconds = written(path, count)
    plain = written(folder / "plain.sqlite", min(count, 50_000), without=True)
    print(
        json.dumps(
            {
                "findings": count,
                "written, rows/s": round(count / seconds),
                "without columns, rows/s": round(min(count, 50_000) / plain),
                "bytes/finding": round(path.stat().st_size / count),
            }
        )
    )
    reader = FindingsReader(path, seconds=120)
    database = sqlite3.connect(path)
    for name, (asked, sql) in ASKED.items():
        ours = timed(partial(reader.ask, asked, principal=ANN), times)
        peer = timed(partial(_fetched, database, sql), min(times, 3))
        print(json.dumps({"question": name, **ours, "json_extract, ms": peer["p50, ms"]}))
    for entity in ("u8@corp.example", "CVE-2019-42"):
        taken = timed(partial(reader.naming, entity, principal=ANN), times)
        print(json.dumps({"timeline of": entity, **taken}))
    database.close()
    reader.close()


def written(path: Path, count: int, *, without: bool = False) -> float:
    """Seconds in the sink; `without` the columns of questions, as a peer."""
    total = 0.0
    with SqliteSink(path) as sink:
        if without:
            for name in ("added", "replaced", "removed", "changed"):
                sink._database.execute(f"DROP TRIGGER facts_{name}")
        for begin in range(0, count, BATCH):
            batch = [made(number) for number in range(begin, min(begin + BATCH, count))]
            started = time.perf_counter()
            sink.write(batch)
            total += time.perf_counter() - started
    return total


def logs(folder: Path, location: str, times: int) -> None:
    """Ingest of real rows, then questions beside duckdb over the rows as JSON lines."""
    import duckdb
    import msgspec

    started = time.perf_counter()
    kept = keep([location], folder / "logs", "benchmark")
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in (folder / "logs").rglob("*.parquet"))
    print(
        json.dumps(
            {
                "rows": kept.rows,
                "kept, rows/s": round(kept.rows / seconds),
                "bytes/row": round(size / kept.rows, 1),
            }
        )
    )
    lines = folder / "rows.jsonl"
    with lines.open("wb") as file:
        for row in rows_of([location]):
            file.write(msgspec.json.encode(row) + b"\n")
    reader = LogsReader(folder / "logs")
    user = str(reader.ask({"group_by": ["user"], "limit": 2}, principal=ANN).rows[-1][0])
    source = f"read_json('{lines}', format='newline_delimited')"
    asked: dict[str, tuple[dict[str, Any], str]] = {
        "how many": ({"count": True}, f"SELECT count(*) FROM {source}"),
        "users with most rows": (
            {"group_by": ["user"], "limit": 10},
            f'SELECT "user", count(*) n FROM {source} GROUP BY 1 ORDER BY n DESC LIMIT 10',
        ),
        "newest rows of a user": (
            {"where": [is_("user", "=", user)]},
            f"SELECT * FROM {source} WHERE lower(\"user\") = lower('{user}') ORDER BY time DESC LIMIT 20",
        ),
        "text that contains": (
            {"where": [is_("text", "contains", "readme")], "count": True},
            f"SELECT count(*) FROM {source} WHERE contains(lower(text), 'readme')",
        ),
    }
    with duckdb.connect(config={"threads": 2}) as database:
        for name, (question, sql) in asked.items():
            ours = timed(partial(reader.ask, question, principal=ANN), times)
            peer = timed(partial(_fetched, database, sql), min(times, 3))
            print(json.dumps({"question": name, **ours, "duckdb over JSON lines, ms": peer["p50, ms"]}))
    print(
        json.dumps(
            {"timeline of": user, **timed(lambda: reader.naming(user, limit=100, principal=ANN), times)}
        )
    )


def _fetched(database: Any, sql: str) -> object:
    return database.execute(sql).fetchall()


def timed(ask: Callable[[], object], times: int) -> dict[str, float]:
    """Milliseconds: of the first time, the median and the 95th percentile of the others."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - started))
    rest = sorted(taken[1:])
    return {
        "first, ms": round(taken[0], 1),
        "p50, ms": round(statistics.median(rest), 1),
        "p95, ms": round(rest[min(len(rest) - 1, int(0.95 * len(rest)))], 1),
    }


if __name__ == "__main__":
    main()
