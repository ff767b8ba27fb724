from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.flat import Value
from icelos.findings import failure
from icelos.jobs.logs.profile import profile
from icelos.jobs.logs.profile.profile import iso, profile_rows
from icelos.jobs.logs.profile.rows import Row, RowSource


def test_simulated_signins(signins: Path) -> None:
    found = profile_rows(RowSource(str(signins)))
    assert found.kind == "Entra ID sign-ins (Graph)"
    assert found.rows == 400
    assert found.failures == 0
    assert (found.user_field, found.time_field) == ("userPrincipalName", "createdDateTime")
    with gzip.open(signins) as rows:
        names = {json.loads(row)["userPrincipalName"] for row in rows} - {""}
    assert found.users == len(names)
    assert (found.first or "") < (found.last or "")
    fields = {field.path: field for field in found.fields}
    assert fields["id"].distinct == 400
    assert fields["id"].formats == {"uuid": 1.0}
    assert fields["status.errorCode"].types == {"integer": 400}


def test_failures_are_counted_and_shown() -> None:
    bad = failure(record_id="1", job="logs", error="broken", source="a:1")
    found = profile_rows([bad, Row(b"{}", {"a": 1}, "a:2"), bad])
    assert (found.rows, found.failures) == (1, 2)
    assert found.first_failures == ("a:1: broken", "a:1: broken")


def test_keys_made_of_data_do_not_fill_the_memory(monkeypatch: object) -> None:
    before, profile.MAX_PATHS = profile.MAX_PATHS, 50
    try:
        found = profile_rows(Row(b"{}", {f"user{n}": n, "same": 1}, f"a:{n}") for n in range(500))
    finally:
        profile.MAX_PATHS = before
    assert len(found.fields) == 50
    assert found.left_out == 500 - 49
    assert next(field for field in found.fields if field.path == "same").rows == 500


def test_times_beyond_the_calendar() -> None:
    assert iso(1e18) is None
    assert iso(0.0) == "1970-01-01T00:00:00Z"


@given(
    st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3) | st.none()), max_size=30),
    st.integers(1, 5),
)
def test_columns_are_those_of_the_rows(rows: list[dict[str, Value]], batch: int) -> None:
    before, profile.BATCH = profile.BATCH, batch
    try:
        found = profile_rows(Row(b"{}", dict(row), f"a:{n}") for n, row in enumerate(rows))
    finally:
        profile.BATCH = before
    first = dict.fromkeys(path for row in rows for path in row)
    assert {field.path for field in found.fields} == set(first)
    for field in found.fields:
        values = [row[field.path] for row in rows if field.path in row]
        assert (field.rows, field.nulls, field.distinct) == (
            len(values), values.count(None), len(set(values)),
        )  # fmt: skip


def test_rows_of_ever_new_paths_do_not_wait_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "BATCH_BYTES", 100)
    monkeypatch.setattr(profile, "MAX_PATHS", 10)
    profiler = profile.Profiler()
    held = []
    for n in range(60):
        profiler.add(Row(b"x" * 10, {f"key{n}": n}, f"a:{n}"))
        held.append(len(profiler._batch))
    assert max(held) <= 11
    assert profiler.told().left_out == 50
