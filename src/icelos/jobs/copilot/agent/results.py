"""What a clause came to, or why to nothing."""

from __future__ import annotations

import msgspec

from icelos.jobs.copilot.agent.clauses import Clause
from icelos.jobs.copilot.agent.querying import Found, Query
from icelos.jobs.copilot.agent.wording import Said


class NotUnderstood(Exception):
    """A part of the question that could not be answered; the message says which, for the reader."""


class Emptied(Exception):
    """What a clause goes on from is nothing, so that it has its answer already."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.text)
        self.said = said


class Result(msgspec.Struct, kw_only=True):
    """What a clause came to: a query over the view that holds what is sought, and the values found.

    `whole` is the query before it was restricted to what affects, where the question does not say; `told` the
    one whose values were told. `also` are the views that narrowed it, with how sign-ins are meant in them,
    and whether what they hold is left out.
    """

    clause: Clause
    query: Query
    whole: Query | None = None
    told: Query | None = None
    sought: str
    mode: str = ""
    found: Found | None = None
    also: tuple[tuple[Query, str, bool], ...] = ()
    limited: bool = False
    unknown: list[str] = []
    assumed: list[str] = []
