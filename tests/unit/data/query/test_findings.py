"""Questions over findings: what SQL gives is what the rows say; no question gets around rights or SQL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.contracts import Principal
from icelos.data.casework.store import SCHEMA as CASES
from icelos.data.query import connections
from icelos.data.query.findings import FindingsReader
from icelos.data.query.language import OPERATORS, Kind, Query, Span, Value, parsed
from icelos.data.query.views import VIEWS
from icelos.data.sinks import SqliteSink
from icelos.data.visibility import set_finding_groups, set_job_groups
from icelos.errors import IcelosError, InputError, StoreError
from icelos.findings import Failure, Finding, Verdict

ANN, BOB = Principal("ann"), Principal("bob", frozenset({"soc"}))
_VERDICTS = list(Verdict)
_HOSTS = ["web-01", "WEB-01", "db'; DROP TABLE outcomes;--", "ünï", "", "web-011"]
OF_FINDINGS = {name: view for name, view in VIEWS.items() if name != "failures"}
HOSTILE = "'; DROP TABLE facts; --"


def made(number: int) -> Finding:
    """Findings that differ in everything that can be asked for."""
    job = ("vulns", "mail", "logs", "other")[number % 4]
    host = _HOSTS[number % len(_HOSTS)]
    cve = ("CVE-2025-6216", "CVE-2025-62168", "cve-2025-6216")[number % 3]
    attributes = {
        "vulns": {
            "vulnerability": cve,
            "advisory": f"GHSA-aaaa-bbbb-000{number % 5}",
            "purl": f"pkg:npm/left@{number % 3}",
            "name": "left",
            "version": str(number % 3),
            "status": ("affected", "fixed", "not_affected")[number % 5 % 3],
            "target": host,
            "epss": "" if number % 7 == 0 else f"0.{number:05d}",
            "kev": "2024-01-02" if number % 6 == 0 else "",
        },
        "mail": {
            "sender": ("it@evil.example", "Ann@corp.example")[number % 8 == 1],
            "recipients": "bob@corp.example, carol@x.example",
            "subject": f"Invoice {number % 4}",
            "intents": "invoice",
            "time": "2026-05-05T08:00:00Z",
        },
        "logs": {
            "entity": (r"CORP\ann", "anna", "ann@corp.example")[number % 3],
            "technique": "T1110",
            "source_ip": "10.0.0.5",
            "time": f"2026-05-0{number % 8 + 1}T10:00:00Z",
            "host": "web-02.corp.example",
        },
    }.get(job, {})
    return Finding(
        record_id=str(number),
        job=job,
        verdict=_VERDICTS[number % 3 % len(_VERDICTS)],
        label=f"label-{number % 4}",
        summary=f"Finding {number} on {host}",
        score=None if number % 3 == 0 else number % 10 / 10,
        source=f"a:{number}",
        attributes={name: value for name, value in attributes.items() if value},
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 findings, some for a group only; one job as well."""
    home = tmp_path_factory.mktemp("home")
    with SqliteSink(home / "findings.sqlite") as sink:
        sink.write([made(number) for number in range(120)])
    database = sqlite3.connect(home / "findings.sqlite", isolation_level=None)
    database.execute("BEGIN")
    set_job_groups(database, "mail", ["soc"])
    for number in (0, 2, 8):
        set_finding_groups(database, made(number).id, ["soc"])
    database.execute("COMMIT")
    database.close()
    with sqlite3.connect(home / "casework.sqlite") as casework:
        casework.executescript(CASES)
        rows = [
            (made(number).id, *(("closed", "Carol", "fixed") if number % 2 else ("open", "Carol", "")))
            for number in range(0, 120, 5)
        ]
        casework.executemany(
            "INSERT INTO current VALUES (?, 'any', 'any', ?, ?, ?, '', '2026-05-06', 1, NULL)", rows
        )
        steps = [(made(number).id, step) for number in range(0, 120, 5) for step in ("assigned", "closed")]
        casework.executemany(
            "INSERT INTO events VALUES (NULL, ?, ?, 'Dave', '2026-05-06T08:00:00+00:00', '', '', '')",
            [one for one in steps if one[1] == "assigned" or one[0] in {row[0] for row in rows if row[3]}],
        )
    casework.close()
    return home / "findings.sqlite"


