"""What can be asked over: each view with its tool, its columns by what they mean, and its words.

The names of views and columns are those of the tools `query_findings` and `search_logs`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One table. `columns` maps what a question speaks of ("host") to the column that holds it.

    `lists` are columns that hold several values in one text. `rows` is what a row of it is called, one and
    many; `seeks` what is listed where nothing is named ("" for the rows themselves). `brings` is the command
    that fills it.
    """

    name: str
    tool: str
    time: str
    columns: Mapping[str, str]
    rows: tuple[str, str]
    seeks: str = ""
    lists: frozenset[str] = frozenset()
    told: tuple[str, ...] = ()
    brings: str = ""


_CASE = {
    "job": "job", "verdict": "verdict", "label": "label", "score": "score", "state": "state",
    "assignee": "assignee", "reason": "reason", "closer": "closed_by", "closed": "closed",
    "summary": "summary", "seen": "seen",
}  # fmt: skip

FINDINGS = View(
    name="findings", tool="query_findings", time="seen", columns=_CASE, rows=("finding", "findings"),
    told=("summary",), brings="icelos scan JOB SOURCE",
)  # fmt: skip
VULNERABILITIES = View(
    name="vulnerabilities", tool="query_findings", time="seen", seeks="cve",
    columns=_CASE | {
        "host": "target", "cve": "vulnerability", "advisory": "advisory", "package": "package",
        "version": "version", "fix": "fixed_in", "status": "status", "exploitable": "exploitable",
        "kev": "kev", "epss": "epss", "purl": "purl", "severity": "severity",
    },
    rows=("vulnerability finding", "vulnerability findings"), lists=frozenset({"fixed_in"}),
    told=("vulnerability", "package", "target"), brings="icelos scan vulns SOURCE",
)  # fmt: skip
MAIL = View(
    name="mail", tool="query_findings", time="time",
    columns=_CASE | {
        "sender": "sender", "recipient": "recipients", "user": "recipients", "subject": "subject",
        "intent": "intents", "time": "time",
    },
    rows=("flagged mail", "flagged mails"), lists=frozenset({"recipients", "intents"}),
    told=("sender", "subject"), brings="icelos scan mail SOURCE",
)  # fmt: skip
ALERTS = View(
    name="log_alerts", tool="query_findings", time="time",
    columns=_CASE | {
        "user": "entity", "host": "entity", "ip": "entity", "entity": "entity", "technique": "technique",
        "incident": "incident", "resembles": "resembles", "rule": "rule", "time": "time",
    },
    rows=("log alert", "log alerts"), lists=frozenset({"technique"}), told=("entity", "summary"),
    brings="icelos scan logs SOURCE",
)  # fmt: skip
LOGS = View(
    name="logs", tool="search_logs", time="time",
    columns={
        "user": "user", "host": "host", "ip": "source_ip", "application": "application",
        "action": "action", "outcome": "outcome", "log": "log", "time": "time",
    },
    rows=("log event", "log events"), told=("time", "user", "host", "action"),
    brings="icelos logs keep FILE",
)  # fmt: skip

FAILURES = View(
    name="failures", tool="query_findings", time="seen",
    columns={"job": "job", "error": "error", "source": "source", "seen": "seen"},
    rows=("record that could not be processed", "records that could not be processed"),
    told=("error",), brings="icelos scan JOB SOURCE",
)  # fmt: skip

VIEWS = {view.name: view for view in (FAILURES, FINDINGS, VULNERABILITIES, MAIL, ALERTS, LOGS)}

CALLED: Mapping[str, tuple[str, str]] = {
    "host": ("host", "hosts"), "user": ("user", "users"), "cve": ("CVE", "CVEs"),
    "package": ("package", "packages"), "sender": ("sender", "senders"),
    "recipient": ("recipient", "recipients"), "ip": ("IP address", "IP addresses"),
    "technique": ("technique", "techniques"), "rule": ("rule", "rules"),
    "application": ("application", "applications"), "assignee": ("assignee", "assignees"),
    "job": ("job", "jobs"), "intent": ("intent", "intents"), "subject": ("subject", "subjects"),
    "version": ("version", "versions"), "fix": ("fixed version", "fixed versions"),
    "advisory": ("advisory", "advisories"), "incident": ("incident", "incidents"),
    "status": ("status", "statuses"), "state": ("state", "states"), "verdict": ("verdict", "verdicts"),
    "label": ("label", "labels"), "log": ("log", "logs"), "action": ("action", "actions"),
    "outcome": ("outcome", "outcomes"), "epss": ("EPSS score", "EPSS scores"),
    "kev": ("KEV date", "KEV dates"),
    "score": ("score", "scores"), "time": ("time", "times"), "entity": ("entity", "entities"),
    "day": ("day", "days"), "resembles": ("attack that it resembles", "attacks that they resemble"),
    "domain": ("sender domain", "sender domains"), "reason": ("reason of closing", "reasons of closing"),
    "closer": ("person who closed them", "people who closed them"),
    "closed": ("time of closing", "times of closing"),
    "severity": ("severity", "severities"), "error": ("error", "errors"),
}  # fmt: skip
"""What a question may seek: its name, one and many."""


def called(what: str, number: int | None = None) -> str:
    """ "host" or "hosts"."""
    one, many = CALLED.get(what, (what, f"{what}s"))
    return one if number == 1 else many
