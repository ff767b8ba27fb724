"""Rows of many kinds: which rules are run on them, where fields stand, what a finding says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.jobs.logs.sigma.running import SYSMON, document, findings, matched, process, row_of, rule_of

from icelos.data.sources import JsonLinesSource
from icelos.findings import Failure, Verdict
from icelos.jobs.logs.profile.rows import Row, RowSource
from icelos.jobs.logs.sigma import matching
from icelos.jobs.logs.sigma.logsources import LogSource, syslog_origin, windows_origin
from icelos.jobs.logs.sigma.matching import Matcher
from icelos.jobs.logs.sigma.taxonomy import layout_of

GRAPH = {"userPrincipalName": "ann@x", "appDisplayName": "Mail", "createdDateTime": "2025-01-06T08:00:00Z"}
DIAGNOSTIC = {"time": "2025-01-06T08:00:00Z", "resultType": "50053"}
ANALYTICS = {"UserPrincipalName": "ann@x", "AppDisplayName": "Mail"}
AUDIT = {
    "activityDisplayName": "Add member to role",
    "activityDateTime": "2025-01-06T08:00:00Z",
    "result": "success",
}
TRAIL = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventTime": "2025-01-06T08:00:00Z"}
OFFICE = {"CreationTime": "2025-01-06T08:00:00", "Operation": "New-InboxRule", "Workload": "Exchange"}
OKTA = {"eventType": "user.session.start", "actor": {"alternateId": "ann@x"}}
GOOGLE = {"actor": {"email": "ann@x"}, "id": {"time": "2025-01-06T08:00:00Z", "applicationName": "admin"}}


def rule(product: str, service: str, detection: dict[str, Any]) -> dict[str, Any]:
    return {**document({"sel": detection}), "logsource": {"product": product, "service": service}}


def evtx(event: object, channel: str, data: dict[str, Any], wrapper: str = "") -> dict[str, Any]:
    whole = {
        "Event": {
            "System": {
                "EventID": event, "Channel": channel, "Computer": "ws1",
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            },
            "EventData": data,
        }
    }  # fmt: skip
    return {wrapper: whole} if wrapper else whole


CASES = [
    ("Graph's code", "azure", "signinlogs", {"ResultType": 50053}, {**GRAPH, "status": {"errorCode": 50053}}),
    (
        "its reason",
        "azure",
        "signinlogs",
        {"ResultDescription|contains": "locked"},
        {**GRAPH, "status": {"errorCode": 50053, "failureReason": "The account is locked"}},
    ),
    ("success", "azure", "signinlogs", {"Status": "Success"}, {**GRAPH, "status": {"errorCode": 0}}),
    ("failure", "azure", "signinlogs", {"Status": "Failure"}, {**GRAPH, "status": {"errorCode": 1}}),
    (
        "why it failed",
        "azure",
        "signinlogs",
        {"Status|contains": "MFA Denied"},
        {**GRAPH, "status": {"errorCode": 500121, "additionalDetails": "MFA denied; user declined"}},
    ),
    (
        "a code",
        "azure",
        "signinlogs",
        {"properties.message": "Device Code"},
        {**GRAPH, "authenticationProtocol": "deviceCode"},
    ),
    (
        "a password",
        "azure",
        "signinlogs",
        {"properties.message": "ROPC"},
        {**GRAPH, "authenticationProtocol": "ropc"},
    ),
    (
        "letter case",
        "azure",
        "signinlogs",
        {"DeviceDetail.isCompliant": "false"},
        {**GRAPH, "deviceDetail": {"isCompliant": False}},
    ),
    (
        "a whole object",
        "azure",
        "signinlogs",
        {"DeviceDetail|contains": '"Linux"'},
        {**GRAPH, "deviceDetail": {"os": "Linux"}},
    ),
    (
        "an empty list",
        "azure",
        "signinlogs",
        {"NetworkLocationDetails": "[]"},
        {**GRAPH, "networkLocationDetails": []},
    ),
    (
        "diagnostic settings",
        "azure",
        "signinlogs",
        {"ResultType": 50053, "userAgent|contains": "axios"},
        {**DIAGNOSTIC, "properties": {**GRAPH, "userAgent": "axios/1.7", "status": {"errorCode": 50053}}},
    ),
    ("Log Analytics", "azure", "signinlogs", {"ResultType": 0}, {**ANALYTICS, "ResultType": "0"}),
    ("audit", "azure", "auditlogs", {"properties.message": "Add member to role", "Status": "Success"}, AUDIT),
    ("its operation", "azure", "auditlogs", {"OperationName|contains|all": ["Add", "role"]}, AUDIT),
    (
        "whom it was done to",
        "azure",
        "auditlogs",
        {"TargetResources|contains": "62e90394"},
        {**AUDIT, "targetResources": [{"id": "x"}, {"id": "62e90394-69f5"}]},
    ),
    (
        "the element that says both",
        "azure",
        "auditlogs",
        {
            "TargetResources.ModifiedProperties.DisplayName": "b",
            "TargetResources.ModifiedProperties.NewValue": "2",
        },
        {
            **AUDIT,
            "targetResources": [
                {
                    "modifiedProperties": [
                        {"displayName": "a", "newValue": "1"},
                        {"displayName": "b", "newValue": "2"},
                    ]
                }
            ],
        },
    ),
    (
        "a property by its name",
        "azure",
        "auditlogs",
        {"ConsentContext.IsAdminConsent": "false"},
        {
            **AUDIT,
            "targetResources": [
                {
                    "modifiedProperties": [
                        {"displayName": "ConsentContext.IsAdminConsent", "newValue": '"False"'}
                    ]
                }
            ],
        },
    ),
    (
        "audit by diagnostic settings",
        "azure",
        "auditlogs",
        {"operationName": "Add member to role", "properties.result": "success"},
        {"time": "x", "properties": AUDIT},
    ),
    (
        "a risk",
        "azure",
        "riskdetection",
        {"riskEventType": "leakedCredentials"},
        {"riskEventType": "leakedCredentials"},
    ),
    (
        "activity",
        "azure",
        "activitylogs",
        {"operationName": "MICROSOFT.COMPUTE/DISKS/DELETE"},
        {"operationName": "Microsoft.Compute/disks/delete", "resourceId": "/x"},
    ),
    (
        "CloudTrail",
        "aws",
        "cloudtrail",
        {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"},
        TRAIL,
    ),
    (
        "a request",
        "aws",
        "cloudtrail",
        {"requestParameters|contains": "AdministratorAccess"},
        {**TRAIL, "requestParameters": {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
    ),
    (
        "an element of a list",
        "aws",
        "cloudtrail",
        {"requestParameters.items.cidr": "0.0.0.0/0"},
        {
            **TRAIL,
            "requestParameters": {"items": [{"cidr": str(n)} for n in range(9)] + [{"cidr": "0.0.0.0/0"}]},
        },
    ),
    (
        "no error",
        "aws",
        "cloudtrail",
        {"errorCode": None},
        {**TRAIL, "errorCode": None},
    ),
    (
        "an inbox rule",
        "m365",
        "audit",
        {"Operation": "New-InboxRule", "Parameters|contains": "DeleteMessage"},
        {
            **OFFICE,
            "Parameters": [{"Name": str(n), "Value": ""} for n in range(6)]
            + [{"Name": "DeleteMessage", "Value": "True"}],
        },
    ),
    ("Exchange", "m365", "exchange", {"eventSource": "Exchange", "eventName": "New-InboxRule"}, OFFICE),
    (
        "Okta",
        "okta",
        "okta",
        {"eventType": "user.session.start", "securityContext.isProxy": "true"},
        {**OKTA, "securityContext": {"isProxy": True}},
    ),
    (
        "a target",
        "okta",
        "okta",
        {"target.displayName|contains": "admin"},
        {**OKTA, "target": [{"displayName": "x"}, {"displayName": "Admin Console"}]},
    ),
    (
        "a domain",
        "gcp",
        "google_workspace.admin",
        {"eventService": "admin.googleapis.com", "eventName": "DELETE_ROLE"},
        {**GOOGLE, "events": [{"name": "X"}, {"name": "DELETE_ROLE"}]},
    ),
    (
        "a setting",
        "gcp",
        "google_workspace.admin",
        {"setting_name|startswith": "ContextAware", "new_value": "false"},
        {
            **GOOGLE,
            "events": [
                {
                    "name": "X",
                    "parameters": [
                        {"name": "SETTING_NAME", "value": "ContextAwareAccess"},
                        {"name": "NEW_VALUE", "value": "false"},
                    ],
                }
            ],
        },
    ),
    (
        "Google Cloud",
        "gcp",
        "gcp.audit",
        {"gcp.audit.method_name": "storage.delete"},
        {"protoPayload": {"methodName": "storage.delete"}},
    ),
    (
        "GitHub",
        "github",
        "audit",
        {"action": "org.add_member"},
        {"action": "org.add_member", "actor": "ann", "org": "x"},
    ),
    ("a channel", "windows", "security", {"EventID": 4625}, {"EventID": 4625, "Channel": "Security"}),
    (
        "in small letters",
        "windows",
        "security",
        {"EventID": 4625},
        {"EventID": "4625", "Channel": "security"},
    ),
    (
        "EVTX",
        "windows",
        "security",
        {"EventID": 4625, "TargetUserName": "ann"},
        evtx(4625, "Security", {"TargetUserName": "ann"}),
    ),
    (
        "EVTX within",
        "windows",
        "security",
        {"EventID": 4625, "TargetUserName": "ann"},
        evtx("4625", "Security", {"TargetUserName": "ann"}, "event"),
    ),
    (
        "a number with attributes",
        "windows",
        "security",
        {"EventID": 4625},
        evtx({"#attributes": {"Q": 1}, "#text": 4625}, "Security", {}),
    ),
    (
        "a provider",
        "windows",
        "security",
        {"Provider_Name": "Microsoft-Windows-Security-Auditing"},
        evtx(1, "Security", {}),
    ),
    ("a computer", "windows", "security", {"Computer": "ws1"}, evtx(1, "Security", {})),
    (
        "user data",
        "windows",
        "security",
        {"EventID": 1102, "SubjectUserName": "ann"},
        {
            "Event": {
                "System": {"EventID": 1102, "Channel": "Security"},
                "UserData": {"LogFileCleared": {"SubjectUserName": "ann"}},
            }
        },
    ),
    (
        "Winlogbeat",
        "windows",
        "security",
        {"EventID": 4625, "TargetUserName": "ann", "Channel": "Security"},
        {"winlog": {"event_id": 4625, "channel": "Security", "event_data": {"TargetUserName": "ann"}}},
    ),
]


@pytest.mark.parametrize(
    ("what", "product", "service", "detection", "fields"), CASES, ids=[case[0] for case in CASES]
)
def test_a_field_is_found_where_its_log_has_it(
    what: str, product: str, service: str, detection: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert matched(rule(product, service, detection), [row_of(fields)]) == [True]
    assert matched(rule(product, "other", detection), [row_of(fields)]) == [False]
    for name in detection:
        bare = name.partition("|")[0]
        assert matched(rule(product, service, {**detection, name: f"not {bare}"}), [row_of(fields)]) == [
            False
        ]


def test_a_new_process_as_the_security_log_tells_it() -> None:
    found = document(
        {"sel": {"Image|endswith": "\\cmd.exe", "ParentImage|contains": "word", "CommandLine": "x"}}
    )
    data = {"NewProcessName": "C:\\cmd.exe", "ParentProcessName": "winword.exe", "CommandLine": "x"}
    rows = [
        row_of({"EventID": 4688, "Channel": "Security", **data}, 1),
        row_of(evtx(4688, "Security", data), 2),
        row_of({"EventID": 4689, "Channel": "Security", **data}, 3),
        row_of({"EventID": 1, "Channel": "Application", **data}, 4),
    ]
    assert matched(found, rows) == [True, True, False, False]


def test_elements_are_not_mixed() -> None:
    both = rule(
        "azure", "auditlogs", {"targetResources.type": "User", "targetResources.displayName": "admin"}
    )
    mixed = [{"type": "User", "displayName": "ann"}, {"type": "Role", "displayName": "admin"}]
    whole = [*mixed, {"type": "User", "displayName": "Admin"}]
    rows = [row_of({**AUDIT, "targetResources": one}, number) for number, one in enumerate([mixed, whole], 1)]
    assert matched(both, rows) == [False, True]


def test_two_lists_are_each_with_each() -> None:
    both = rule("okta", "okta", {"a.x": "2", "b.y": "1"})
    fields = {**OKTA, "a": [{"x": 1}, {"x": 2}], "b": [{"y": 1}, {"y": 2}]}
    assert matched(both, [row_of(fields)]) == [True]


@pytest.mark.parametrize(
    ("channel", "event", "source"),
    [
        ("Microsoft-Windows-Sysmon/Operational", "1", ("windows", "process_creation", "sysmon")),
        ("Microsoft-Windows-Sysmon/Operational", "13", ("windows", "registry_set", "")),
        ("Microsoft-Windows-Sysmon/Operational", "13", ("windows", "registry_event", "")),
        ("Microsoft-Windows-Sysmon/Operational", "22", ("windows", "dns_query", "")),
        ("Security", "4688", ("windows", "process_creation", "security")),
        ("Microsoft-Windows-PowerShell/Operational", "4104", ("windows", "ps_script", "powershell")),
        ("Microsoft-Windows-PowerShell/Operational", "4103", ("windows", "ps_module", "")),
        ("Windows PowerShell", "400", ("windows", "ps_classic_start", "powershell-classic")),
        ("SYSTEM", "7045", ("windows", "", "system")),
        ("Microsoft-Windows-Windows Defender/Operational", "1116", ("", "antivirus", "")),
    ],
)
def test_windows(channel: str, event: str, source: tuple[str, str, str]) -> None:
    assert LogSource(*source).means(windows_origin(channel, event))


@pytest.mark.parametrize(
    "source",
    [("windows", "process_creation", ""), ("linux", "", ""), ("windows", "", "system"), ("", "proxy", "")],
)
def test_what_is_not_meant(source: tuple[str, str, str]) -> None:
    assert not LogSource(*source).means(windows_origin("Security", "4624"))


def test_syslog() -> None:
    assert LogSource("linux", "", "sshd").means(syslog_origin("sshd"))
    assert LogSource("linux", "", "").means(syslog_origin("kernel"))
    assert not LogSource("linux", "", "sudo").means(syslog_origin("sshd"))
    keywords = {
        **rule("linux", "sshd", {}),
        "detection": {"sel": ["unexpected internal error"], "condition": "sel"},
    }
    line = b"Jan  6 08:00:00 web1 sshd[77]: fatal: Unexpected internal error"
    fields: dict[str, Any] = {"message": "fatal: Unexpected internal error", "timestamp": "x", "app": "sshd"}
    assert matched(keywords, [Row(line, fields, "auth.log:1")]) == [True]


def test_a_finding() -> None:
    whole = document(
        {
            "sel": {"Image|endswith": "\\cmd.exe"},
            "out": {"CommandLine": None},
            "condition": "sel and not out",
        },
        id="00000000-0000-0000-0000-000000000001",
        description="A shell",
        tags=["attack.t1059.003"],
    )
    (found,) = findings(
        [rule_of(whole)], [process({"Image": "C:\\CMD.exe", "CommandLine": "cmd " + "x" * 900}, 7)]
    )
    assert (found.job, found.label) == ("logs/sigma/00000000-0000-0000-0000-000000000001", "a rule")
    assert (found.verdict, found.score, found.source) == (Verdict.ALERT, 0.8, "log.jsonl:7")
    assert found.summary == "high: A shell"
    assert {one.quote.split("=")[0] for one in found.evidence} == {"Image", "CommandLine"}
    assert all(len(one.quote) < 330 for one in found.evidence)
    assert found.attributes["techniques"] == "T1059.003"


def test_ids_are_those_of_other_jobs(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    one = json.dumps({**SYSMON, "A": "x"})
    two = json.dumps({**SYSMON, "A": "x", "id": "12345678-0000"})
    path.write_text(f"{one}\n{two}\n{two}\n")
    found = list(Matcher([rule_of(document({"sel": {"A": "x"}}))]).run(RowSource(str(path))))
    assert not any(isinstance(row, Failure) for row in found)
    records = list(JsonLinesSource(path))
    assert [row.record_id for row in found] == [
        record.id for record in records if record is not None and not isinstance(record, Failure)
    ]


def test_broken_rows_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"{broken\n" + json.dumps({**SYSMON, "A": "x\0y"}).encode() + b"\n\xff{}\n")
    matcher = Matcher([rule_of(document({"sel": {"A|contains": "y"}}))])
    found = list(matcher.run(RowSource(str(path))))
    assert [isinstance(one, Failure) for one in found] == [True, True, False] or len(found) == 3
    assert matcher.counts.failures == 2
    assert matcher.counts.matches.total() == 1, "what stands behind a NUL is not hidden"


def test_batches_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [rule_of(document({"sel": {"A": str(n)}}), f"r:{n}") for n in range(3)]
    rows = [process({"A": n % 4}, n + 1) for n in range(50)]
    whole = findings(rules, rows)
    assert [one.source for one in whole] == [f"log.jsonl:{n + 1}" for n in range(50) if n % 4 < 3]
    for batch, size in ((1, 1 << 20), (7, 1 << 20), (2000, 500)):
        monkeypatch.setattr(matching, "BATCH", batch)
        monkeypatch.setattr(matching, "BATCH_BYTES", size)
        assert findings(rules, rows) == whole


def test_many_fields_take_several_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "COLUMNS", 5)
    rules = [rule_of(document({"sel": {f"F{n}": "x", f"G{n}": None}}), f"r:{n}") for n in range(20)]
    assert len(findings(rules, [process({f"F{n}": "x" for n in range(20)})])) == 20


def test_a_rule_that_fails_is_told_once_and_the_others_go_on() -> None:
    long = rule_of(document({"sel": {"A|contains": "x"}}), "r:1")
    broken = rule_of(document({"sel": {"A|contains": "y"}}), "r:2")
    object.__setattr__(broken, "sql", "regexp('(', \"f:A\")")
    matcher = Matcher([long, broken])
    rows = [process({"A": "xy"}, n) for n in range(1, 4001)]
    outcomes = list(matcher.run(rows))
    assert [one.error for one in outcomes if isinstance(one, Failure)] == [
        "the rule 'a rule' cannot be run: user-defined function raised exception"
    ]
    assert matcher.counts.matches == {long.id: 4000}


def test_a_filled_list_hides_nothing_and_is_read_in_bounded_ways() -> None:
    lists = {name: [{"v": str(number)} for number in range(900)] for name in "abcd"}
    lists["c"][-1] = {"v": "wanted"}
    for name, found in (("b", False), ("c", True)):
        whole = rule("okta", "okta", {"a.v": "0", "b.v": "0", "d.v|exists": True, f"{name}.v": "wanted"})
        assert matched(whole, [row_of({**OKTA, **lists})]) == [found]


@pytest.mark.parametrize(
    "fields", [{}, {"a": 1}, {"EventID": None, "Channel": None}, {"Event": {"System": {}}}]
)
def test_rows_of_no_kind(fields: dict[str, Any]) -> None:
    everything = [
        rule_of(
            {**document({"sel": {"A": None}}), "logsource": {"product": "windows", "service": "security"}}
        )
    ]
    matcher = Matcher(everything)
    assert list(matcher.run([row_of(fields)])) == []
    assert matcher.counts.rows == 1
    layout_of(row_of(fields).fields)