@pytest.fixture(scope="module")
def reader(path: Path) -> Iterator[FindingsReader]:
    opened = FindingsReader(path, path.parent / "casework.sqlite")
    yield opened
    opened.close()


# ---- the same, by plain Python

HIDDEN = {("mail", None)} | {(made(number).job, number) for number in (0, 2, 8)}
_JOBS = {"findings": None, "vulnerabilities": "vulns", "mail": "mail", "log_alerts": "logs"}


def row_of(number: int) -> dict[str, Any]:
    finding = made(number)
    said = finding.attributes
    values = {
        "id": finding.id,
        "job": finding.job,
        "record_id": finding.record_id,
        "verdict": finding.verdict.value,
        "label": finding.label,
        "score": finding.score,
        "summary": finding.summary,
        "source": finding.source,
        "state": "closed" if number % 10 == 5 else "open",
        "assignee": "Carol" if number % 5 == 0 else "",
        "reason": "fixed" if number % 10 == 5 else "",
        "closed_by": "Dave" if number % 10 == 5 else "",
        "closed": "2026-05-06T08:00:00Z" if number % 10 == 5 else None,
        "exploitable": said.get("status") == "affected"
        and finding.verdict in (Verdict.ALERT, Verdict.REVIEW),
        "epss": float(said["epss"]) if "epss" in said else None,
        "package": said.get("name"),
    }
    for view in OF_FINDINGS.values():
        for name in view.fields:
            values.setdefault(name, said.get(name))
    return values


ROWS = {number: row_of(number) for number in range(120)}


def lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def holds(value: Any, kind: Kind, operator: str, asked: tuple[Value, ...]) -> bool:
    if operator in ("is_set", "is_not_set"):
        return (value is not None and value != "") == (operator == "is_set")
    if operator in ("!=", "not_in"):
        return value is None or not any(compare(value, kind, "=", one) for one in asked)
    return value is not None and any(
        compare(value, kind, "=" if operator == "in" else operator, one) for one in asked
    )


