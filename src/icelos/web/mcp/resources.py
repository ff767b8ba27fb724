"""Documents and findings as resources: icelos://document/ID and icelos://finding/JOB/RECORD."""

from __future__ import annotations

from urllib.parse import unquote

from icelos.contracts import Fact, Principal, Right
from icelos.errors import InputError
from icelos.records import record_id
from icelos.web.mcp import facts
from icelos.web.services import Services

DOCUMENT = "icelos://document/"
FINDING = "icelos://finding/"
TEMPLATES = (
    (f"{DOCUMENT}{{id}}", "document", "One document of the sources, the version in force, by its id"),
    (f"{FINDING}{{job}}/{{record}}", "finding", "What one job says of one record, with its evidence"),
)
"""URI template, name, description."""
NEWEST = 20
"""Findings that are listed; any other can be read by its address."""


def read(uri: str, here: Services, principal: Principal) -> Fact:
    """What stands at an address. Raises InputError where there is nothing, or nothing for this principal."""
    if Right.READ not in principal.rights:
        raise InputError(f"this needs the right {Right.READ.value!r}, which you do not have")
    fact = None
    if uri.startswith(DOCUMENT):
        stored = here.knowledge.document(unquote(uri.removeprefix(DOCUMENT)), principal=principal)
        fact = facts.document(stored) if stored is not None else None
    elif uri.startswith(FINDING):
        job, _, record = uri.removeprefix(FINDING).partition("/")
        found = here.findings.finding(record_id(unquote(job), unquote(record)), principal=principal)
        fact = facts.finding(found) if found is not None else None
    if fact is None:
        raise InputError(f"nothing at {uri!r}, or not for you")
    here.record(principal, "resource", uri, shown=[fact.ref])
    return fact


def newest(here: Services, principal: Principal) -> list[Fact]:
    """The findings that came last."""
    if Right.READ not in principal.rights:
        return []
    found = [facts.finding(one) for one in here.findings.findings(limit=NEWEST, principal=principal)]
    here.record(principal, "resources", shown=[fact.ref for fact in found])
    return found
