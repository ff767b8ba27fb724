"""Rules for Office 365 Management Activity events (https://learn.microsoft.com/office/office-365-management-api/
office-365-management-activity-api-schema): Exchange, SharePoint and others share these fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icelos.findings import Verdict
from icelos.jobs.logs.rules import Fields, Match, Schema, text_at, value_at

ALERT, REVIEW = Verdict.ALERT, Verdict.REVIEW

_COMMON = {"CreationTime", "UserId", "Operation", "Workload"}
_FORWARDING = frozenset({"ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "ForwardingSmtpAddress"})
_INBOX_RULES = frozenset({"New-InboxRule", "Set-InboxRule", "UpdateInboxRules"})

OPERATIONS: Mapping[str, tuple[Verdict, str, str]] = {
    "Add-MailboxPermission": (REVIEW, "mailbox-access", "someone was given access to a mailbox"),
    "New-TransportRule": (REVIEW, "mail-flow-changed", "a mail flow rule was made"),
    "Set-AdminAuditLogConfig": (REVIEW, "logging-changed", "the audit log's configuration was changed"),
    "Consent to application.": (REVIEW, "consent", "an application was given consent"),
    "Add member to role.": (REVIEW, "role-granted", "a directory role was given"),
    "FileMalwareDetected": (ALERT, "malware", "malware was found in a file"),
}


def read(fields: Fields) -> Fields | None:
    """The row itself where it has the schema's common fields, else None."""
    return fields if fields.keys() >= _COMMON else None


def rules(row: Fields) -> Iterator[Match]:
    """What a single event says by itself."""
    operation = text_at(row, "Operation")
    if operation in OPERATIONS:
        verdict, label, meaning = OPERATIONS[operation]
        yield Match(label, verdict, "Operation", operation, meaning)
    if operation in _INBOX_RULES or operation == "Set-Mailbox":
        for name, value in _parameters(row):
            if name in _FORWARDING and value:
                yield Match("mail-forwarded", ALERT, f"Parameters.{name}", value, "mail is sent on to others")


def _parameters(row: Fields) -> Iterator[tuple[str, str]]:
    given = value_at(row, "Parameters")
    for item in given if isinstance(given, list) else []:
        if isinstance(item, Mapping):
            yield str(item.get("Name", "")), str(item.get("Value") or "")


SCHEMA = Schema(
    "office365",
    read,
    rules,
    paths=("Operation", "Parameters"),
    present=tuple(sorted(_COMMON - {"Operation"})),
)