def compare(value: Any, kind: Kind, operator: str, asked: Value) -> bool:
    if kind is Kind.TIME:
        assert isinstance(asked, Span)
        moment = datetime.fromisoformat(value)
        return {
            "=": asked.begin <= moment < asked.end, "<": moment < asked.begin, "<=": moment < asked.end,
            ">": moment >= asked.end, ">=": moment >= asked.begin,
        }[operator]  # fmt: skip
    one: Any = lower(value) if kind is Kind.TEXT else value
    other: Any = lower(str(asked)) if kind is Kind.TEXT else asked
    if kind is Kind.TEXT and operator in ("contains", "starts_with"):
        return bool(other in one if operator == "contains" else one.startswith(other))
    if kind is Kind.TEXT:
        one, other = one.encode(), other.encode()
    compared = {"=": one == other, "<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}
    return bool(compared[operator])


def visible(principal: Principal) -> list[int]:
    if principal is BOB:
        return list(ROWS)
    return [n for n in ROWS if ROWS[n]["job"] != "mail" and n not in (0, 2, 8)]


def matching(query: Query, principal: Principal) -> list[dict[str, Any]]:
    job = _JOBS[query.view.name]
    rows = [ROWS[number] for number in visible(principal) if job is None or ROWS[number]["job"] == job]
    return [
        row for row in rows
        if all(holds(row[one.field.name], one.field.kind, one.operator, one.values) for one in query.where)
    ]  # fmt: skip


def group_key(row: dict[str, Any], names: list[str]) -> tuple[Any, ...]:
    return tuple(lower(row[name]) if isinstance(row[name], str) else row[name] for name in names)


def expected_total(query: Query, rows: list[dict[str, Any]]) -> int:
    own = [field.name for field in query.group_by or query.distinct]
    if query.count and not query.group_by:
        if not query.distinct:
            return len(rows)
        set_ones = [row for row in rows if any(row[name] not in (None, "") for name in own)]
        return len({group_key(row, own) for row in set_ones})
    if not own:
        return len(rows)
    if query.group_by and query.distinct:
        counted = [field.name for field in query.distinct]
        rows = [row for row in rows if any(row[name] not in (None, "") for name in counted)]
    return len({group_key(row, own) for row in rows})


_FIELDS = [
    (view.name, field)
    for view in OF_FINDINGS.values()
    for field in view.fields.values()
    if field.name != "seen"
]
_TEXTS = st.sampled_from(
    [HOSTILE, "web-01", "WEB-0", "alert", "CVE-2025-6216", "vulns", "ann", "ü", "%", "_", "label-1", "open"]
)
_BY_KIND = {
    Kind.TEXT: _TEXTS | st.text(max_size=5).filter(lambda t: "\0" not in t),
    Kind.NUMBER: st.floats(-1, 1, allow_nan=False) | st.integers(-1, 2),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIME: st.sampled_from(
        ["2026-05-05", "2026-05-05T10:00:00Z", "2026-05-03T12:00:00+02:00", "2026-05-05T09:59:59.5Z"]
    ),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Questions that can be asked."""
    view = draw(st.sampled_from(list(OF_FINDINGS)))
    fields = [field for name, field in _FIELDS if name == view]
    asked: dict[str, Any] = {"view": view, "limit": draw(st.sampled_from([1, 7, 1000])), "where": []}
    for field in draw(st.lists(st.sampled_from(fields), max_size=3)):
        operators = {
            Kind.TEXT: OPERATORS,
            Kind.BOOLEAN: ("=", "!=", "in", "is_set"),
        }.get(field.kind, tuple(one for one in OPERATORS if one not in ("contains", "starts_with")))
        operator = draw(st.sampled_from(operators))
        value = draw(_BY_KIND[field.kind])
        more = {"value": [value, draw(_BY_KIND[field.kind])] if operator in ("in", "not_in") else value}
        asked["where"].append(
            {"field": field.name, "is": operator} | ({} if operator.startswith("is_") else more)
        )
    names = st.lists(st.sampled_from([field.name for field in fields]), max_size=2, unique=True)
    asked |= {"group_by": draw(names), "distinct": draw(names), "count": draw(st.booleans())}
    query = parsed(asked, VIEWS)
    columns = [field.name for field in query.fields] + (["count"] if query.counts else [])
    return asked | {"order_by": draw(st.sampled_from(["", *columns])), "descending": draw(st.booleans())}


@settings(max_examples=300)
@given(asked=questions(), who=st.sampled_from([ANN, BOB]))
def test_sql_says_what_the_rows_say(reader: FindingsReader, asked: dict[str, Any], who: Principal) -> None:
    query = parsed(asked, VIEWS)
    answer = reader.answer(query, principal=who)
    rows = matching(query, who)
    total = expected_total(query, rows)
    if query.count and not query.group_by:
        assert answer.rows == [(total,)]
        return
    assert answer.total == total
    assert len(answer.rows) == min(total, query.limit)
    places = {name: place for place, name in enumerate(answer.columns)}
    own = [field.name for field in query.group_by or query.distinct]
    if own:
        assert {group_key(dict(zip(own, row, strict=False)), own) for row in answer.rows} <= {
            group_key(row, own) for row in rows
        }
        if query.group_by and not query.distinct:
            for row in answer.rows:
                key = group_key(dict(zip(own, row, strict=False)), own)
                assert row[-1] == sum(group_key(one, own) == key for one in rows)
    else:
        ids = [row[places["id"]] for row in answer.rows]
        assert set(ids) <= {row["id"] for row in rows}
        assert len(set(ids)) == len(ids)
        for row in answer.rows:
            said = next(one for one in rows if one["id"] == row[places["id"]])
            assert {name: row[place] for name, place in places.items() if name != "seen"} == {
                name: said[name] for name in places if name != "seen"
            }
    if query.order_by:
        column = [row[places[query.order_by]] for row in answer.rows]
        known = [lower(one).encode() if isinstance(one, str) else one for one in column if one is not None]
        assert known == sorted(known, reverse=query.descending)
        assert None not in column[: len(known)], "what is not set comes last"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["view", "where", "group_by", "count", "distinct", "order_by", "descending", "limit", "sql"]
)
_NEARLY = st.fixed_dictionaries(
    {"view": st.sampled_from([*VIEWS, HOSTILE])},
    optional={
        "where": st.lists(
            st.fixed_dictionaries(
                {
                    "field": st.sampled_from(
                        ["verdict", "id; --", "outcomes.body", HOSTILE, "kev", "seen", "exploitable"]
                    )
                },
                optional={"is": st.sampled_from([*OPERATORS, "LIKE", "= 1 OR 1 ="]), "value": JSON},
            ),
            max_size=3,
        ),
        "group_by": st.lists(st.sampled_from(["verdict", "job", "1; DROP TABLE facts", "body"]), max_size=2),
        "order_by": st.sampled_from(
            ["score", "count", "1", "(SELECT 1)", "verdict DESC, (SELECT body FROM outcomes)"]
        ),
        "limit": st.integers(-5, 2000),
    },
)


@settings(max_examples=400)
@given(asked=st.dictionaries(_NAMES, JSON, max_size=6) | _NEARLY)
def test_whatever_is_asked_is_answered_or_refused(reader: FindingsReader, asked: dict[str, Any]) -> None:
    hidden = {ROWS[n]["id"] for n in ROWS} - {ROWS[n]["id"] for n in visible(ANN)}
    try:
        answer = reader.ask(asked, principal=ANN)
    except InputError:
        return
    assert not {value for row in answer.rows for value in row if isinstance(value, str)} & hidden


def test_refusals_name_what_is_near(reader: FindingsReader) -> None:
    def refused(**asked: Any) -> str:
        with pytest.raises(InputError) as error:
            reader.ask({"view": "mail", **asked}, principal=BOB)
        return str(error.value)

    assert "did you mean sender" in refused(where=[{"field": "sendr", "is": "=", "value": "x"}])
    assert "verdict" in refused(group_by=["verdicts"])
    assert "is none" in refused(where=[{"field": "time", "is": "<", "value": "yesterday"}])
    assert "did you mean mail" in refused(view="mails")
    assert "1 and 1000" in refused(limit=0)


def test_nobody_sees_anything_and_the_store_cannot_be_written(reader: FindingsReader, path: Path) -> None:
    nobody: Any = None
    with pytest.raises(StoreError, match="no principal"):
        reader.ask({"view": "findings"}, principal=nobody)
    with reader._reading(BOB) as (store, _):
        assert store is not None
        for statement in (
            "DELETE FROM facts",
            "INSERT INTO job_groups VALUES ('a', 'b')",
            "ATTACH '/tmp/x' AS y",
            "PRAGMA query_only = OFF",
            "SELECT load_extension('x')",
            "SELECT name FROM sqlite_master",
            "CREATE TEMP TABLE t (x)",
        ):
            with pytest.raises(sqlite3.DatabaseError):
                store._database.execute(statement)


def test_a_question_that_takes_too_long_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STEPS", 1)
    reader = FindingsReader(path, seconds=-1.0)
    with pytest.raises(InputError, match="too long"):
        reader.ask({"view": "findings", "count": True}, principal=BOB)
    reader.close()


def test_names_are_compared_whole(reader: FindingsReader) -> None:
    def named(entity: str, who: Principal = BOB) -> set[str]:
        return {
            row["vulnerability"] or row["entity"] or row["sender"]
            for row in reader.naming(entity, principal=who)
        }

    assert named("cve-2025-6216") == {"CVE-2025-6216", "cve-2025-6216"}
    assert named("ANN") == {r"CORP\ann", "ann@corp.example", "Ann@corp.example"}
    assert named("ann@corp.example") == named("ANN")
    assert named("ann@other.example") == set()
    by_advisory = [number for number in ROWS if ROWS[number]["advisory"] == "GHSA-aaaa-bbbb-0001"]
    assert len(reader.naming("ghsa-aaaa-bbbb-0001", principal=BOB)) == len(by_advisory)
    assert {row["job"] for row in reader.naming("10.0.0.5", principal=BOB)} == {"logs"}
    assert {row["job"] for row in reader.naming("web-02", principal=BOB)} == {"logs"}
    assert {row["target"].lower() for row in reader.naming("web-01", principal=ANN)} == {"web-01"}
    assert {row["job"] for row in reader.naming("carol@x.example", principal=BOB)} == {"mail"}
    assert reader.naming("carol@x.example", principal=ANN) == []
    assert len(reader.naming("pkg:npm/left@1", principal=ANN)) == len(
        [n for n in visible(ANN) if ROWS[n]["purl"] == "pkg:npm/left@1"]
    )


def test_findings_come_whole_where_they_may_be_seen(reader: FindingsReader) -> None:
    query = parsed({"view": "vulnerabilities", "limit": 1000}, VIEWS)
    assert {one.id for one in reader.whole(query, principal=BOB)} == {made(n).id for n in range(0, 120, 4)}
    assert made(8).id not in {one.id for one in reader.whole(query, principal=ANN)}


def test_no_store_is_no_rows(tmp_path: Path) -> None:
    reader = FindingsReader(tmp_path / "findings.sqlite")
    assert reader.ask({"view": "findings", "count": True}, principal=ANN).rows == [(0,)]
    assert reader.ask({"view": "mail"}, principal=ANN).total == 0
    assert reader.naming("ann", principal=ANN) == []
    assert list(tmp_path.iterdir()) == []


def test_a_broken_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "findings.sqlite").write_bytes(
        b"no database at all, but long enough to be taken for one" * 99
    )
    with pytest.raises(IcelosError):
        FindingsReader(tmp_path / "findings.sqlite").ask({"view": "findings"}, principal=ANN)


def test_times_without_an_offset_are_utc() -> None:
    query = parsed(
        {"view": "mail", "where": [{"field": "time", "is": "=", "value": "2026-05-05T08:00:00"}]}, VIEWS
    )
    (value,) = query.where[0].values
    assert isinstance(value, Span)
    assert value.begin == datetime(2026, 5, 5, 8, tzinfo=UTC)


def test_failures_are_seen_by_whom_their_job_is_open_to(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "findings.sqlite") as sink:
        sink.write([
            Failure(record_id=f"r{n}", job=job, error=f"broken {n}", source=f"in:{n}")
            for n, job in enumerate(("mail", "mail", "logs"))
        ])  # fmt: skip
        sink.write([made(1)])
    database = sqlite3.connect(tmp_path / "findings.sqlite")
    with contextlib.closing(database), database:
        set_job_groups(database, "mail", ["soc"])
    reader = FindingsReader(tmp_path / "findings.sqlite")
    asked = {"view": "failures", "group_by": ["job"], "count": True, "order_by": "job"}
    assert reader.ask(asked, principal=BOB).rows == [("logs", 1), ("mail", 2)]
    assert reader.ask(asked, principal=ANN).rows == [("logs", 1)]
    one = reader.ask({"view": "failures", "where": [{"field": "error", "is": "contains", "value": "n 2"}]},
                     principal=ANN)  # fmt: skip
    assert [dict(zip(one.columns, row, strict=True))["record_id"] for row in one.rows] == ["r2"]
    reader.close()
