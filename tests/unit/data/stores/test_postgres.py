"""URLs of databases: what they say, and that no secret is taken from one or said back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import SettingsError

pytest.importorskip("psycopg", reason="needs psycopg")

from icelos.data.stores.postgres import Database, database_of


@pytest.mark.parametrize(
    ("location", "database"),
    [
        (
            "postgresql://u@h:5433/db?table=t",
            Database({"user": "u", "host": "h", "port": "5433", "dbname": "db"}, {"table": "t"}),
        ),
        ("postgres:///db?host=/run/pg", Database({"dbname": "db", "host": "/run/pg"}, {})),
        (
            "postgresql://h1,h2:1/a%20b?sslmode=verify-full&query=SELECT%201&key=a,b",
            Database(
                {"host": "h1,h2", "port": ",1", "dbname": "a b", "sslmode": "verify-full"},
                {"query": "SELECT 1", "key": "a,b"},
            ),
        ),
    ],
)
def test_locations(location: str, database: Database) -> None:
    assert database_of(location) == database
    assert "u@" not in database.name


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("postgresql://u:s3cret@h/db", "a password in"),
        ("postgresql://u:s3/cret@h/db", "a password in"),
        ("postgresql://u:s3@cret@h/db", "a password in"),
        ("postgresql://h/db?password=s3cret", "a password in"),
        ("postgresql://h/db?sslpassword=s3cret", "a password in"),
        ("postgresql://h/db?options=-c%20x%3D1", "unknown words"),
        ("postgresql://h/db?passfile=/etc/s3cret", "unknown words"),
        ("postgresql://h/db?s3cret=1", "not a database's URL"),
        ("postgresql://h:s3cret/db", "not a database's URL"),
        ("mysql://h/db", "not a database's URL"),
        ("host=h password=s3cret", "not a database's URL"),
    ],
)
def test_locations_that_are_refused(location: str, error: str) -> None:
    with pytest.raises(SettingsError, match=error) as caught:
        database_of(location)
    assert "cret" not in str(caught.value)


@given(st.text())
def test_a_location_is_a_database_or_refused(text: str) -> None:
    for location in (text, f"postgresql://{text}", f"postgresql://h/db?{text}"):
        try:
            database = database_of(location)
        except SettingsError:
            continue
        assert not any("pass" in name for name in database.parameters)
