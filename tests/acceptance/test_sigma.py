"""The published Sigma rules, and Windows' events of real attacks: SQLite against an engine of its own."""

from __future__ import annotations

import gzip
import json
import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from icelos.data.parse.flat import text_of
from icelos.findings import Finding
from icelos.jobs.logs.profile.rows import Row, RowSource

DATA = Path(os.environ.get("ICELOS_DATA", ""))
RULES = DATA / "copilot" / "sigma" / "sigma-rules.yml"
LOGS = DATA / "logs"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not os.environ.get("ICELOS_DATA") or not RULES.is_file() or not LOGS.is_dir(),
        reason="ICELOS_DATA names no Sigma rules and logs",
    ),
]
pytest.importorskip("sigma", reason="pySigma is not installed")
SAMPLE = 1500
"""Rows of each corpus."""


@pytest.fixture(scope="module")
def loaded() -> Any:
    from icelos.jobs.logs.sigma.rules import load_rules

    return load_rules(RULES)


def test_the_published_rules_are_compiled(loaded: Any) -> None:
    number = len(loaded.rules) + len(loaded.failures)
    assert number >= 3000
    assert len(loaded.rules) >= 0.95 * number
    assert all("placeholder" in one.error for one in loaded.failures), [one.error for one in loaded.failures]


def _sample(paths: list[Path]) -> list[Row]:
    """Rows of every kind of event, as many of the rare ones as of the frequent; those with lists are left
    out, for how lists are read is not what is compared here."""
    by_event: dict[str, list[Row]] = {}
    for path in random.Random(4).sample(paths, min(len(paths), 12)):
        for row in RowSource(str(path)):
            if isinstance(row, Row) and not any("[" in name and "tags[" not in name for name in row.fields):
                by_event.setdefault(_event(row), []).append(row)
    share = max(1, SAMPLE // len(by_event))
    return [row for rows in by_event.values() for row in random.Random(5).sample(rows, min(len(rows), share))]


def _event(row: Row) -> str:
    for name in ("EventID", "event.Event.System.EventID", "event.Event.System.EventID.#text"):
        if name in row.fields:
            return f"{row.fields[name]} {row.fields.get('Channel', '')}"
    return ""


def _lookup(values: dict[str, str], paths: Any, name: str) -> str | None:
    return next((values[path] for path in paths(name.lower()) if path in values), None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("corpus", ["otrf_windows", "evtx_attack_samples"])
def test_two_engines_find_the_same(corpus: str, loaded: Any) -> None:
    from sigma.rule import SigmaRule
    from tests.unit.jobs.logs.sigma.evaluator import Evaluator

    from icelos.jobs.logs.sigma.matching import Matcher
    from icelos.jobs.logs.sigma.taxonomy import layout_of

    paths = sorted((LOGS / corpus).glob("*.jsonl.gz"))
    sample = _sample(paths)
    rows = [row._replace(source=f"log:{number}") for number, row in enumerate(sample, 1)]
    found = {
        (one.source, one.attributes["rule"])
        for one in Matcher(loaded.rules).run(rows)
        if isinstance(one, Finding)
    }
    with RULES.open() as file:
        documents = {one["id"]: one for one in yaml.load_all(file, Loader=yaml.CSafeLoader)}
    evaluators: dict[str, Evaluator] = {}
    wanted = set()
    compared = 0
    for row in rows:
        layout, origin = layout_of(row.fields)
        values = _values(row)
        text = "\n".join((row.raw.decode(), *values.values())) if b"\\" in row.raw else row.raw.decode()
        for rule in loaded.rules:
            if not rule.logsource.means(origin):
                continue
            if rule.id not in evaluators:
                evaluators[rule.id] = Evaluator(SigmaRule.from_dict(documents[rule.id]))
            compared += 1
            if evaluators[rule.id].matches(partial(_lookup, values, layout.paths), text):
                wanted.add((row.source, rule.id))
    print(f"{corpus}: {len(rows)} rows, {compared} pairs of a rule and a row, {len(wanted)} matches")
    assert compared > 10_000
    assert len(wanted) >= 40
    assert found == wanted


def _values(row: Row) -> dict[str, str]:
    values: dict[str, str] = {}
    for path, value in row.fields.items():
        name = path.replace("\\.", ".").lower().removesuffix(".#text")
        if value is None or name.endswith(("{}", "[]")):
            continue
        head, found, rest = name.partition("event.userdata.")
        if found:
            name = f"{head}event.eventdata.{rest.split('.', 1)[1]}"
        values.setdefault(name, text_of(value))
    return values


def test_a_command_over_a_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from icelos.cli.main import run

    source = LOGS / "evtx_attack_samples" / "evtx_mitre.jsonl.gz"
    head = tmp_path / "log.jsonl"
    with gzip.open(source) as file:
        head.write_bytes(b"".join(next(file) for _ in range(500)))
    assert (
        run(["logs", "sigma", str(RULES), str(head), "--output", str(tmp_path / "out.jsonl"), "--json"]) == 0
    )
    told = json.loads(capfd.readouterr().out)
    assert told["rows"] == 500
    assert told["matches"] > 30
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    assert sum("finding" in line for line in lines) == told["matches"]
