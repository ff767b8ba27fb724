from __future__ import annotations

from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from icelos.findings import Finding, How, Verdict
from icelos.jobs.logs.job import SCHEMAS
from icelos.jobs.logs.rules import Fields, Match, Schema, judge, schema_of, text_at, value_at
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

    finding = judge(ROW, Schema("test", lambda f: f, rules), {}, job="logs")
    assert finding is not None
    assert (finding.verdict, finding.label, finding.score) == (Verdict.ALERT, "bad", None)
    assert [(e.quote, e.source, e.how) for e in finding.evidence] == [
        ("b=2", "a.jsonl:3", How.RULE),
        ("a=1", "a.jsonl:3", How.RULE),
    ]
    assert judge(ROW, Schema("test", lambda f: f, lambda _: iter(())), {}, job="logs") is None


@example({"userPrincipalName": "ana@example.org", "status": {}, "riskEventTypes_v2": [{}]})
@settings(max_examples=150, deadline=None)
@given(fields=st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON, max_size=6), max_size=10))
def test_no_row_whatever_its_types_breaks_a_rule(fields: dict[str, object]) -> None:
    known = schema_of(fields, SCHEMAS)
    if known is not None:
        finding = judge(ROW, *known, job="logs")
        assert finding is None or isinstance(finding, Finding)
