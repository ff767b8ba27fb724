"""`sources`: what there is to answer from, and how fresh it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from icelos.contracts import Fact, Observation, Principal, Tier, Tool
from icelos.data.query.findings import FindingsReader
from icelos.data.query.logs import LogsReader
from icelos.data.workspace import ADVISORIES
from icelos.jobs.copilot.tools.knowledge import open_store
from icelos.llm.read_tools import ReadingTool, Scalar, digest, object_schema
from icelos.settings import Settings


class Sources(ReadingTool):
    """`sources {}`."""

    tool = Tool(
        "sources",
        "What there is to answer from: documents by collection, findings by job, kept logs, advisories; with"
        " counts and the time of the newest.",
        object_schema(),
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        home = settings.home
        self._findings = FindingsReader(home / "findings.sqlite", home / "casework.sqlite")
        self._logs = LogsReader(home / "logs")

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        del given
        facts = [*self._documents(principal), *self._of_findings(principal), *self._of_logs(principal)]
        facts += self._of_advisories()
        notices = () if facts else ("there is nothing to answer from yet: see `icelos tour`",)
        return Observation(facts=tuple(facts[:100]), total=len(facts), notices=notices)

    def _documents(self, principal: Principal) -> list[Fact]:
        store = open_store(self._settings)
        found = []
        for one in store.sources(principal=principal) if store is not None else ():
            newest = one.modified or one.indexed
            age = (datetime.now(UTC) - newest).days
            old = f", old: {age} days" if age > self._settings.knowledge.stale_days else ""
            values: dict[str, Scalar] = {
                "kind": "documents",
                "name": one.collection,
                "path": one.path,
                "count": one.documents,
                "passages": one.chunks,
                "kinds": ", ".join(one.kinds),
                "newest": newest.isoformat(timespec="seconds"),
                "indexed": one.indexed.isoformat(timespec="seconds"),
                "licence": one.licence,
            }
            what = f"{one.documents:,} documents ({values['kinds']}) in {one.collection}"
            text = f"{what}, as of {newest:%Y-%m-%d}{old}"
            found.append(_fact(text, values, one.path))
        return found

    def _of_findings(self, principal: Principal) -> list[Fact]:
        jobs = self._findings.ask({"view": "findings", "group_by": ["job"], "limit": 50}, principal=principal)
        found = []
        for job, count in jobs.rows:
            asked = {"view": "findings", "where": [{"field": "job", "is": "=", "value": job}], "limit": 1}
            newest = self._findings.ask(asked, principal=principal)
            seen = dict(zip(newest.columns, newest.rows[0], strict=True))["seen"] if newest.rows else None
            values: dict[str, Scalar] = {"kind": "findings", "name": job, "count": count, "newest": seen}
            found.append(
                _fact(f"{count:,} findings of {job}, the newest of {seen}", values, "findings.sqlite")
            )
        return found

    def _of_logs(self, principal: Principal) -> list[Fact]:
        return [
            _fact(
                f"{log.rows:,} rows of the log {log.name}, from {log.first or 'no time'}"
                f" to {log.last or 'no time'}",
                {
                    "kind": "log",
                    "name": log.name,
                    "count": log.rows,
                    "oldest": log.first,
                    "newest": log.last,
                    "days": log.days,
                    "kept": log.changed,
                },
                f"logs/{log.name}",
            )
            for log in self._logs.logs(principal=principal)
        ]

    def _of_advisories(self) -> list[Fact]:
        path = self._settings.home / ADVISORIES
        if not path.is_file():
            return []
        from icelos.data.advisory_store import AdvisoryStore

        store = AdvisoryStore(path, renew=False)
        try:
            return [
                _fact(
                    f"{one.advisories:,} advisories and {one.facts:,} facts of {one.name},"
                    f" as of {one.filled[:10]}",
                    {
                        "kind": "advisories",
                        "name": one.name,
                        "count": one.advisories + one.facts,
                        "newest": one.filled,
                    },
                    ADVISORIES,
                )
                for one in store.sources()
            ]
        finally:
            store.close()


def _fact(text: str, values: dict[str, Scalar], source: str) -> Fact:
    return Fact(
        ref=digest("sources", values["kind"], values["name"], source),
        text=text,
        source=source,
        values=values,
        tier=Tier.COMPUTED,
    )


def build(settings: Settings) -> Sources:
    """For the registry."""
    return Sources(settings)
