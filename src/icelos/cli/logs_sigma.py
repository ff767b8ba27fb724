"""`icelos logs sigma`: published detections over a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.findings import Failure, Finding
    from icelos.jobs.logs.sigma.matching import Matcher
    from icelos.jobs.logs.sigma.rules import Loaded

_TOLD = 5
"""Failures that are told one by one."""


def sigma(
    rules: Annotated[str, typer.Argument(help="File or folder of Sigma rules")],
    source: Annotated[str, typer.Argument(help="File or folder of rows, or -")],
    output_file: Annotated[
        Path | None, typer.Option("--output", help="FILE of findings and failures, a JSON line each")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="auto, json, cef, leef, syslog or csv")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="The result as one JSON object")] = False,
) -> None:
    """Run Sigma rules over a log: each on the rows that its logsource means, in one pass.

    Rules of level high and critical alert, others are to be reviewed. Correlations are not supported.

    Example: icelos logs sigma sigma/rules signins.jsonl.gz --output matches.jsonl
    """
    from icelos.jobs.logs.profile.rows import RowSource
    from icelos.jobs.logs.sigma.matching import Matcher
    from icelos.jobs.logs.sigma.rules import load_rules

    told = "no output was written, run it again"
    with output.if_stopped(told), output.console(stderr=True).status("reading rules") as status:
        loaded = load_rules(rules)
        matcher = Matcher(loaded.rules)
        found = matcher.run(RowSource(source, form))
        failures: list[Failure] = []
        for _ in _written(found, output_file, loaded.failures, failures):
            status.update(f"{matcher.counts.rows:,} rows")
    if json:
        output.json_line(_result(loaded, matcher))
    else:
        _tell(loaded, matcher, failures)


def _written(
    found: Iterable[Finding | Failure], path: Path | None, before: list[Failure], failures: list[Failure]
) -> Iterator[None]:
    """Write outcomes as they come; the first failures are kept to be told."""
    import msgspec

    from icelos.data.atomic import atomic_write
    from icelos.findings import Failure

    with ExitStack() as stack:
        file = stack.enter_context(atomic_write(path)) if path is not None else None
        for one in chain(before, found):
            name = "failure" if isinstance(one, Failure) else "finding"
            if file is not None:
                file.write(msgspec.json.encode({name: one}) + b"\n")
            if isinstance(one, Failure) and len(failures) < _TOLD + len(before):
                failures.append(one)
            yield


def _result(loaded: Loaded, matcher: Matcher) -> dict[str, object]:
    counts = matcher.counts
    by_id = {rule.id: rule for rule in loaded.rules}
    return {
        "rules": len(loaded.rules),
        "rules_failed": len(loaded.failures),
        "rows": counts.rows,
        "rows_meant": counts.meant,
        "failures": counts.failures,
        "matches": counts.matches.total(),
        "by_rule": [
            {
                "id": identity, "title": by_id[identity].title, "level": by_id[identity].level,
                "techniques": by_id[identity].techniques, "matches": number,
            }
            for identity, number in counts.matches.most_common()
        ],
    }  # fmt: skip


def _tell(loaded: Loaded, matcher: Matcher, failures: list[Failure]) -> None:
    counts = matcher.counts
    by_id = {rule.id: rule for rule in loaded.rules}
    if counts.matches:
        output.table(
            ("matches", "level", "rule", "techniques"),
            (
                (f"{number:,}", by_id[one].level or "-", by_id[one].title, ", ".join(by_id[one].techniques))
                for one, number in counts.matches.most_common()
            ),
        )
    output.note(f"{len(loaded.rules):,} rules, {len(loaded.failures):,} that cannot be used")
    rows_failed = failures[len(loaded.failures) :]
    for failed in (*loaded.failures[:_TOLD], *rows_failed[:_TOLD]):
        output.note(f"{failed.source}: {failed.error}")
    output.note(
        f"{counts.rows:,} rows, rules for {counts.meant:,} of them, {counts.failures:,} failures; "
        f"{counts.matches.total():,} matches of {len(counts.matches):,} rules"
    )
