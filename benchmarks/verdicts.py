"""Verdicts without a model on labelled pairs: `python -m benchmarks.verdicts CACHE ADVISORIES [--half all]`.

CACHE is the folder that `python tests/quality/verdicts/packages.py CACHE` has filled; ADVISORIES are OSV
advisories of PyPI. Prints the figures of one half or of all, and with --cases what was said of each pair.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from icelos.data.components import ComponentSource
from icelos.evaluate.metrics import percentile
from icelos.evaluate.verdicts import Judged, confusion, figures
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.job import build
from icelos.records import Component
from icelos.settings import load

CASES = Path(__file__).parent.parent / "tests" / "quality" / "verdicts"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("advisories")
    parser.add_argument("--half", choices=["dev", "held-out", "all"], default="all")
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    cases = json.loads((CASES / "cases.json").read_text())
    wanted = {"dev": {False}, "held-out": {True}, "all": {False, True}}[given.half]
    chosen = [one for one in cases if one["held_out"] in wanted and given.only in one["id"]]
    judged, seconds = [], []
    tell = partial(told, cache=given.cache, advisories=given.advisories)
    with ProcessPoolExecutor(given.jobs) as pool:
        for case, (label, why, spent) in zip(chosen, pool.map(tell, chosen), strict=True):
            seconds.append(spent)
            judged.append(Judged(case["id"], case["label"], label, case["exploitable"]))
            if given.cases:
                wrong = "!" if case["exploitable"] and label not in {"uncertain", "vulnerable"} else "x"
                mark = " " if label == case["label"] else wrong
                print(f"{mark} {case['id']}: {case['label']} -> {label} ({spent:.1f} s)")
                print(f"    truth: {case['why']}\n    said:  {why}", flush=True)
    report(judged, seconds)


def told(case: dict[str, Any], cache: Path, advisories: str) -> tuple[str, str, float]:
    """(label, why, seconds) of one pair."""
    started = time.perf_counter()
    said = verdict(case, cache, advisories)
    spent = time.perf_counter() - started
    if isinstance(said, Failure):
        return "uncertain", said.error, spent
    return said.label, said.attributes.get("why", ""), spent


def verdict(case: dict[str, Any], cache: Path, advisories: str) -> Finding | Failure:
    """What the job says of one pair, of the version that is installed."""
    version = next(p["version"] for p in case["packages"] if p["name"].lower() == case["package"].lower())
    with tempfile.TemporaryDirectory() as folder:
        target = _materialise().target_of(case, cache, Path(folder))
        options = {"advisories": advisories, "target": str(target)}
        wanted = (case["package"].lower(), version)
        job = build(load(environ={}, flags={"workspace.home": folder}).settings, options)
        for item in ComponentSource(target, advisories=advisories, cve=case["vulnerability"]):
            if isinstance(item, Component) and (item.name.lower(), item.version) == wanted:
                (found,) = job.score([item])
                if isinstance(found, Finding):
                    return found
    return Failure(
        record_id=case["id"], job="vulns", error="no advisory names the package", source=case["id"]
    )


def report(judged: list[Judged], seconds: list[float]) -> None:
    """The figures, the confusion table and the time."""
    found = figures(judged, positive={"vulnerable"}, undecided="uncertain")
    print(f"pairs {found.pairs}, exploitable {found.exploitable}")
    print(f"exploitable called not affected: {len(found.missed)} {list(found.missed)}")
    print(f"decided {found.decided:.3f}, precision {found.precision:.3f}, same label {found.exact:.3f}")
    print(f"macro-F1 {found.macro_f1:.3f}: " + ", ".join(f"{k} {v:.3f}" for k, v in found.f1.items()))
    for gold, given, number in confusion(judged):
        print(f"  {gold:32} {given:32} {number}")
    print(f"seconds a pair: median {percentile(seconds, 0.5):.2f}, p95 {percentile(seconds, 0.95):.2f}")


def _materialise() -> Any:
    specification = importlib.util.spec_from_file_location("materialise", CASES / "materialise.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
