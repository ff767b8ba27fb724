from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import StoreError
from icelos.knowledge.schema import connect, micros, moment, prepare


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_times_come_back_to_the_microsecond(value: datetime) -> None:
    assert moment(micros(value)) == value.replace(tzinfo=UTC)


def test_zones_are_kept_apart() -> None:
    there = datetime(2025, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert micros(there) == micros(datetime(2025, 1, 1, tzinfo=UTC))


def test_a_store_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "k.sqlite"
    for _ in range(2):
        database = connect(path)
        prepare(database, path)
        assert database.execute("SELECT count(*) FROM scopes").fetchone() == (1,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.close()


def test_reading_a_store_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        connect(tmp_path / "absent.sqlite", read_only=True)
