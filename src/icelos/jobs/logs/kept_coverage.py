"""What coverage runs have found, kept in the workspace: one small file a run, the newest ones.

`icelos logs coverage` keeps its result; the copilot's tool `whatif` reads it. No row of a log is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.errors import StoreError
from icelos.jobs.logs.coverage import Coverage, RuleSeen, Seen
from icelos.records import record_id

KEPT = 50
"""Runs that are kept; the oldest go first."""
_LARGEST = 16 << 20


class KeptCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One run: when, over which log, by what, and what was seen. `detector` and `rules` are "" for none."""

    made: str
    log: str
    rows: int
    detector: str
    rules: str
    episodes: int
    difficulty: float
    techniques: tuple[Seen, ...]
    rules_seen: tuple[RuleSeen, ...]
    gaps: tuple[str, ...]

    @property
    def id(self) -> str:
        """Names the run."""
        return record_id("coverage", self.made, self.log, self.detector, self.rules)[:16]


def keep(
    folder: Path, found: Coverage, *, log: str, detector: str, rules: str, episodes: int, difficulty: float
) -> Path:
    """Keep a run; its file. Raises StoreError."""
    run = KeptCoverage(
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), log=log, rows=found.rows, detector=detector,
        rules=rules, episodes=episodes, difficulty=difficulty, techniques=found.techniques,
        rules_seen=found.rules[:500], gaps=found.gaps,
    )  # fmt: skip
    path = folder / f"{run.made.replace(':', '')}-{run.id}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with atomic_write(path, mode=0o600) as file:
            file.write(msgspec.json.encode(run))
        for old in _files(folder)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot keep the result: {error.strerror}", source=str(path)) from error
    return path


def runs(folder: Path) -> tuple[Sequence[KeptCoverage], int]:
    """The kept runs, the newest first, and how many files are none."""
    found, broken = [], 0
    for path in _files(folder)[:KEPT]:
        try:
            if path.stat().st_size > _LARGEST:
                raise ValueError("too large")
            found.append(msgspec.json.decode(path.read_bytes(), type=KeptCoverage))
        except (OSError, ValueError):
            broken += 1
    return found, broken


def _files(folder: Path) -> list[Path]:
    """By their names, which begin with a time."""
    return sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else []
