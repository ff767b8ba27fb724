"""`timeline`: everything that names one user, host, address, vulnerability or package, in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from icelos.contracts import Fact, Observation, Principal, Tool
from icelos.data.query.findings import MOST_NAMED, FindingsReader
from icelos.data.query.language import span, text_of_time
from icelos.data.query.logs import LogsReader
from icelos.errors import InputError
from icelos.jobs.copilot.tools.findings import finding_fact
from icelos.jobs.copilot.tools.logs import log_fact
from icelos.llm.read_tools import LIMIT, MOST, ReadingTool, object_schema, plain, text_schema
from icelos.settings import Settings


class Timeline(ReadingTool):
    """`timeline {entity, start?, end?, limit?}`."""

    tool = Tool(
        "timeline",
        "Findings of every job and rows of kept logs that name one user, host, IP address, vulnerability or"
        " package, the oldest first. Names are compared whole: a user with or without domain, a host with or"
        " without.",
        object_schema(
            ("entity",), entity=text_schema("The name, whole", most=300),
            start=text_schema("From this day or time on, ISO 8601", most=40),
            end=text_schema("Before this time; of a day, until its end", most=40), limit=LIMIT,
        ),
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        home = settings.home
        self._findings = FindingsReader(home / "findings.sqlite", home / "casework.sqlite")
        self._logs = LogsReader(home / "logs")

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        entity, limit = given["entity"].strip(), given.get("limit", MOST)
        if not entity:
            raise InputError("timeline: of whom?")
        begin, end = _moment(given, "start"), _moment(given, "end")
        findings = self._findings.naming(entity, principal=principal)
        within = [row for row in findings if _is_within(row, begin, end)]
        logs = self._logs.naming(entity, begin=begin, end=end, limit=limit, principal=principal)
        rows = [dict(zip(logs.columns, row, strict=True)) for row in logs.rows]
        events = [(_when(row), finding_fact(_shown(row))) for row in within]
        events += [(str(row["time"] or ""), log_fact(row)) for row in rows]
        events.sort(key=lambda event: (event[0], event[1].ref))
        total = len(within) + logs.total if logs.total is not None else None
        facts = tuple(_dated(when, fact) for when, fact in events[:limit])
        notices = (
            [f"only the newest {MOST_NAMED:,} findings were looked at"] if len(findings) >= MOST_NAMED else []
        )
        if not facts:
            notices.append(
                f"nothing names {plain(entity, 100)!r} as a user, host, address, vulnerability or package"
            )
        return Observation(facts=facts, total=total, notices=tuple(notices))

    def close(self) -> None:
        """Close the stores."""
        self._findings.close()


def _moment(given: Mapping[str, Any], name: str) -> datetime | None:
    """The time that begins or ends what is asked for; a day ends with its end."""
    if not given.get(name):
        return None
    found = span(given[name])
    if found is None:
        raise InputError(
            f"timeline: {name} is no time: {plain(given[name], 40)!r}",
            hint="2026-01-31 or 2026-01-31T08:00:00Z",
        )
    is_day = len(given[name].strip()) <= len("2026-01-31")
    return found.end if name == "end" and is_day else found.begin


def _when(row: Mapping[str, Any]) -> str:
    return str(row["time"] or row["seen"])


def _is_within(row: Mapping[str, Any], begin: datetime | None, end: datetime | None) -> bool:
    when = _when(row)
    return (begin is None or when >= text_of_time(begin)) and (end is None or when < text_of_time(end))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are set: those of all views stand side by side."""
    return {name: value for name, value in row.items() if value is not None}


def _dated(when: str, fact: Fact) -> Fact:
    text = fact.text if fact.text.startswith(when) else f"{when} {fact.text}"
    return Fact(
        ref=fact.ref, text=text, source=fact.source, tier=fact.tier, values={"when": when, **fact.values}
    )


def build(settings: Settings) -> Timeline:
    """For the registry."""
    return Timeline(settings)
