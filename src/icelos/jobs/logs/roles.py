"""Which product wrote a row, and which of its fields say who, when, with what, how it ended, from where.

The one table of this for everything that reads or writes logs. Names of fields after the publishers' schemas:
Microsoft Graph signIn and directoryAudit and Azure Monitor's diagnostic settings (learn.microsoft.com/graph/
api/resources, /azure/azure-monitor/reference), Office 365 Management Activity (learn.microsoft.com/office/
office-365-management-api), CloudTrail record contents (docs.aws.amazon.com/awscloudtrail), Okta System Log
(developer.okta.com/docs/reference/api/system-log), Atlassian audit records (developer.atlassian.com), Google
Workspace reports (developers.google.com/admin-sdk), Windows security events and Sysmon (learn.microsoft.com/
windows/security/threat-protection/auditing, /sysinternals/downloads/sysmon), the extension dictionaries of
CEF (ArcSight's guide, version 26) and LEEF (IBM's QRadar guide).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from icelos.data.parse.flat import Value


class Kind(NamedTuple):
    """A kind of log: paths that each of its rows has; in order of preference those of each role; those that
    name the product, where rows of many products have this form; and those that say what is done, where a
    row has many fields and few of them say it."""

    name: str
    needs: tuple[str, ...]
    user: tuple[str, ...]
    time: tuple[str, ...]
    application: tuple[str, ...] = ()
    result: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


_WINDOWS_DONE = (
    "Image", "NewProcessName", "ParentImage", "ParentProcessName", "TargetImage", "LogonType", "ObjectName",
    "ShareName", "ServiceName", "TaskName",
)  # fmt: skip
"""What Sysmon and the security log say of processes, logons and objects."""

KINDS = (
    Kind(
        "Entra ID sign-ins (diagnostic settings)",
        needs=("properties.appDisplayName", "properties.userPrincipalName"),
        user=("properties.userPrincipalName", "properties.userId", "identity"),
        time=("time", "properties.createdDateTime"),
        application=("properties.appDisplayName", "properties.resourceDisplayName"),
        result=("properties.status.errorCode", "resultType"),
        source=("properties.ipAddress", "callerIpAddress"),
    ),
    Kind(
        "Entra ID sign-ins (Graph)",
        needs=("userPrincipalName", "appDisplayName", "createdDateTime"),
        user=("userPrincipalName", "userId"),
        time=("createdDateTime",),
        application=("appDisplayName", "resourceDisplayName"),
        result=("status.errorCode",),
        source=("ipAddress",),
    ),
    Kind(
        "Entra ID sign-ins (Log Analytics)",
        needs=("UserPrincipalName", "AppDisplayName"),
        user=("UserPrincipalName", "UserId"),
        time=("TimeGenerated", "CreatedDateTime"),
        application=("AppDisplayName", "ResourceDisplayName"),
        result=("ResultType",),
        source=("IPAddress",),
    ),
    Kind(
        "Entra ID audit",
        needs=("activityDisplayName", "activityDateTime"),
        user=(
            "initiatedBy.user.userPrincipalName", "initiatedBy.user.id", "initiatedBy.app.displayName",
        ),
        time=("activityDateTime",),
        application=("loggedByService",),
        result=("result",),
        source=("initiatedBy.user.ipAddress",),
    ),
    Kind(
        "Entra ID audit (diagnostic settings)",
        needs=("properties.activityDisplayName",),
        user=("properties.initiatedBy.user.userPrincipalName", "identity"),
        time=("time", "properties.activityDateTime"),
        application=("properties.loggedByService",),
        result=("properties.result", "resultType"),
        source=("properties.initiatedBy.user.ipAddress", "callerIpAddress"),
    ),
    Kind(
        "AWS CloudTrail",
        needs=("eventSource", "eventName", "eventTime"),
        user=(
            "userIdentity.arn", "userIdentity.principalId", "userIdentity.invokedBy", "userIdentity.userName",
        ),
        time=("eventTime",),
        application=("eventSource",),
        result=("errorCode",),
        source=("sourceIPAddress",),
    ),
    Kind(
        "Office 365 audit",
        needs=("CreationTime", "Operation"),
        user=("UserId", "UserKey"),
        time=("CreationTime",),
        application=("Workload",),
        result=("ResultStatus",),
        source=("ClientIP", "ClientIPAddress", "ActorIpAddress"),
    ),
    Kind(
        "Exchange admin audit",
        needs=("TimeGenerated", "Operation"),
        user=("UserId",),
        time=("TimeGenerated",),
        application=("OfficeWorkload",),
        result=("ResultStatus",),
        source=("ClientIP",),
    ),
    Kind(
        "Okta system log",
        needs=("eventType", "actor.alternateId"),
        user=("actor.alternateId", "actor.id"),
        time=("published",),
        application=("target[0].displayName",),
        result=("outcome.result",),
        source=("client.ipAddress",),
    ),
    Kind(
        "Google Workspace reports",
        needs=("actor.email", "id.time"),
        user=("actor.email", "actor.profileId"),
        time=("id.time",),
        application=("id.applicationName",),
        source=("ipAddress",),
    ),
    Kind(
        "Windows events",
        needs=("EventID", "Channel"),
        user=("SubjectUserName", "TargetUserName", "User", "AccountName"),
        time=("@timestamp", "TimeCreated", "EventTime", "EventReceivedTime"),
        application=("SourceName", "Application"),
        result=("Status",),
        source=("IpAddress", "SourceIp", "SourceAddress"),
        done=("EventID", *_WINDOWS_DONE),
    ),
    Kind(
        "Windows events (EVTX)",
        needs=("Event.System.EventID",),
        user=("Event.EventData.SubjectUserName", "Event.EventData.TargetUserName"),
        time=("Event.System.TimeCreated.#attributes.SystemTime",),
        application=("Event.System.Provider.#attributes.Name",),
        result=("Event.EventData.Status",),
        source=("Event.EventData.IpAddress",),
        done=("Event.System.EventID", *(f"Event.EventData.{name}" for name in _WINDOWS_DONE)),
    ),
    Kind(
        "Confluence audit",
        needs=("author.accountId", "creationDate", "summary"),
        user=("author.accountId",),
        time=("creationDate",),
        source=("remoteAddress",),
    ),
    Kind(
        "Jira audit",
        needs=("summary", "created", "category"),
        user=("authorAccountId", "authorKey"),
        time=("created",),
        source=("remoteAddress",),
    ),
    Kind(
        "CEF",
        needs=("cefVersion",),
        user=("suser", "duser", "suid"),
        time=("rt", "end", "start", "syslog.timestamp"),
        application=("app",),
        result=("outcome",),
        source=("src",),
        product=("deviceVendor", "deviceProduct"),
    ),
    Kind(
        "LEEF",
        needs=("leefVersion",),
        user=("usrName", "identSrc", "accountName"),
        time=("devTime", "syslog.timestamp"),
        source=("src",),
        product=("vendor", "product"),
    ),
    Kind(
        "syslog",
        needs=("message", "timestamp"),
        user=("data.user", "user"),
        time=("timestamp",),
        application=("app",),
    ),
)  # fmt: skip
OTHER = "other"
_BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
ROLES: Mapping[str, tuple[str, ...]] = {
    role: tuple(dict.fromkeys(path for kind in KINDS for path in getattr(kind, role)))
    for role in ("user", "time", "application", "result", "source")
}
"""All paths that play a role in any kind, for rows of none."""

_USER = re.compile(
    r"(?:^|[._])(?:user|usr|account|actor|login|upn|email|author|subject)[._]?(?:name|id|principal_?name|key|email)?$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:time|date|timestamp|created|published|when|generated|(?:^|[._])(?:ts|rt|start|end)|_at|At)$|(?i:time$|date$)"
)
_NEARLY = 0.8
"""A field that has this share of the rows of the fullest is as good, and the order of preference decides."""
_LONGEST = 60
"""Characters of a product's name that are told."""


