"""Learning: the log of a workspace in, versions of priors out, each tried on later feedback before it counts.

    for done in Teaching(history, store, settings).learn():
        print(done.scope, done.state, done.report.why)

A version comes into force where a replay shows that it serves the feedback that came after better than what
is in force, and known items no worse; else it stays a candidate. The same log and store teach the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from icelos.contracts import Principal
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning import replay, versions
from icelos.jobs.copilot.learning.feedback import read
from icelos.jobs.copilot.learning.learned import Flagged, nothing_flagged, rules_of, trial
from icelos.jobs.copilot.learning.priors import Prior, Rules, Taught, compiled, trusting
from icelos.jobs.copilot.learning.replay import Compared, LiftsOf, Scored
from icelos.jobs.copilot.learning.versions import Report, State
from icelos.jobs.copilot.learning.votes import Vote, votes
from icelos.knowledge.search import QUERY_CHARACTERS
from icelos.knowledge.store import KnowledgeStore
from icelos.knowledge.vectors import pack
from icelos.settings import Settings

LEAST_CASES = 10
"""Judged questions below which a replay shows nothing."""
GUARD_LOSS = 0.005
"""What known items may lose of their nDCG@10, as a share: nothing but rounding."""
MEMBER_DAYS = 365
"""Who has not asked for so long no longer counts as a member of a group."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one scope; `version` is 0 where nothing was kept."""

    scope: str
    state: State
    version: int
    report: Report


class Teaching:
    """Learns from one history over one store. `now` is when it learns; votes age from their own time."""

    def __init__(
        self, history: History, store: KnowledgeStore, settings: Settings, *,
        flagged: Flagged = nothing_flagged, rules: Rules | None = None, now: datetime | None = None,
    ) -> None:  # fmt: skip
        self.history, self.store, self.flagged = history, store, flagged
        self.rules = rules or rules_of(settings)
        self.now = now or datetime.now(UTC)
        self._encoder = store.encoder.name if store.encoder is not None else ""

    def learn(self, *, dry_run: bool = False) -> list[Outcome]:
        """One outcome for each scope with votes that its newest version does not know. Raises IcelosError."""
        with self.history.opened() as database:
            log = read(database, "teaches = 1")
            known = {scope.scope: scope.learned_to for scope in reversed(versions.listed(database))}
        found = []
        for scope, mine in sorted(by_scope(votes(log, self._named)).items()):
            if max(vote.number for vote in mine) > known.get(scope, 0):
                found.append(self._one(scope, mine, dry_run))
        return found

    def force(self) -> list[int]:
        """Bring everything that the log teaches into force, whatever a replay would say; for measurements."""
        with self.history.opened() as database:
            scopes = by_scope(votes(read(database, "teaches = 1"), self._named))
        numbers = []
        for scope, mine in sorted(scopes.items()):
            with self.history.opened() as database:
                whole = self.taught(scope, mine, members(database, scope, self.now))
                last = max(vote.number for vote in mine)
                numbers.append(versions.keep(database, whole, "promoted", last, Report(why="by command")))
        return numbers

    def rollback(self, scope: str = "") -> list[int]:
        """Take out of force what is in force for a scope, or for all; the numbers of the versions."""
        with self.history.opened() as database:
            names = [scope] if scope else sorted({one.scope for one in versions.listed(database)})
            gone = [versions.withdraw(database, name) for name in names]
        return [number for number in gone if number]

    def _one(self, scope: str, mine: Sequence[Vote], dry_run: bool) -> Outcome:
        with self.history.opened() as database:
            size = members(database, scope, self.now)
            old, reusable = versions.in_force(database, scope), versions.newest(database, scope)
        whole = self.taught(scope, mine, size, reusable)
        report = self._tried(scope, mine, size, whole, old)
        state: State = "candidate" if report.why.startswith("not ") else "promoted"
        if dry_run:
            return Outcome(scope=scope, state=state, version=0, report=report)
        with self.history.opened() as database:
            last = max(vote.number for vote in mine)
            number = versions.keep(database, whole, state, last, report)
        return Outcome(scope=scope, state=state, version=number, report=report)

    def taught(self, scope: str, mine: Sequence[Vote], size: int, reusable: Taught | None = None) -> Taught:
        """The votes of a scope with vectors and trust. Vectors of `reusable` are not made again."""
        documents = {vote.document_id for vote in mine if vote.value > 0}
        hostile = frozenset(self.flagged(documents))
        plain = compiled(scope, mine, size=size, flagged=hostile)
        return trusting(self._with_vectors(plain, reusable), self.rules)

    def _with_vectors(self, taught: Taught, reusable: Taught | None) -> Taught:
        if self.store.encoder is None or not taught.queries:
            return taught
        known: dict[str, bytes] = {}
        if reusable is not None and reusable.encoder == self._encoder and reusable.queries:
            width = len(reusable.vectors) // len(reusable.queries)
            rows = (reusable.vectors[width * n : width * (n + 1)] for n in range(len(reusable.queries)))
            known = dict(zip(reusable.queries, rows, strict=True))
        missing = [query for query in taught.queries if query not in known]
        made = self.store.encoder.encode([query[:QUERY_CHARACTERS] for query in missing])
        known |= zip(missing, pack(made), strict=True)
        data = b"".join(known[query] for query in taught.queries)
        return msgspec.structs.replace(taught, encoder=self._encoder, vectors=data)

    def _tried(
        self, scope: str, mine: Sequence[Vote], size: int, whole: Taught, old: Taught | None
    ) -> Report:
        folds = replay.folds(mine)
        number = sum(len(cases) for _, cases in folds)
        about = Report(votes=len(mine), people=len(whole.voters), cases=number)
        if number < LEAST_CASES:
            why = f"not enough: {number} judged questions of the last votes, {LEAST_CASES} are needed"
            return msgspec.structs.replace(about, why=why)
        reader, before = versions.principal_of(scope), self._lifts(old)
        results: list[Scored] = []
        for earlier, cases in folds:
            tried = self.taught(scope, earlier, size, whole)
            trust = dict(zip(tried.voters, tried.trust, strict=True))
            results += replay.scored(self.store, reader, cases, before, self._lifts(tried), trust=trust)
        items = replay.guard(self.store, reader)
        known = replay.compared(replay.scored(self.store, reader, items, before, self._lifts(whole)))
        shown = replay.compared(results)
        return msgspec.structs.replace(
            about, before=shown.before, after=shown.after, low=shown.low, guard_cases=known.cases,
            guard_before=known.before, guard_after=known.after, why=verdict(shown, known),
        )  # fmt: skip

    def _lifts(self, taught: Taught | None) -> LiftsOf:
        if taught is None or not taught.votes:
            return lambda _: None
        prior = Prior(taught, self.rules)
        return lambda query: trial(prior, query, self._encoder, flagged=self.flagged, now=self.now)

    def _named(self, identifier: str, groups: Sequence[str]) -> list[str]:
        """The documents that are called so, of those that who wrote it could read."""
        reader = Principal("learning", frozenset(groups))
        hits = self.store.lookup(identifier, principal=reader)
        return [hit.document_id for hit in hits if "exact" in hit.why][:1]


