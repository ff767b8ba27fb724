"""Rules for Entra ID sign-ins, in the three shapes in which they are exported.

Graph signIn objects (https://learn.microsoft.com/graph/api/resources/signin), diagnostic settings
(the same object under `properties`), and Log Analytics' SigninLogs (PascalCase columns). Error codes:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Risk events:
https://learn.microsoft.com/entra/id-protection/concept-identity-protection-risks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icelos.findings import Verdict
from icelos.jobs.logs.rules import Fields, Match, Schema, text_at, value_at

ALERT, REVIEW = Verdict.ALERT, Verdict.REVIEW

CODES: Mapping[str, tuple[Verdict, str, str]] = {
    "50053": (
        REVIEW,
        "account-locked",
        "locked after too many attempts, or the address is known as malicious",
    ),
    "50055": (REVIEW, "expired-password", "the password was right, and has expired"),
    "50057": (REVIEW, "disabled-account", "sign-in to a disabled account"),
    "50126": (REVIEW, "bad-credentials", "wrong user name or password"),
    "50131": (REVIEW, "blocked-by-policy", "conditional access blocked the device, place or request"),
    "50034": (REVIEW, "no-such-account", "no such account in this directory"),
    "50056": (REVIEW, "bad-credentials", "invalid or missing password"),
    "50064": (REVIEW, "bad-credentials", "credential validation failed"),
    "500121": (REVIEW, "mfa-failed", "the second factor was refused or not answered"),
    "53003": (REVIEW, "blocked-by-policy", "blocked by conditional access"),
    "53004": (ALERT, "blocked-by-risk", "registration of a second factor was blocked because of risk"),
    "530032": (ALERT, "blocked-by-risk", "blocked by a policy on the tenant's security"),
    "50196": (REVIEW, "request-loop", "the client asked for the same token over and over"),
}
"""Code -> verdict, label, meaning. Prompts and expired tokens are everyday and are not listed."""

LEGACY = frozenset(
    {
        "authenticated smtp", "autodiscover", "exchange activesync", "exchange online powershell",
        "exchange web services", "imap", "imap4", "mapi over http", "offline address book",
        "outlook anywhere (rpc over http)", "pop", "pop3", "reporting web services", "universal outlook",
        "other clients", "other clients; older office clients", "other clients; imap", "other clients; pop",
        "other clients; mapi", "other clients; smtp",
    }
)  # fmt: skip
"""`clientAppUsed` of clients that cannot ask for a second factor ("block legacy authentication")."""

RISK_ALERTS = frozenset(
    {
        "leakedCredentials", "maliciousIPAddress", "maliciousIPAddressValidCredentialsBlockedIP",
        "passwordSpray", "anomalousToken", "tokenIssuerAnomaly", "attackerinTheMiddle",
        "investigationsThreatIntelligence", "mcasSuspiciousInboxManipulationRules", "suspiciousBrowser",
        "malwareInfectedIPAddress", "nationStateIP", "suspiciousSendingPatterns",
        "userReportedSuspiciousActivity",
        "adminConfirmedUserCompromised", "attemptedPrtAccess", "suspiciousAPITraffic",
    }
)  # fmt: skip


def read(fields: Fields) -> Fields | None:
    """The sign-in within a row, or None where the row is something else."""
    inner = fields.get("properties")
    if isinstance(inner, Mapping) and "SignInLogs" in str(fields.get("category", "")):
        return inner
    if "userPrincipalName" in fields and isinstance(fields.get("status"), Mapping):
        return fields
    if fields.get("Type") in ("SigninLogs", "AADNonInteractiveUserSignInLogs") or (
        "ResultType" in fields and "UserPrincipalName" in fields
    ):
        return _from_columns(fields)
    return None


_COLUMNS = {
    "ClientAppUsed": "clientAppUsed", "RiskState": "riskState",
    "RiskLevelDuringSignIn": "riskLevelDuringSignIn",
    "RiskEventTypes_V2": "riskEventTypes_v2", "FlaggedForReview": "flaggedForReview",
    "AuthenticationProtocol": "authenticationProtocol",
}  # fmt: skip


def _from_columns(fields: Fields) -> Fields:
    named = {new: fields[old] for old, new in _COLUMNS.items() if old in fields}
    return {**named, "status": {"errorCode": fields.get("ResultType")}}


def rules(row: Fields) -> Iterator[Match]:
    """All that the published meaning of one sign-in's values gives."""
    yield from _code(row)
    yield from _risk(row)
    client = text_at(row, "clientAppUsed")
    if client.lower() in LEGACY:
        meaning = "legacy authentication, which cannot ask for a second factor"
        yield Match("legacy-authentication", REVIEW, "clientAppUsed", client, meaning)
    if text_at(row, "authenticationProtocol") == "deviceCode":
        meaning = "device code flow, which phishing uses to have codes entered for others"
        yield Match("device-code", REVIEW, "authenticationProtocol", "deviceCode", meaning)
    if value_at(row, "flaggedForReview") is True:
        yield Match("flagged", REVIEW, "flaggedForReview", "true", "a user or administrator flagged it")


def _code(row: Fields) -> Iterator[Match]:
    code = text_at(row, "status.errorCode")
    if code in CODES:
        verdict, label, meaning = CODES[code]
        yield Match(label, verdict, "status.errorCode", code, meaning)


def _risk(row: Fields) -> Iterator[Match]:
    state = text_at(row, "riskState")
    level = text_at(row, "riskLevelDuringSignIn")
    if state == "confirmedCompromised":
        yield Match("compromised", ALERT, "riskState", state, "confirmed as compromised")
    elif state == "atRisk":
        verdict = ALERT if level == "high" else REVIEW
        yield Match("at-risk", verdict, "riskState", state, f"at risk{f', level {level}' if level else ''}")
    elif level in ("high", "medium"):
        meaning = f"risk level {level} at sign-in"
        yield Match("at-risk", REVIEW, "riskLevelDuringSignIn", level, meaning)
    events = value_at(row, "riskEventTypes_v2")
    for event in events if isinstance(events, list) else []:
        if (
            isinstance(event, str)
            and event in RISK_ALERTS
            and state not in ("remediated", "dismissed", "confirmedSafe")
        ):
            yield Match("risk-event", ALERT, "riskEventTypes_v2", event, f"risk event {event}")


_INNER = (
    "status.errorCode", "riskState", "riskLevelDuringSignIn", "riskEventTypes_v2", "clientAppUsed",
    "authenticationProtocol", "flaggedForReview",
)  # fmt: skip
SCHEMA = Schema(
    "entra-signin",
    read,
    rules,
    paths=("category", *(f"properties.{path}" for path in _INNER), *_INNER, "Type", "ResultType", *_COLUMNS),
    present=("userPrincipalName", "UserPrincipalName"),
)