class Who(NamedTuple):
    """A log's kind, and the paths of its users and times, "" where none is known."""

    kind: str
    user: str
    time: str


def names_a_time(path: str) -> bool:
    """Whether a number at this path may be a time."""
    return _TIME.search(path) is not None


def kind_of(paths: Collection[str]) -> str:
    """The kind of one row by its paths."""
    return next((kind.name for kind in KINDS if all(path in paths for path in kind.needs)), OTHER)


def product_paths(kind: str) -> tuple[str, ...]:
    """Where the headers of a kind of rows name their product."""
    known = _BY_NAME.get(kind)
    return known.product if known else ()


def title_of(kind: str, fields: Mapping[str, Value]) -> str:
    """A row's kind, and the product that its header names: "CEF (Trend Micro, Deep Security)"."""
    named = [str(fields[path])[:_LONGEST] for path in product_paths(kind) if fields.get(path)]
    return f"{kind} ({', '.join(named)})" if named else kind


def paths_of(role: str, kind: str) -> tuple[str, ...]:
    """The paths that may play a role in rows of a kind, preferred ones first; of any kind for `OTHER`."""
    known = _BY_NAME.get(kind)
    found: tuple[str, ...] = getattr(known, role) if known and role in ROLES else ()
    return found or ROLES.get(role, ())


def done_in(kind: str) -> tuple[str, ...]:
    """The paths that say what is done in rows of a kind, the most telling first; none where others do."""
    known = _BY_NAME.get(kind)
    return known.done if known else ()


def played(role: str, known: Iterable[str]) -> str:
    """The path that plays a role in rows with these paths; else `role`, or where it is a path itself."""
    there = set(known)
    if role in there:
        return role
    return next((path for path in paths_of(role, kind_of(there)) if path in there), role)


def user_of(fields: Mapping[str, Value]) -> str:
    """Who a row is of, "" where it names nobody."""
    values = (fields.get(path) for path in paths_of("user", kind_of(fields)))
    return next((value for value in values if isinstance(value, str) and value), "")


def who_and_when(present: Mapping[str, int], times: Collection[str], kinds: Counter[str]) -> Who:
    """Kind, user and time of a log.

    `present` counts the rows that have a path, `times` are the paths whose values are times, `kinds` counts
    rows by kind. Where none of the known paths is there, the names of paths decide, and the one that most
    rows have.
    """
    kind = kinds.most_common(1)[0][0] if kinds else OTHER
    user = _preferred(present, [path for path in paths_of("user", kind) if path in present])
    whens = [path for path in paths_of("time", kind) if path in times]
    time = whens[0] if kind != OTHER and whens else _preferred(present, whens)
    return Who(
        kind,
        user or _named(_USER, present, present),
        time or _named(_TIME, present, times) or _most(present, times),
    )


def _preferred(present: Mapping[str, int], paths: Collection[str]) -> str:
    most = max((present[path] for path in paths), default=0)
    return next((path for path in paths if present[path] >= _NEARLY * most), "")


def _named(pattern: re.Pattern[str], present: Mapping[str, int], among: Collection[str]) -> str:
    return _most(present, [path for path in among if pattern.search(path)])


def _most(present: Mapping[str, int], paths: Collection[str]) -> str:
    """The path that most rows have, the shallower and shorter one of equals."""
    return max(paths, key=lambda path: (present.get(path, 0), -path.count("."), -len(path), path), default="")
