"""Reading waits for no writer, and what fails is not written."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.people.database import Database


def test_what_fails_is_not_written_and_readers_do_not_wait(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite", "CREATE TABLE IF NOT EXISTS t (a INTEGER) STRICT;")

    def fail() -> None:
        with database.transaction() as writing:
            writing.execute("INSERT INTO t VALUES (1)")
            assert database.rows("SELECT a FROM t") == []  # a reader, meanwhile
            raise InputError("no")

    with pytest.raises(InputError):
        fail()
    assert database.row("SELECT a FROM t") is None
    with database.transaction() as writing:
        writing.execute("INSERT INTO t VALUES (2)")
    assert database.row("SELECT a FROM t") == (2,)
    database.close()
