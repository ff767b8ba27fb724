"""Questions of several steps over the simulated organisation, judged by answers that were computed apart.

    python -m benchmarks.agent [dev|held_out] [--half first|second] [--show] [--no-attack]

The organisation of `tests/quality/agent` is written into a temporary workspace, its logs are kept there, and
every question is asked as one of its group would, at the organisation's own time. Prints the shares of right,
partial, declined and wrong answers with 95 % intervals, by kind, and what an answer costs. No model is
configured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import msgspec
from tests.quality.agent.gold import questions
from tests.quality.agent.grading import grade
from tests.quality.agent.workspace import prepared

from icelos.contracts import Principal, Right
from icelos.evaluate.metrics import wilson

GRADES = ("right", "partial", "declined", "wrong")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", nargs="?", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--show", action="store_true", help="print every answer that is not right")
    parser.add_argument("--no-attack", action="store_true", help="without the bundled ATT&CK")
    parser.add_argument(
        "--half", choices=("first", "second"), help="every other question, from the first or second on"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copilot = prepared(Path(folder), attack=not given.no_attack)
        counts: Counter[str] = Counter()
        kinds: dict[str, Counter[str]] = defaultdict(Counter)
        seconds, steps = list[float](), list[int]()
        start = {"first": 0, "second": 1}.get(given.half, 0)
        for one in questions(given.which)[start :: 2 if given.half else 1]:
            asker = Principal("analyst", frozenset(one.groups), frozenset(Right))
            began = time.perf_counter()
            answer = copilot.ask(one.question, principal=asker)
            seconds.append(time.perf_counter() - began)
            steps.append(len(answer.steps))
            text = "\n".join((*(s.text for s in answer.sentences), *answer.notices))
            refs = [citation.ref for citation in answer.citations]
            found = grade(text, answer.status.value, refs, one.expect)
            counts[found] += 1
            kinds[one.kind][found] += 1
            if given.show and found != "right":
                said = msgspec.json.encode(one.expect).decode()
                print(
                    f"{found}: {one.id} {one.question}\n  says ({answer.status}): {text[:700]}"
                    f"\n  gold: {said[:400]}"
                )
        _report(counts, kinds, seconds, steps)


def _report(
    counts: Counter[str], kinds: dict[str, Counter[str]], seconds: list[float], steps: list[int]
) -> None:
    total = sum(counts.values())
    for name in GRADES:
        low, high = wilson(counts[name], total)
        print(f"{name:10} {counts[name]:4} of {total}: {counts[name] / total:.3f} ({low:.3f}-{high:.3f})")
    for kind, found in sorted(kinds.items()):
        print(f"  {kind:24} " + "  ".join(f"{name} {found[name]}" for name in GRADES))
    seconds.sort()
    at = {n: seconds[min(total - 1, total * n // 100)] for n in (50, 95)}
    print(f"p50 {at[50]:.3f} s, p95 {at[95]:.3f} s, {sum(steps) / total:.1f} steps on average")


if __name__ == "__main__":
    main()
