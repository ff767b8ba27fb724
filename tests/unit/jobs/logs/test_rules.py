from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icelos.data.lazy_fields import LazyFields
from icelos.data.sources import JsonLinesSource
from icelos.errors import InputError
from icelos.findings import Finding, How, Verdict
from icelos.jobs.logs import rules as module
from icelos.jobs.logs.columns import ColumnReader
from icelos.jobs.logs.job import SCHEMAS
from icelos.jobs.logs.rules import (
    Fields,
    Match,
    RuleBook,
    Schema,
    finding_of,
    text_at,
    value_at,
)
from icelos.records import LogLine

ROW = LogLine(id="r1", source="a.jsonl:3", text="{}", fields={})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "userPrincipalName", "status", "errorCode", "riskState", "riskEventTypes_v2",
        "clientAppUsed", "category", "properties", "event", "detail",
        "eventName", "eventSource", "userIdentity", "type", "CreationTime",
        "UserId", "Operation", "Workload", "Parameters", "Name",
        "Value", "ResultType", "UserPrincipalName",
    ]
)  # fmt: skip


def test_values_are_found_by_dotted_paths_and_absent_ones_are_none() -> None:
    fields = {"a": {"b": 3, "c": [1]}, "d": True, "e": "x"}
    assert value_at(fields, "a.b") == 3
    assert value_at(fields, "a.b.c") is None
    assert value_at(fields, "z") is None
    assert (text_at(fields, "a.b"), text_at(fields, "a"), text_at(fields, "a.c")) == ("3", "", "")


def test_the_worst_rule_names_the_finding_and_all_are_evidence() -> None:
    def rules(row: Fields) -> Iterator[Match]:
        yield Match("mild", Verdict.REVIEW, "a", "1", "mildly odd")
        yield Match("bad", Verdict.ALERT, "b", "2", "bad")

    book = RuleBook((Schema("test", lambda f: f, rules, paths=("a", "b")),))
    finding = finding_of(ROW, book.said({}), ColumnReader(), job="logs")
    assert finding is not None
    assert (finding.verdict, finding.label, finding.score) == (Verdict.ALERT, "bad", None)
    assert [(e.quote, e.source, e.how) for e in finding.evidence] == [
        ("b=2", "a.jsonl:3", How.RULE),
        ("a=1", "a.jsonl:3", How.RULE),
    ]
    nothing = RuleBook((Schema("test", lambda f: f, lambda _: iter(()), paths=()),)).said({})
    assert (nothing.schema, finding_of(ROW, nothing, ColumnReader(), job="logs")) == ("test", None)


VALUES: list[object] = [
    "50126", 50126, 50126.0, 50053, 0, 1, 1.0, True, False, None, "atRisk", "high", "confirmedCompromised",
    "POP", "deviceCode", ["anomalousToken", 3], [], {}, "SigninLogs", "NonInteractiveUserSignInLogs",
    "Root", "ConsoleLogin", "Failure", "Success", "No", "cloudtrail.amazonaws.com", "StopLogging",
    "Set-Mailbox", "FileMalwareDetected", [{"Name": "ForwardTo", "Value": "x@evil.example"}],
]  # fmt: skip
MEANT = st.sampled_from(VALUES)
PATHS = sorted({path for schema in SCHEMAS for path in (*schema.paths, *schema.present)})


def _nested(values: dict[str, object]) -> dict[str, object]:
    """Paths and values as a row."""
    row: dict[str, object] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        node = row
        for key in above:
            inner = node.get(key)
            if not isinstance(inner, dict):
                inner = node[key] = {}
            node = inner
        node[last] = value
    return row


@example({"userPrincipalName": "ana@example.org", "status": {}, "riskEventTypes_v2": [{}]})
@settings(max_examples=150, deadline=None)
@given(fields=st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=6), max_size=10))
def test_no_row_whatever_its_types_breaks_a_rule(fields: dict[str, object]) -> None:
    finding = finding_of(ROW, RuleBook(SCHEMAS).said(fields), ColumnReader(), job="logs")
    assert finding is None or isinstance(finding, Finding)


BOOK = RuleBook(SCHEMAS)


@example(_nested({"userPrincipalName": 1, "status.errorCode": 1, "flaggedForReview": True}))
@example(_nested({"userPrincipalName": 1, "status.errorCode": 1, "flaggedForReview": 1}))
@settings(max_examples=400)
@given(
    st.dictionaries(st.sampled_from(PATHS), MEANT, max_size=12).map(_nested)
    | st.fixed_dictionaries(
        {"userPrincipalName": MEANT, "status": st.fixed_dictionaries({"errorCode": MEANT})}
    )
    | st.dictionaries(NAMES, JSON | MEANT | st.dictionaries(NAMES, JSON | MEANT, max_size=6), max_size=10)
)
def test_a_few_fields_say_what_all_of_them_say(fields: dict[str, object]) -> None:
    text = msgspec.json.encode(fields).decode()
    said = BOOK.said(msgspec.json.decode(text))
    assert repr(BOOK.said(LazyFields(text))) == repr(said)  # from the text
    assert repr(BOOK.said(LazyFields(text))) == repr(said)  # from memory


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 8)
    book = RuleBook(SCHEMAS)
    for number in range(100):
        row = {"riskState": number, "category": "x" * 40 * number}
        book.said(LazyFields(msgspec.json.encode(row).decode()))
    assert 0 < len(book._said) <= 8
    assert max(map(len, book._said)) <= module._LONGEST


def test_only_a_number_that_a_rule_reads_fails_the_row() -> None:
    with pytest.raises(InputError, match="Number out of range"):
        BOOK.said(LazyFields('{"riskState": 1e999}'))
    assert (
        BOOK.said(LazyFields('{"userPrincipalName": "a", "status": {}, "z": 1e999}')).schema == "entra-signin"
    )


LOGS = Path(os.environ.get("ICELOS_DATA", "-")) / "logs"


@pytest.mark.slow
@pytest.mark.skipif(not LOGS.is_dir(), reason="ICELOS_DATA has no logs")
def test_on_real_rows_a_few_fields_say_what_all_of_them_say() -> None:
    rows = labels = 0
    for path in sorted((*LOGS.rglob("*.jsonl.gz"), *LOGS.rglob("*.jsonl"))):
        for row in islice(JsonLinesSource(path), 20_000):
            if isinstance(row, LogLine):
                said = BOOK.said(LazyFields(row.text))
                assert said == BOOK.said(dict(row.fields or {})), row.source
                rows, labels = rows + 1, labels + bool(said.matches)
    assert rows > 10_000
    assert labels > 10
