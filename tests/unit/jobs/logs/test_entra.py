from __future__ import annotations

import pytest

from icelos.findings import Verdict
from icelos.jobs.logs.entra import read, rules

GRAPH = {"userPrincipalName": "a@b.example", "status": {"errorCode": 0}, "riskState": "none"}


def labels(row: dict[str, object]) -> list[tuple[str, Verdict]]:
    part = read(row)
    assert part is not None
    return [(match.label, match.verdict) for match in rules(part)]


@pytest.mark.parametrize(
    ("code", "label", "verdict"),
    [
        (50126, "bad-credentials", Verdict.REVIEW),
        ("50053", "account-locked", Verdict.REVIEW),
        (53003, "blocked-by-policy", Verdict.REVIEW),
        (53004, "blocked-by-risk", Verdict.ALERT),
    ],
)
def test_codes_mean_the_same_in_every_export(code: object, label: str, verdict: Verdict) -> None:
    graph: dict[str, object] = {**GRAPH, "status": {"errorCode": code}}
    diagnostic: dict[str, object] = {"category": "NonInteractiveUserSignInLogs", "properties": graph}
    table: dict[str, object] = {
        "Type": "SigninLogs",
        "UserPrincipalName": "a@b.example",
        "ResultType": str(code),
    }
    for row in (graph, diagnostic, table):
        assert labels(row) == [(label, verdict)]


@pytest.mark.parametrize("code", [0, 50140, 50074, 50076, 700082, 70043, 50158, None, "", [], "x"])
def test_prompts_expired_tokens_and_broken_codes_are_no_finding(code: object) -> None:
    assert labels({**GRAPH, "status": {"errorCode": code}}) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"riskState": "confirmedCompromised"}, [("compromised", Verdict.ALERT)]),
        ({"riskState": "atRisk", "riskLevelDuringSignIn": "high"}, [("at-risk", Verdict.ALERT)]),
        ({"riskState": "atRisk", "riskLevelDuringSignIn": "low"}, [("at-risk", Verdict.REVIEW)]),
        ({"riskLevelDuringSignIn": "medium"}, [("at-risk", Verdict.REVIEW)]),
        ({"riskEventTypes_v2": ["unfamiliarFeatures", "anomalousToken"]}, [("risk-event", Verdict.ALERT)]),
        ({"riskEventTypes_v2": ["anomalousToken"], "riskState": "remediated"}, []),
        ({"clientAppUsed": "IMAP4"}, [("legacy-authentication", Verdict.REVIEW)]),
        ({"clientAppUsed": "Browser"}, []),
        ({"authenticationProtocol": "deviceCode"}, [("device-code", Verdict.REVIEW)]),
        ({"flaggedForReview": True}, [("flagged", Verdict.REVIEW)]),
        ({"flaggedForReview": "true"}, []),
    ],
)
def test_risk_legacy_clients_and_flags(
    values: dict[str, object], expected: list[tuple[str, Verdict]]
) -> None:
    assert labels({**GRAPH, **values}) == expected


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"status": {"errorCode": 50126}},
        {"userPrincipalName": "a", "status": "failed"},
        {"category": "AuditLogs", "properties": {"id": 1}},
        {"properties": []},
    ],
)
def test_other_rows_are_not_read(row: dict[str, object]) -> None:
    assert read(row) is None
