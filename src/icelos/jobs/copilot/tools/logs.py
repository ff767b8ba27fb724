"""`search_logs`: structured questions over kept logs."""

from __future__ import annotations

from typing import Any

from icelos.contracts import Fact, Observation, Principal, Tier, Tool
from icelos.data.query.language import parsed, schema
from icelos.data.query.logs import VIEW, LogsReader
from icelos.jobs.copilot.tools.rows import Values, observed
from icelos.llm.read_tools import ReadingTool
from icelos.settings import Settings

NOTHING = "no log is kept that may be seen: `icelos logs keep FILE --as NAME`"
_SCHEMA = schema(None)
_SCHEMA = _SCHEMA | {
    "properties": {"log": {"type": "string", "maxLength": 64, "description": "Only this log"}}
    | _SCHEMA["properties"]
}


class SearchLogs(ReadingTool):
    """`search_logs {log?, where?, group_by?, count?, distinct?, order_by?, descending?, limit?}`."""

    tool = Tool(
        "search_logs",
        f"Rows of kept logs. Fields: {', '.join(VIEW.fields)}, and a row's own fields as fields.NAME. time is"
        " in UTC, outcome is success, failure or unknown. A condition on text goes without regard to case.",
        _SCHEMA,
    )

    def __init__(self, settings: Settings) -> None:
        self._reader = LogsReader(settings.home / "logs")

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        log = given.pop("log", "")
        query = parsed({**given, "view": VIEW.name}, {VIEW.name: VIEW})
        answer = self._reader.answer(query, log=log, principal=principal)
        asked = given | ({"log": log} if log else {})
        found = observed(query, answer, asked, log_fact, f"rows of {log}" if log else "rows of kept logs")
        if not self._reader.logs(principal=principal):
            return Observation(facts=found.facts, total=found.total, notices=(NOTHING,))
        return found


def log_fact(values: Values) -> Fact:
    """A row of a log by its columns."""
    who = values.get("user") or "somebody"
    parts = [str(values.get("time") or "at an unknown time"), f"{who}:"]
    parts += [
        str(values[name]) for name in ("action", "outcome") if values.get(name) not in (None, "", "unknown")
    ]
    parts += [f"{word} {values[name]}" for word, name in _WORDS.items() if values.get(name)]
    if len(parts) == 2:
        parts.append(str(values.get("text") or ""))
    return Fact(
        ref=f"log:{values['log']}/{values['row']}",
        text=" ".join(parts),
        source=str(values.get("source") or ""),
        values=values,
        tier=Tier.OUTSIDE,
    )


_WORDS = {"in": "application", "on": "host", "from": "source_ip"}


def build(settings: Settings) -> SearchLogs:
    """For the registry."""
    return SearchLogs(settings)
