"""What is in force, asked for one question: the lifts that the asker's groups have taught.

learned = Learned(history, rules)
store.search(text, principal=ann, lifts=learned.lifts(text, ann, encoder))
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from icelos.contracts import Principal
from icelos.errors import StoreError
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning import versions
from icelos.jobs.copilot.learning.priors import Prior, Rules
from icelos.knowledge.lifts import Lifts, Versions
from icelos.knowledge.vectors import Floats
from icelos.settings import Settings

Flagged = Callable[[Collection[str]], Collection[str]]
"""Of some document ids, those that a guard takes for hostile: nothing lifts them."""
Clock = Callable[[], datetime]


def nothing_flagged(ids: Collection[str]) -> Collection[str]:
    """No document is hostile."""
    del ids
    return ()


def rules_of(settings: Settings) -> Rules:
    """The rules with what the settings say."""
    wanted = settings.learning
    return Rules(
        cap=wanted.cap, half_life_days=wanted.half_life_days, least=wanted.voters, share=wanted.voter_share
    )


class Learned:
    """Reads the versions in force, again when they change. Safe to share between threads."""

    def __init__(
        self, history: History, rules: Rules, *, flagged: Flagged = nothing_flagged,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.rules, self.flagged, self._clock = rules, flagged, clock
        self._path = history.path
        self._database = sqlite3.connect(history.path, timeout=30, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._lock = threading.Lock()
        self._generation = -1
        self._priors: dict[str, Prior | None] = {}

    def lifts(self, query: str, principal: Principal, encoder: str) -> Lifts | None:
        """What the asker's groups have taught of a question; None where that is nothing. Raises StoreError.

        `encoder` names what the question's vector is of.
        """
        priors = [prior for scope in versions.scopes(principal) if (prior := self._prior(scope)) is not None]
        if not priors:
            return None
        return _of(priors, query, encoder, self.flagged, self._clock())

    def _prior(self, scope: str) -> Prior | None:
        try:
            with self._lock:
                now = versions.generation(self._database)
                if now != self._generation:
                    self._priors, self._generation = {}, now
                if scope not in self._priors:
                    taught = versions.in_force(self._database, scope)
                    self._priors[scope] = Prior(taught, self.rules) if taught is not None else None
                return self._priors[scope]
        except sqlite3.Error as error:
            raise StoreError(f"cannot read what was learned: {error}", source=str(self._path)) from error


def _of(priors: Sequence[Prior], query: str, encoder: str, flagged: Flagged, now: datetime) -> Lifts:
    def lifts(vector: Floats | None, current: Versions) -> dict[str, float]:
        found: dict[str, float] = {}
        for prior in priors:
            for document, lift in prior.lifts(query, vector, encoder, current, now=now).items():
                # Of several groups the one that says most: who is in two of them has one vote.
                if abs(lift) > abs(found.get(document, 0.0)):
                    found[document] = lift
        hostile = flagged([document for document, lift in found.items() if lift > 0]) if found else ()
        return {document: lift for document, lift in found.items() if lift < 0 or document not in hostile}

    return lifts


def trial(taught_prior: Prior, query: str, encoder: str, *, flagged: Flagged, now: datetime) -> Lifts:
    """The lifts of one prior that is not in force."""
    return _of([taught_prior], query, encoder, flagged, now)
