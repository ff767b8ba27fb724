"""Several documents as one, and what is different between two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from icelos.jobs.vulns.documents.model import Statement, VexDocument, latest, made


class Kind(StrEnum):
    """What became of a statement."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(NamedTuple):
    """One difference: before, after, or both."""

    kind: Kind
    before: Statement | None
    after: Statement | None

    @property
    def statement(self) -> Statement:
        """The one to name it by."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - a change has one of them
        return found


def merge(documents: Sequence[VexDocument], *, author: str, now: datetime) -> VexDocument:
    """One statement for each vulnerability and component: the latest; at one time, that of most concern."""
    statements = [one for document in documents for one in document.statements]
    ordered = sorted(latest(statements), key=lambda one: (one.when, one.vulnerability, one.subject))
    return made(ordered, author=author, now=now)


def diff(old: VexDocument, new: VexDocument) -> list[Change]:
    """What was decided otherwise: times, words and evidence alone are no difference."""
    before = {one.key: one for one in latest(old.statements)}
    after = {one.key: one for one in latest(new.statements)}
    changes = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is None:
            changes.append(Change(Kind.ADDED, None, other))
        elif other is None:
            changes.append(Change(Kind.REMOVED, one, None))
        elif _decided(one) != _decided(other):
            changes.append(Change(Kind.CHANGED, one, other))
    return changes


def _decided(statement: Statement) -> tuple[object, ...]:
    return statement.status, statement.label, statement.justification, frozenset(statement.fixes)
