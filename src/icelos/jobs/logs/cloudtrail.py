"""Rules for AWS CloudTrail events.

Fields: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
The actions are those by which trails and guards are switched off (ATT&CK T1562.008) and the use of the
account's root user; they are rare, and worth a look whoever does them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icelos.findings import Verdict
from icelos.jobs.logs.rules import Fields, Match, Schema, text_at, value_at

ALERT, REVIEW = Verdict.ALERT, Verdict.REVIEW

ACTIONS: Mapping[tuple[str, str], tuple[Verdict, str, str]] = {
    ("cloudtrail", "StopLogging"): (ALERT, "logging-off", "a trail was stopped"),
    ("cloudtrail", "DeleteTrail"): (ALERT, "logging-off", "a trail was deleted"),
    ("cloudtrail", "UpdateTrail"): (REVIEW, "logging-changed", "a trail was changed"),
    ("cloudtrail", "PutEventSelectors"): (REVIEW, "logging-changed", "what a trail records was changed"),
    ("ec2", "DeleteFlowLogs"): (ALERT, "logging-off", "network flow logs were deleted"),
    ("guardduty", "DeleteDetector"): (ALERT, "guard-off", "a GuardDuty detector was deleted"),
    ("config", "StopConfigurationRecorder"): (ALERT, "logging-off", "the configuration recorder was stopped"),
    ("config", "DeleteConfigurationRecorder"): (ALERT, "logging-off", "a configuration recorder was deleted"),
    ("organizations", "LeaveOrganization"): (
        ALERT,
        "guard-off",
        "the account tried to leave its organisation",
    ),
}

_WRAPPERS = ("", "detail", "event", "aws.cloudtrail")
_COMMON = {"eventSource", "eventName", "userIdentity"}


def read(fields: Fields) -> Fields | None:
    """The event of a row, or None. EventBridge puts it under `detail`, other exports elsewhere."""
    for path in _WRAPPERS:
        row = value_at(fields, path) if path else fields
        if isinstance(row, Mapping) and row.keys() >= _COMMON:
            return row
    return None


def rules(row: Fields) -> Iterator[Match]:
    """What a single event says by itself."""
    service = text_at(row, "eventSource").partition(".")[0]
    name = text_at(row, "eventName")
    known = ACTIONS.get((service, name))
    if known is not None:
        yield Match(known[1], known[0], "eventName", name, known[2])
    if text_at(row, "userIdentity.type") == "Root" and text_at(row, "eventType") != "AwsServiceEvent":
        yield Match("root-user", REVIEW, "userIdentity.type", "Root", "the account's root user acted")
    if name == "ConsoleLogin":
        yield from _console(row)


def _console(row: Fields) -> Iterator[Match]:
    result = text_at(row, "responseElements.ConsoleLogin")
    if result == "Failure":
        yield Match(
            "bad-credentials", REVIEW, "responseElements.ConsoleLogin", result, "console sign-in failed"
        )
    elif result == "Success" and text_at(row, "additionalEventData.MFAUsed") == "No":
        meaning = "console sign-in without a second factor"
        yield Match("no-mfa", REVIEW, "additionalEventData.MFAUsed", "No", meaning)


_INNER = (
    "eventSource", "eventName", "userIdentity.type", "eventType", "responseElements.ConsoleLogin",
    "additionalEventData.MFAUsed",
)  # fmt: skip
SCHEMA = Schema(
    "aws-cloudtrail",
    read,
    rules,
    paths=tuple(f"{wrapper}.{path}" if wrapper else path for wrapper in _WRAPPERS for path in _INNER),
)
