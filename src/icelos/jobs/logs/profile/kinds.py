"""Which product wrote a row, by fields that only its rows have; and which fields say who and when.

Names of fields after the publishers' schemas: Microsoft Graph signIn and directoryAudit and Azure Monitor's
diagnostic settings (learn.microsoft.com/graph/api/resources, /azure/azure-monitor/reference), Office 365
Management Activity (learn.microsoft.com/office/office-365-management-api), CloudTrail record contents
(docs.aws.amazon.com/awscloudtrail), Okta System Log (developer.okta.com/docs/reference/api/system-log),
Atlassian audit records (developer.atlassian.com), Google Workspace reports (developers.google.com/admin-sdk).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of log: paths that each of its rows has, and in order of preference who and when."""

    name: str
    needs: tuple[str, ...]
    users: tuple[str, ...]
    times: tuple[str, ...]


KINDS = (
    Kind(
        "Entra ID sign-ins (diagnostic settings)",
        ("properties.appDisplayName", "properties.userPrincipalName"),
        ("properties.userPrincipalName", "properties.userId", "identity"),
        ("time", "properties.createdDateTime"),
    ),
    Kind(
        "Entra ID sign-ins (Graph)", ("userPrincipalName", "appDisplayName", "createdDateTime"),
        ("userPrincipalName", "userId"), ("createdDateTime",),
    ),
    Kind(
        "Entra ID sign-ins (Log Analytics)", ("UserPrincipalName", "AppDisplayName"),
        ("UserPrincipalName", "UserId"), ("TimeGenerated", "CreatedDateTime"),
    ),
    Kind(
        "Entra ID audit", ("activityDisplayName", "activityDateTime"),
        ("initiatedBy.user.userPrincipalName", "initiatedBy.user.id", "initiatedBy.app.displayName"),
        ("activityDateTime",),
    ),
    Kind(
        "Entra ID audit (diagnostic settings)", ("properties.activityDisplayName",),
        ("properties.initiatedBy.user.userPrincipalName", "identity"),
        ("time", "properties.activityDateTime"),
    ),
    Kind(
        "AWS CloudTrail", ("eventSource", "eventName", "eventTime"),
        ("userIdentity.arn", "userIdentity.principalId", "userIdentity.invokedBy"), ("eventTime",),
    ),
    Kind("Office 365 audit", ("CreationTime", "Operation"), ("UserId", "UserKey"), ("CreationTime",)),
    Kind("Exchange admin audit", ("TimeGenerated", "Operation"), ("UserId",), ("TimeGenerated",)),
    Kind(
        "Okta system log", ("eventType", "actor.alternateId"), ("actor.alternateId", "actor.id"),
        ("published",),
    ),
    Kind(
        "Google Workspace reports", ("actor.email", "id.time"), ("actor.email", "actor.profileId"),
        ("id.time",),
    ),
    Kind(
        "Windows events", ("EventID", "Channel"),
        ("SubjectUserName", "TargetUserName", "User", "AccountName"),
        ("@timestamp", "TimeCreated", "EventTime", "EventReceivedTime"),
    ),
    Kind(
        "Windows events (EVTX)", ("Event.System.EventID",),
        ("Event.EventData.SubjectUserName", "Event.EventData.TargetUserName"),
        ("Event.System.TimeCreated.#attributes.SystemTime",),
    ),
    Kind(
        "Confluence audit", ("author.accountId", "creationDate", "summary"), ("author.accountId",),
        ("creationDate",),
    ),
    Kind("Jira audit", ("summary", "created", "category"), ("authorAccountId", "authorKey"), ("created",)),
    Kind("CEF", ("cefVersion",), ("suser", "duser", "suid"), ("rt", "end", "start", "syslog.timestamp")),
    Kind(
        "LEEF", ("leefVersion",), ("usrName", "identSrc", "accountName"), ("devTime", "syslog.timestamp")
    ),
    Kind("syslog", ("message", "timestamp"), ("data.user", "user"), ("timestamp",)),
)  # fmt: skip
_USER = re.compile(
    r"(?:^|[._])(?:user|usr|account|actor|login|upn|email|author|subject)[._]?(?:name|id|principal_?name|key|email)?$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:time|date|timestamp|created|published|when|generated|(?:^|[._])(?:ts|rt|start|end)|_at|At)$|(?i:time$|date$)"
)
OTHER = "other"
_NEARLY = 0.8
"""A field that has this share of the rows of the fullest is as good, and the order of preference decides."""


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


def who_and_when(present: Mapping[str, int], times: Collection[str], kinds: Counter[str]) -> Who:
    """Kind, user and time of a log.

    `present` counts the rows that have a path, `times` are the paths whose values are times, `kinds` counts
    rows by kind. Without a known kind the names of paths decide, and the one that most rows have.
    """
    name = kinds.most_common(1)[0][0] if kinds else OTHER
    kind = next((known for known in KINDS if known.name == name), None)
    users = [path for path in kind.users if path in present] if kind else []
    whens = [path for path in kind.times if path in times] if kind else []
    most = max((present[path] for path in users), default=0)
    preferred = next((path for path in users if present[path] >= _NEARLY * most), "")
    user = preferred or _named(_USER, present, present)
    time = whens[0] if whens else _named(_TIME, present, times) or _most(present, times)
    return Who(name, user, time)


def _named(pattern: re.Pattern[str], present: Mapping[str, int], among: Collection[str]) -> str:
    return _most(present, [path for path in among if pattern.search(path)])


def _most(present: Mapping[str, int], paths: Collection[str]) -> str:
    """The path that most rows have, the shallower and shorter one of equals."""
    return max(paths, key=lambda path: (present.get(path, 0), -path.count("."), -len(path), path), default="")
