"""The names that common logs give to who, with what, how it ended, and from where.

From the published schemas of Microsoft Graph signIn and directoryAudit, the Office 365 Management
Activity API, AWS CloudTrail, Okta's System Log, Windows events, and the CEF extension dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ROLES: Mapping[str, tuple[str, ...]] = {
    "user": (
        "userPrincipalName", "properties.userPrincipalName", "UserId", "userIdentity.userName",
        "userIdentity.arn", "actor.alternateId", "SubjectUserName", "TargetUserName", "User", "suser",
        "duser",
    ),
    "application": (
        "appDisplayName", "properties.appDisplayName", "Workload", "eventSource", "resourceDisplayName",
        "Application", "SourceName",
        "app",
    ),
    "result": (
        "status.errorCode", "properties.status.errorCode", "resultType", "ResultStatus", "errorCode",
        "outcome.result", "result", "Status", "outcome",
    ),
    "source": (
        "ipAddress", "properties.ipAddress", "callerIpAddress", "ClientIP", "sourceIPAddress",
        "client.ipAddress", "IpAddress", "SourceIp", "SourceAddress", "src",
    ),
}  # fmt: skip


def named(name: str, known: Iterable[str]) -> str:
    """The field that plays a role in rows with these fields; else `name`, or where it is one itself."""
    there = set(known)
    if name in there:
        return name
    return next((field for field in ROLES.get(name, ()) if field in there), name)