def by_scope(found: Iterable[Vote]) -> dict[str, list[Vote]]:
    """The votes of each group, and of each person without one."""
    scopes: dict[str, list[Vote]] = {}
    for vote in found:
        for scope in versions.scopes(Principal(vote.person, frozenset(vote.groups))):
            scopes.setdefault(scope, []).append(vote)
    return scopes


def members(database: sqlite3.Connection, scope: str, now: datetime) -> int:
    """How many people of a group have asked lately; 1 for a person."""
    kind, _, name = scope.partition(":")
    if kind != "group":
        return 1
    since = (now - timedelta(days=MEMBER_DAYS)).astimezone(UTC).isoformat(timespec="microseconds")
    query = "SELECT count(*) FROM members WHERE name = ? AND seen >= ?"
    return int(database.execute(query, (name, since)).fetchone()[0])


def verdict(shown: Compared, known: Compared) -> str:
    """Why a version comes into force, or ("not …") why it does not."""
    gain = f"nDCG@10 {shown.before:.3f} to {shown.after:.3f} on {shown.cases} later questions"
    if shown.low <= 0:
        return f"not sure to be better: {gain}, at least {shown.low:+.3f}"
    if known.after < known.before * (1 - GUARD_LOSS):
        return f"not harmless: known items {known.before:.3f} to {known.after:.3f}"
    return f"better: {gain}, at least {shown.low:+.3f}; known items {known.before:.3f} to {known.after:.3f}"
