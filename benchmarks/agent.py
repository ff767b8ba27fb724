"""Questions of several steps over a workspace, against what is known to be true.

    python benchmarks/agent.py cases.json --home WORKSPACE --now 2026-05-06T14:30:00Z

The file is a list of {"question", "all_of": [text or [alternatives]], "none_of": [...], "answerable": bool}.
Prints every answer that is not full, then the shares, seconds, steps and tokens.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.contracts import Principal, Right
from icelos.jobs.copilot.agent import grading
from icelos.jobs.copilot.answer import Copilot
from icelos.settings import Workspace, load


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--now", default=datetime.now(UTC).isoformat())
    parser.add_argument("--user", default="evaluation")
    parser.add_argument("--group", action="append", default=[])
    given = parser.parse_args()
    settings = msgspec.structs.replace(load().settings, workspace=Workspace(home=str(given.home)))
    copilot = Copilot.open(settings)
    copilot.history = None
    moment = datetime.fromisoformat(given.now)
    copilot.now = lambda: moment
    asker = Principal(given.user, frozenset(given.group), frozenset(Right))
    graded = [
        grading.grade(case, copilot.ask(case.question, principal=asker))
        for case in grading.cases(given.cases)
    ]
    for one in graded:
        if one.grade is not grading.Grade.FULL:
            print(f"{one.grade}: {one.case.question}\n  {one.why}\n  {one.said}")
    for name, figure in grading.summary(graded):
        print(f"{name:24} {figure}")


if __name__ == "__main__":
    main()
