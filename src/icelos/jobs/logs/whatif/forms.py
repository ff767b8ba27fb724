"""Which field of a row says what: by log, in whatever form the log is exported.

Scenarios name fields as their publisher's API does. A form says where these stand in a kind of rows, and
which fields repeat them. Fields: Microsoft Graph signIn and directoryAudit
(learn.microsoft.com/graph/api/resources), their diagnostic settings
(learn.microsoft.com/azure/azure-monitor/reference/tables), Office 365 Management Activity
(learn.microsoft.com/office/office-365-management-api), CloudTrail record contents
(docs.aws.amazon.com/awscloudtrail).
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Fields = dict[str, Any]
_MISSING = object()


@dataclass(frozen=True)
class Log:
    """The fields of a log by what they say. `unregistered` are those of a device that nobody manages, `own`
    those that are another value in each row, `who` those of the person who acts: user, id or name; `identity`
    are objects that say this as a whole."""

    user: str
    time: str
    who: Mapping[str, str]
    address: tuple[str, ...]
    session: tuple[str, ...]
    own: tuple[str, ...]
    agent: tuple[str, ...] = ()
    browser: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    asn: str = ""
    place: str = ""
    unregistered: Mapping[str, object] = field(default_factory=dict)

    @property
    def surroundings(self) -> tuple[str, ...]:
        """The fields that say from where, and with what."""
        named = (*self.address, self.asn, self.place, *self.agent, *self.browser, *self.system)
        return tuple(path for path in (*named, *self.unregistered) if path)


LOGS: Mapping[str, Log] = {
    "entra-signin": Log(
        user="userPrincipalName",
        time="createdDateTime",
        who={"userPrincipalName": "user", "userId": "id", "userDisplayName": "name"},
        address=("ipAddress",),
        session=("sessionId",),
        own=("id", "correlationId", "uniqueTokenIdentifier", "originalRequestId"),
        agent=("userAgent",),
        browser=("deviceDetail.browser",),
        system=("deviceDetail.operatingSystem",),
        asn="autonomousSystemNumber",
        place="location",
        unregistered={
            "deviceDetail.deviceId": "", "deviceDetail.displayName": "", "deviceDetail.isCompliant": False,
            "deviceDetail.isManaged": False, "deviceDetail.trustType": "",
        },
    ),
    "entra-audit": Log(
        user="initiatedBy.user.userPrincipalName",
        time="activityDateTime",
        who={
            "initiatedBy.user.userPrincipalName": "user", "initiatedBy.user.id": "id",
            "initiatedBy.user.displayName": "name",
        },
        address=("initiatedBy.user.ipAddress",),
        session=(),
        own=("id", "correlationId"),
    ),
    "office365": Log(
        user="UserId",
        time="CreationTime",
        who={"UserId": "user", "MailboxOwnerUPN": "user", "LogonUserSid": "id"},
        address=("ClientIP", "ClientIPAddress", "ActorIpAddress"),
        session=("AppAccessContext.AADSessionId", "SessionId"),
        own=(
            "Id", "CorrelationId", "AppAccessContext.CorrelationId", "AppAccessContext.UniqueTokenId",
        ),
        agent=("UserAgent", "ClientInfoString"),
        browser=("BrowserName",),
        unregistered={"DeviceDisplayName": "", "IsManagedDevice": False},
    ),
    "cloudtrail": Log(
        user="userIdentity.arn",
        time="eventTime",
        who={"userIdentity.arn": "user", "userIdentity.principalId": "id", "userIdentity.userName": "name"},
        address=("sourceIPAddress",),
        session=(),
        own=("eventID", "requestID"),
        agent=("userAgent",),
        identity=("userIdentity",),
    ),
}  # fmt: skip
"""By the names that scenarios use."""


@dataclass(frozen=True)
class Form:
    """How a kind of rows holds the fields of a log: below a prefix, some of them again elsewhere."""

    log: str
    prefix: str = ""
    again: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, row: Mapping[str, Any], path: str) -> Any:
        """The value of a field, None where the row has none."""
        return value_at(row, self.prefix + path)

    def has(self, row: Mapping[str, Any], path: str) -> bool:
        """Whether the row has the field at all."""
        return _found(row, self.prefix + path) is not _MISSING

    def put(self, row: Fields, path: str, value: object) -> None:
        """Set a field, and those that repeat it, in the type that they have."""
        put_at(row, self.prefix + path, value)
        for other in self.again.get(path, ()):
            before = _found(row, other)
            if before is not _MISSING:
                put_at(row, other, str(value) if isinstance(before, str) else value)
        if path == "isInteractive" and row.get("category") in _CATEGORIES.values():
            row["category"] = _CATEGORIES[bool(value)]

    def take(self, row: Fields, path: str) -> None:
        """Take a field away, where it is there."""
        *above, last = (self.prefix + path).split(".")
        inner = _found(row, ".".join(above)) if above else row
        if isinstance(inner, dict):
            inner.pop(last, None)


_CATEGORIES = {True: "SignInLogs", False: "NonInteractiveUserSignInLogs"}
"""Sign-ins with and without their owner are two logs of the diagnostic settings."""
_DIAGNOSTICS = {
    "createdDateTime": ("time",),
    "activityDateTime": ("time",),
    "ipAddress": ("callerIpAddress",),
    "status.errorCode": ("resultType",),
    "status.failureReason": ("resultDescription",),
    "userDisplayName": ("identity",),
    "correlationId": ("correlationId",),
    "activityDisplayName": ("operationName",),
    "location.countryOrRegion": ("location",),
    "processingTimeInMilliseconds": ("durationMs",),
}
FORMS: Mapping[str, Form] = {
    "Entra ID sign-ins (Graph)": Form("entra-signin"),
    "Entra ID sign-ins (diagnostic settings)": Form("entra-signin", "properties.", _DIAGNOSTICS),
    "Entra ID audit": Form("entra-audit"),
    "Entra ID audit (diagnostic settings)": Form("entra-audit", "properties.", _DIAGNOSTICS),
    "Office 365 audit": Form("office365"),
    "AWS CloudTrail": Form("cloudtrail"),
}
"""By the kinds of `icelos.jobs.logs.roles`."""


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    found = _found(row, path)
    return None if found is _MISSING else found


def _found(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return _MISSING
        value = value[key]
    return value


def put_at(row: Fields, path: str, value: object) -> None:
    """Set the value at a dotted path; objects on the way are made."""
    *above, last = path.split(".")
    for key in above:
        inner = row.get(key)
        if not isinstance(inner, dict):
            inner = row[key] = {}
        row = inner
    row[last] = value


_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:([.,])(\d{1,9}))?( ?Z|\+00:?00)?", re.ASCII)


def timed(like: object, moment: float, rng: random.Random) -> object:
    """A moment (seconds since the epoch, UTC) in the form of another time; None where that form is unknown.

    Digits behind the seconds, which the moment does not have, are drawn.
    """
    if isinstance(like, int | float) and not isinstance(like, bool):
        scale = next((s for s in (1, 10**3, 10**6, 10**9) if 10**8 * s <= like < 4 * 10**9 * s), 0)
        return type(like)(moment * scale) if scale else None
    match = _ISO.fullmatch(like) if isinstance(like, str) else None
    if match is None:
        return None
    between, mark, digits, zone = match.groups()
    text = datetime.fromtimestamp(int(moment), UTC).strftime(f"%Y-%m-%d{between}%H:%M:%S")
    fraction = f"{moment % 1:.6f}"[2:]
    if digits:
        text += mark + (fraction + "".join(rng.choices(string.digits, k=9)))[: len(digits)]
    return text + (zone or "")


_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_GUID_VERSION = (14, 19)
"""Where a GUID tells how it was made (RFC 9562)."""


_BASE64 = re.compile(r"[A-Za-z0-9_-]+|[A-Za-z0-9+/]+")
_STANDARD = re.compile(r"[+/]")
_SHORTEST = 20
"""Letters of a text that is taken for bytes."""


def renewed(value: object, rng: random.Random) -> object:
    """Another identifier in the form of this one: digits for digits, letters for letters, marks as they are.

    GUIDs within a text stay GUIDs of their version, other hexadecimal texts hexadecimal, and bytes in base64
    so many bytes (RFC 4648), whose last letter is not any.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        digits = len(str(abs(value)))
        return rng.randrange(10 ** (digits - 1), 10**digits)
    if not isinstance(value, str):
        return value
    if guid := _GUID.search(value):
        return value[: guid.start()] + _renewed_guid(guid[0], rng) + value[guid.end() :]
    if (size := _bytes_in_base64(value)) is not None:
        made = base64.b64encode(rng.randbytes(size), b"+/" if _STANDARD.search(value) else b"-_").decode()
        return made if value.endswith("=") else made.rstrip("=")
    hexadecimal = re.fullmatch(r"[0-9a-fA-F-]+", value) is not None
    return "".join(_renewed(c, rng, hexadecimal=hexadecimal) for c in value)


def _bytes_in_base64(value: str) -> int | None:
    """How many bytes a text of letters of both cases spells; None where it is no such text."""
    bare = value.rstrip("=")
    if len(bare) < _SHORTEST or not _BASE64.fullmatch(bare) or bare.islower() or bare.isupper():
        return None
    alphabet = b"+/" if _STANDARD.search(bare) else b"-_"
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), alphabet, validate=True)
    except ValueError:
        return None
    return len(data) if base64.b64encode(data, alphabet).decode().rstrip("=") == bare else None


def _renewed_guid(guid: str, rng: random.Random) -> str:
    return "".join(
        c if place in _GUID_VERSION else _renewed(c, rng, hexadecimal=True) for place, c in enumerate(guid)
    )


def _renewed(character: str, rng: random.Random, *, hexadecimal: bool) -> str:
    if not (character.isascii() and character.isalnum()):
        return character
    if hexadecimal:
        return rng.choice("0123456789ABCDEF" if character.isupper() else "0123456789abcdef")
    if character.isdigit():
        return rng.choice(string.digits)
    return rng.choice(string.ascii_uppercase if character.isupper() else string.ascii_lowercase)
