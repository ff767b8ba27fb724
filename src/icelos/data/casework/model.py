"""The life of a finding, as people write it: open or closed, who has it, and every step of that."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.records import record_id

COMMENT_LIMIT = 10_000
NAME_LIMIT = 200
RISE = 0.1
"""A closed finding whose score has risen by so much is opened again."""

CONCERN = {verdict: rank for rank, verdict in enumerate(Verdict)}
"""0 is the worst."""


class State(StrEnum):
    """A finding that nobody has touched is open."""

    OPEN = "open"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a finding was closed, as SOC classifications name it.

    DUPLICATE is set by merging only, CLEARED only where the job itself says that it is clear now.
    """

    TRUE_POSITIVE = "true_positive"
    BENIGN_POSITIVE = "benign_positive"
    FALSE_POSITIVE = "false_positive"
    FIXED = "fixed"
    ACCEPTED_RISK = "accepted_risk"
    DUPLICATE = "duplicate"
    CLEARED = "cleared"


OF_PEOPLE = tuple(one for one in Reason if one not in {Reason.DUPLICATE, Reason.CLEARED})
"""What a person may close a finding for."""


class Step(StrEnum):
    """What happened to a finding."""

    ASSIGNED = "assigned"
    COMMENTED = "commented"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"


class Judged(msgspec.Struct, frozen=True):
    """What a job said of a finding when it was closed."""

    verdict: Verdict
    label: str
    score: float | None

    @classmethod
    def of(cls, finding: Finding) -> Judged:
        return cls(finding.verdict, finding.label, finding.score)

    def worse(self, now: Judged) -> str:
        """Why what the job says now is worse than this; "" where it is not."""
        if CONCERN[now.verdict] < CONCERN[self.verdict]:
            return f"the verdict was {self.verdict} and is {now.verdict}"
        if now.verdict is Verdict.CLEAR:
            return ""
        if now.label != self.label and now.verdict is Verdict.ALERT:
            return f"it was {self.label!r} and is {now.label!r}"
        if now.score is not None and now.score >= (self.score or 0.0) + RISE:
            was = "none" if self.score is None else f"{self.score:.2f}"
            return f"the score was {was} and is {now.score:.2f}"
        return ""


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step, as it is kept. `text` is the comment, the assignee or why; `at` has a time zone."""

    number: int
    step: Step
    actor: str
    at: datetime
    text: str = ""
    reason: Reason | None = None
    other: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding stands. `version` is the number of its last step, 0 where there was none.

    `duplicate_of` is the id of the finding that this one repeats; `judged` is what the job said when it
    was closed.
    """

    finding_id: str
    job: str
    record_id: str
    state: State = State.OPEN
    assignee: str = ""
    reason: Reason | None = None
    duplicate_of: str = ""
    changed: datetime | None = None
    version: int = 0
    judged: Judged | None = None

    @classmethod
    def untouched(cls, finding: Finding) -> Case:
        """Of a finding that nobody has touched."""
        return cls(finding_id=finding.id, job=finding.job, record_id=finding.record_id)

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN


class Changed(InputError):
    """Somebody else has changed the case since it was read."""


def checked_name(name: str, what: str) -> str:
    """A person's name on one line. Raises InputError."""
    text = " ".join(name.split())
    if not text or len(text) > NAME_LIMIT or not text.isprintable():
        raise InputError(f"no {what}: {name[:40]!r}", hint=f"a name of 1 to {NAME_LIMIT} characters")
    return text


def checked_text(text: str) -> str:
    """What somebody wrote. Raises InputError where it is empty or too long."""
    text = text.strip()
    if not text:
        raise InputError("nothing is said", hint="write a comment")
    if len(text) > COMMENT_LIMIT:
        raise InputError(f"the comment has {len(text):,} characters", hint=f"at most {COMMENT_LIMIT:,}")
    return text.encode("utf-8", "replace").decode("utf-8")


def finding_id(job: str, record: str) -> str:
    """The permanent id of a finding, as `Finding.id` makes it."""
    return record_id(job, record)
