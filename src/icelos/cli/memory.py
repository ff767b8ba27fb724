"""What `icelos vulns analyze --since` needs: the earlier run, and the comparison with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icelos.findings import Finding, Outcome
    from icelos.jobs.vulns.since import Comparison


def read_since(path: Path | None, only: Iterable[str], *, new_only: bool) -> list[Finding] | None:
    """The findings of the earlier run, those about `only` where it names any; None without a run.

    Raises InputError for a file that is none, and for `new_only` without one.
    """
    from icelos.errors import InputError
    from icelos.jobs.vulns.documents.apply import names_of
    from icelos.jobs.vulns.since import read_previous

    if path is None:
        if new_only:
            raise InputError("--new-only needs an earlier run", hint="--since FINDINGS.jsonl")
        return None
    wanted = {name.strip().upper() for names in only for name in names.split(",")}
    return [one for one in read_previous(path) if not wanted or wanted & names_of(one)]


def compare(outcomes: Sequence[Outcome], previous: Sequence[Finding], target: str) -> Comparison:
    """What has changed since; the target is read again only where something is gone."""
    from icelos.jobs.vulns.since import compare as compared

    return compared(outcomes, previous, lambda: _purls(Path(target)))


def _purls(target: Path) -> Iterator[str]:
    from icelos.data.inventory import read_target

    for inventory in read_target(target):
        yield from (one.purl for one in inventory.components)
