"""`query_findings`: structured questions over what all jobs have found."""

from __future__ import annotations

from typing import Any

from icelos.contracts import Fact, Observation, Principal, Tier, Tool
from icelos.data.query.findings import FindingsReader
from icelos.data.query.language import parsed, schema
from icelos.data.query.views import VIEWS
from icelos.errors import InputError
from icelos.jobs.copilot.tools.rows import Values, observed
from icelos.llm.read_tools import ReadingTool
from icelos.settings import Settings

_TIERS = {"vulns": Tier.PUBLISHED}
"""What a finding of a job quotes: advisories and inventories; anybody's text, for the others."""
_DESCRIPTION = (
    "Findings of all jobs, by view. "
    + " ".join(f"{view.name}: {', '.join(view.fields)}." for view in VIEWS.values())
    + " exploitable is true where a component is affected and that was not ruled out; kev is the date on"
    " which CISA listed the vulnerability as exploited; seen is when a finding was written; reason, closed_by"
    " and closed are of closed findings; failures are records that a job could not process. A condition on"
    " text goes without regard to case. A date stands for its whole day."
)


class QueryFindings(ReadingTool):
    """`query_findings {view, where?, group_by?, count?, distinct?, order_by?, descending?, limit?}`."""

    tool = Tool("query_findings", _DESCRIPTION, schema(VIEWS))

    def __init__(self, settings: Settings) -> None:
        home = settings.home
        self._reader = FindingsReader(home / "findings.sqlite", home / "casework.sqlite")

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        query = parsed(given, VIEWS)
        answer = self._reader.answer(query, principal=principal)
        if query.view.name == "failures":
            return observed(query, answer, given, failure_fact, "records that could not be processed")
        what = "findings" if query.view.name == "findings" else f"findings ({query.view.name})"
        return observed(query, answer, given, finding_fact, what)

    def close(self) -> None:
        """Close the store."""
        self._reader.close()


def finding_fact(values: Values) -> Fact:
    """A finding by its columns. Raises InputError for columns that name none."""
    job, record = values.get("job"), values.get("record_id")
    if not job or not record:
        raise InputError("a finding without its job and record")
    state = f" [{values['state']}]" if values.get("state") not in (None, "", "open") else ""
    return Fact(
        ref=f"finding:{job}/{record}",
        text=f"{job} {values['verdict']} ({values['label']}){state}: {values['summary']}",
        source=str(values.get("source") or ""),
        values=values,
        tier=_TIERS.get(str(job), Tier.OUTSIDE),
    )


def failure_fact(values: Values) -> Fact:
    """A record that a job could not process, by its columns. Raises InputError for columns that name none."""
    job, record = values.get("job"), values.get("record_id")
    if not job or not record:
        raise InputError("a failure without its job and record")
    return Fact(
        ref=f"failure:{job}/{record}", text=f"{job} could not process {record}: {values['error']}",
        source=str(values.get("source") or ""), values=values, tier=Tier.OUTSIDE,
    )  # fmt: skip


def build(settings: Settings) -> QueryFindings:
    """For the registry."""
    return QueryFindings(settings)
