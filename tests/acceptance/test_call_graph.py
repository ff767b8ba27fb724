"""The call graph against what small programs really call, as `sys.setprofile` saw it while each ran.

A third of the programs, chosen by the hash of their names, is held out: nothing was tuned on them.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from icelos.jobs.vulns.reachability import CallGraph

HERE = Path(__file__).parent / "call_graph"
PROGRAMS = sorted((HERE / "programs").iterdir())
PRECISION, RECALL = 0.97, 0.93
Edges = set[tuple[str, str]]


def traced(programs: Sequence[Path]) -> list[Edges]:
    """The edges that running each program shows."""
    asked = [
        json.dumps([str(one), str(one / "main.py")] if one.is_dir() else [str(one.parent), str(one)])
        for one in programs
    ]
    command = [sys.executable, "-B", str(HERE / "record.py"), "scripts"]
    told = subprocess.run(
        command, input="\n".join(asked), capture_output=True, text=True, timeout=100, check=True
    )
    return [{(a, b) for a, b in edges} for edges in json.loads(told.stdout)]


def normal(name: str) -> str:
    """A name of the graph as the recorder writes it."""
    name = re.sub(r"<lambda(\d+)\.\d+>", r"<lambda>\1", name)
    return re.sub(r":\d+", "", name)


def analysed(program: Path) -> Edges:
    """The edges that the analysis gives."""
    graph = CallGraph.of([program], [])
    return {(normal(caller), normal(callee)) for caller, found in graph.edges.items() for callee in found}


def held_out(program: Path) -> bool:
    return hashlib.sha256(program.stem.encode()).digest()[0] % 3 == 0


def scores(results: dict[str, tuple[Edges, Edges]]) -> tuple[float, float]:
    """(precision, recall) over all edges of the programs."""
    both = sum(len(truth & found) for truth, found in results.values())
    said = sum(len(found) for _, found in results.values())
    there = sum(len(truth) for truth, _ in results.values())
    return both / said, both / there


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    programs = [one for one in PROGRAMS if not one.name.startswith("_")]
    truths = zip(programs, traced(programs), strict=True)
    results = {one.stem: (truth, analysed(one)) for one, truth in truths}
    assert len(results) >= 100
    halves = {
        "seen": {n: r for n, r in results.items() if not held_out(Path(n))},
        "held out": {n: r for n, r in results.items() if held_out(Path(n))},
        "all": results,
    }
    with capsys.disabled():
        for label, part in halves.items():
            precision, recall = scores(part)
            print(
                f"\ncall graph, {label}: {len(part)} programs, precision {precision:.3f}, recall {recall:.3f}"
            )
    precision, recall = scores(results)
    wrong = {n: (sorted(t - f), sorted(f - t)) for n, (t, f) in results.items() if t != f}
    assert precision >= PRECISION, wrong
    assert recall >= RECALL, wrong
