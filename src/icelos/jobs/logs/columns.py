"""Rows of any log as the same few columns: time, user, address, host, application, action, outcome.

Who and when come from `roles`, which knows the publishers' schemas. Rows of no known kind are read by the
names that their fields have. What a row does not say stays empty: nothing is guessed from its text.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icelos.data.parse.flat import Value, text_of
from icelos.data.query.language import text_of_time
from icelos.jobs.logs.profile.formats import NO_YEAR, seconds_of
from icelos.jobs.logs.roles import OTHER, kind_of, paths_of

LONGEST = 500
"""Characters of a column."""
_WRAPPERS = ("", "detail.", "event.", "_source.", "aws.cloudtrail.")
"""Where exporters put a row within another: EventBridge, collectors, Elasticsearch."""

_HOSTS: Mapping[str, tuple[str, ...]] = {
    "Entra ID sign-ins (diagnostic settings)": ("properties.deviceDetail.displayName",),
    "Entra ID sign-ins (Graph)": ("deviceDetail.displayName",),
    "Windows events": ("Computer", "Hostname", "host.name"),
    "Windows events (EVTX)": ("Event.System.Computer",),
    "CEF": ("dvchost", "shost", "dhost", "syslog.host"),
    "LEEF": ("devName", "identHostName", "syslog.host"),
    "syslog": ("host",),
    OTHER: ("host.name", "hostname", "host", "computer", "Computer", "Hostname", "device", "dvc"),
}
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "Entra ID sign-ins (diagnostic settings)": ("operationName",),
    "Entra ID sign-ins (Log Analytics)": ("OperationName",),
    "Entra ID audit": ("activityDisplayName",),
    "Entra ID audit (diagnostic settings)": ("properties.activityDisplayName", "operationName"),
    "AWS CloudTrail": ("eventName",),
    "Office 365 audit": ("Operation",),
    "Exchange admin audit": ("Operation",),
    "Okta system log": ("eventType",),
    "Google Workspace reports": ("events[0].name",),
    "Windows events": ("EventID",),
    "Windows events (EVTX)": ("Event.System.EventID",),
    "Confluence audit": ("summary",),
    "Jira audit": ("summary",),
    "CEF": ("act", "name"),
    "LEEF": ("action", "eventId"),
    "syslog": ("message_id",),
    OTHER: (
        "event.action",
        "action",
        "operation",
        "Operation",
        "eventName",
        "event_type",
        "eventType",
        "event",
    ),
}
_RESULTS: Mapping[str, tuple[str, ...]] = {
    "Windows events": ("EventType", "Keywords"),
    "Windows events (EVTX)": ("Event.System.Keywords",),
    "AWS CloudTrail": ("responseElements.ConsoleLogin", "errorCode"),
}
"""Besides those of `roles`."""
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "time": ("@timestamp", "timestamp", "time", "ts", "datetime", "date"),
    "user": ("user.name", "username", "user_name", "userName", "user.email", "login"),
    "source": ("source.ip", "src_ip", "source_ip", "client_ip", "client.ip", "remote_addr", "ip"),
    "application": ("app", "application", "service", "service.name", "program"),
    "result": ("event.outcome", "outcome", "result", "status"),
}
"""Names that fields of rows of no known kind go by, after all those of known kinds: those of the Elastic
Common Schema (https://www.elastic.co/docs/reference/ecs) and what is common besides."""
_SUCCESS = frozenset(
    {
        "0", "0x0", "success", "succeeded", "successful", "true", "ok", "allow", "allowed", "pass", "passed",
        "none", "audit_success", "audit success", "partiallysucceeded", "0x8020000000000000",
    }
)  # fmt: skip
_FAILURE = frozenset(
    {
        "failure", "failed", "fail", "false", "error", "deny", "denied", "block", "blocked", "reject",
        "rejected", "audit_failure", "audit failure", "0x8010000000000000", "unauthorized", "timeout",
    }
)  # fmt: skip
_CODES = ("status.errorCode", "resultType", "ResultType", "errorCode", "EventData.Status")
"""Fields of a code, of which everything but nought is a failure."""


class Columns(NamedTuple):
    """What a row says; times in UTC, None where it says none. `outcome` is success, failure or unknown."""

    time: datetime | None
    user: str
    source_ip: str
    host: str
    application: str
    action: str
    outcome: str

    @property
    def attributes(self) -> dict[str, str]:
        """As attributes of a finding, those that are known: the user is its `entity`."""
        values = {
            "entity": self.user,
            "time": text_of_time(self.time) if self.time else "",
            "source_ip": self.source_ip,
            "host": self.host,
            "application": self.application,
            "action": self.action,
        }
        return {name: _storable(value) for name, value in values.items() if value}


def _storable(text: str) -> str:
    """Half a character, which JSON can say, cannot be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class _Plan(NamedTuple):
    """Where rows with the same fields say what."""

    time: tuple[str, ...]
    user: tuple[str, ...]
    source: tuple[str, ...]
    host: tuple[str, ...]
    application: tuple[str, ...]
    action: tuple[str, ...]
    result: tuple[str, ...]
    fails_by_code: bool


class ColumnReader:
    """Reads the columns of rows. `newest` is the time that no row without a year is later than, but by a
    day."""

    def __init__(self, newest: datetime | None = None) -> None:
        self.newest = newest or datetime.now(UTC)
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def of(self, fields: Mapping[str, Value]) -> Columns:
        """The columns of a row by its flat fields (`flat_fields`)."""
        names = tuple(fields)
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = self._plans[names] = _plan(fields)
        return Columns(
            self._time(fields, plan.time),
            _first(fields, plan.user), _address(_first(fields, plan.source)), _first(fields, plan.host),
            _first(fields, plan.application), _first(fields, plan.action), _outcome(fields, plan),
        )  # fmt: skip

    def _time(self, fields: Mapping[str, Value], paths: tuple[str, ...]) -> datetime | None:
        for path in paths:
            seconds = seconds_of(fields[path], numbers=True)
            if seconds is not None:
                try:
                    found = datetime.fromtimestamp(seconds, UTC)
                except (ValueError, OverflowError, OSError):
                    continue
                return found if found.year != NO_YEAR else self._dated(found)
        return None

    def _dated(self, found: datetime) -> datetime:
        """A time without a year: the last one before the log ends."""
        for year in range(self.newest.year + 1, self.newest.year - 9, -1):
            try:
                dated = found.replace(year=year)
            except ValueError:  # 29 February
                continue
            if dated <= self.newest + _A_DAY:
                return dated
        return found


_A_DAY = timedelta(days=1)
_REMEMBERED = 4096


def _plan(fields: Mapping[str, Value]) -> _Plan:
    for wrapper in _WRAPPERS:
        inner = {name[len(wrapper) :] for name in fields if name.startswith(wrapper)}
        kind = kind_of(inner)
        if kind != OTHER:
            break
    else:
        wrapper, inner, kind = "", set(fields), OTHER
    others = _OTHERS if kind == OTHER else {}
    named = {role: (*paths_of(role, kind), *others.get(role, ())) for role in _OTHERS}
    paths = {
        "time": named["time"], "user": named["user"], "source": named["source"], "host": _HOSTS.get(kind, ()),
        "application": named["application"], "action": _ACTIONS.get(kind, ()),
        "result": (*_RESULTS.get(kind, ()), *named["result"]),
    }  # fmt: skip
    present = {role: _present(inner, wrapper, found) for role, found in paths.items()}
    return _Plan(
        present["time"], present["user"], present["source"], present["host"], present["application"],
        present["action"], present["result"], kind == "AWS CloudTrail",
    )  # fmt: skip


def _present(inner: Collection[str], wrapper: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{wrapper}{path}" for path in paths if path in inner)


def _first(fields: Mapping[str, Value], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = fields[path]
        if value is not None and value != "":
            return text_of(value)[:LONGEST]
    return ""


def _address(text: str) -> str:
    """An address without its port, as Office 365 writes some; other text as it is."""
    if not text:
        return ""
    bare = text[1 : text.find("]")] if text.startswith("[") and "]" in text else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return text


def _outcome(fields: Mapping[str, Value], plan: _Plan) -> str:
    """By the words and codes of results. CloudTrail says it by having no error code."""
    for path in plan.result:
        value = fields[path]
        if value is None or value == "":
            continue
        text = text_of(value).lower()
        if text in _SUCCESS:
            return "success"
        if text in _FAILURE or path.endswith(_CODES):
            return "failure"
    return "success" if plan.fails_by_code else "unknown"
