"""`whatif`: which detector or rule sees which technique, from the runs of `icelos logs coverage` that are
kept."""

from __future__ import annotations

from typing import Any

from icelos.contracts import Fact, Observation, Principal, Tier, Tool
from icelos.jobs.logs.coverage import Seen
from icelos.jobs.logs.kept_coverage import KeptCoverage, runs
from icelos.llm.read_tools import ReadingTool, digest, object_schema
from icelos.settings import Settings

COMMAND = "icelos logs coverage LOG --model DETECTOR --rules RULES"
_TOLD = 20


class WhatIf(ReadingTool):
    """`whatif {technique}`."""

    tool = Tool(
        "whatif",
        "Which detector and which detection rules see an ATT&CK technique, by simulated attacks that were"
        " played into a log; the newest run first. A technique stands for its sub-techniques, too.",
        object_schema(
            ("technique",),
            technique={
                "type": "string",
                "pattern": r"^[Tt]\d{4}(\.\d{3})?$",
                "description": "T1110 or T1110.003",
            },
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / "coverage"

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        del principal  # a run tells of detectors and rules, and quotes no row: who may read, may read it
        wanted = given["technique"].upper()
        kept, broken = runs(self._folder)
        notices = [f"{broken} kept results cannot be read"] if broken else []
        if not kept:
            return Observation(total=0, notices=(*notices, f"no what-if run is kept: run `{COMMAND}`"))
        facts = [
            _fact(run, one) for run in kept for one in run.techniques
            if one.technique == wanted or one.technique.startswith(f"{wanted}.")
        ]  # fmt: skip
        if not facts:
            played = sorted({one.technique for run in kept for one in run.techniques})
            notices.append(
                f"no kept run has played {wanted}: run `{COMMAND} --attacks SCENARIO`; played were"
                f" {', '.join(played[:_TOLD])}{', …' if len(played) > _TOLD else ''}"
            )
        return Observation(facts=tuple(facts[:100]), total=len(facts), notices=tuple(notices))


def _fact(run: KeptCoverage, one: Seen) -> Fact:
    titles = {rule.id: rule.title for rule in run.rules_seen}
    rules = ", ".join(f"{titles.get(name, name)} ({count})" for name, count in one.rules[:_TOLD])
    parts = []
    if run.detector:
        parts.append(f"the detector {run.detector} saw {one.by_detector}")
    if run.rules:
        parts.append(f"rules saw {one.by_rules}{f': {rules}' if rules else ''}")
    return Fact(
        ref=digest("whatif", run.id, one.technique),
        text=f"{one.technique} {one.name}: {one.seen} of {one.episodes} simulated episodes were seen;"
        f" {'; '.join(parts)} (log {run.log}, difficulty {run.difficulty:g}, {run.made})",
        source=f"icelos logs coverage {run.log}",
        values={
            "technique": one.technique,
            "name": one.name,
            "tactics": ", ".join(one.tactics),
            "episodes": one.episodes,
            "seen": one.seen,
            "by_detector": one.by_detector,
            "by_rules": one.by_rules,
            "rules": rules,
            "detector": run.detector,
            "rule_set": run.rules,
            "log": run.log,
            "difficulty": run.difficulty,
            "made": run.made,
        },
        tier=Tier.COMPUTED,
    )


def build(settings: Settings) -> WhatIf:
    """For the registry."""
    return WhatIf(settings)
