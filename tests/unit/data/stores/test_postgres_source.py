"""Rows of a real PostgreSQL as records: every type, from any position, over a restart of the server."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from icelos.contracts import Resumable, Source
from icelos.data.stores import postgres_source
from icelos.data.stores.postgres_source import PostgresSource
from icelos.errors import InputError, SettingsError
from icelos.findings import Failure
from icelos.records import LogLine


def _lines(source: PostgresSource) -> list[LogLine]:
    found = [item for item in source if item is not None]
    assert all(isinstance(item, LogLine) for item in found), found
    return [item for item in found if isinstance(item, LogLine)]


def test_every_type_has_its_json(postgres: Any) -> None:
    postgres.execute("""CREATE TABLE events (n bigint PRIMARY KEY, t timestamptz, plain timestamp, d date,
        price numeric, f double precision, raw bytea, u uuid, j json, jb jsonb, list int[], texts text[],
        ip inet, span interval, nothing text, yes boolean, "a%b ""c" text)""")
    postgres.execute("""INSERT INTO events VALUES (1, '2026-01-02 03:04:05.678+02', 'infinity',
        '4714-11-24 BC', 123456789.5, 'NaN', '\\x00ff', '0b7a4c1e-0000-4000-8000-000000000000',
        '{"a": [1, null]}', '{"b": "é"}', '{1,NULL,3}', '{"x","y z"}', '10.0.0.0/8', '1 day 02:03',
        NULL, true, 'é\u2400%s')""")
    (line,) = _lines(PostgresSource(f"{postgres.url}?table=events"))
    assert line.source == "postgres.events:1"
    assert line.fields == {
        "n": 1, "t": "2026-01-02T01:04:05.678+00:00", "plain": "infinity", "d": "4714-11-24 BC",
        "price": 123456789.5, "f": "NaN", "raw": "\\x00ff", "u": "0b7a4c1e-0000-4000-8000-000000000000",
        "j": {"a": [1, None]}, "jb": {"b": "é"}, "list": [1, None, 3], "texts": ["x", "y z"],
        "ip": "10.0.0.0/8", "span": "1 day 02:03:00", "nothing": None, "yes": True, 'a%b "c': "é\u2400%s",
    }  # fmt: skip


KEYED = {
    "primary key": ("k int, name text, PRIMARY KEY (name, k)", "", {}),
    "another unique key": ("k int NOT NULL UNIQUE, name text", "", {}),
    "a key that is given": ("k int, name text, PRIMARY KEY (name, k)", "", {"key": "k"}),
    "no key": ("k int, name text", "", {}),
    "a query": ("k int, name text", "SELECT k, name FROM t WHERE name LIKE 'n%' -- all;", {"key": "name"}),
    "a query without a key": ("k int, name text", "SELECT * FROM t;", {}),
    "a name as fixed text": ("k int, name char(9), PRIMARY KEY (name, k)", "", {}),
}


@pytest.mark.parametrize("case", KEYED)
def test_on_from_any_position(postgres: Any, case: str) -> None:
    columns, query, options = KEYED[case]
    postgres.execute(f"CREATE TABLE t ({columns})")
    postgres.execute("INSERT INTO t SELECT i, 'n' || i / 10 FROM generate_series(1, 100) i ORDER BY -i")
    if "UNIQUE" not in columns and "PRIMARY" not in columns:
        postgres.execute("INSERT INTO t SELECT i, 'n' || i / 10 FROM generate_series(1, 100, 3) i")
    given = {"query": query} if query else {"table": "t"}

    def source() -> PostgresSource:
        made = PostgresSource(postgres.url, **given, **options)
        assert isinstance(made, Source)
        assert isinstance(made, Resumable)
        return made

    whole = source()
    positions, items = [whole.position()], []
    for item in whole:
        assert isinstance(item, LogLine)
        items.append(item)
        positions.append(whole.position())
    total = postgres.execute("SELECT count(*) FROM t")[0][0]
    assert len({item.id for item in items}) == len(items) == total
    for done in (0, 1, 50, 51, 52, 53, total - 1, total):
        again = source()
        again.resume(positions[done])
        assert list(again) == items[done:]


def test_spans_of_a_long_reading(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_source, "SPAN", 0.0)
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY)")
    postgres.execute("INSERT INTO t SELECT generate_series(1, 50)")
    assert [line.fields for line in _lines(PostgresSource(postgres.url))] == [{"k": k} for k in range(1, 51)]


def test_what_cannot_be_json_is_one_failure(postgres: Any) -> None:
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY, n numeric, j json)")
    postgres.execute(
        "INSERT INTO t VALUES (1, 1, '1'), (2, 1e6000, '1'), (3, 1, %s), (4, 1, '1')", "[" * 3000 + "]" * 3000
    )
    items = list(PostgresSource(postgres.url))
    assert [isinstance(item, Failure) for item in items] == [False, True, True, False]


def test_a_row_that_the_query_fails_at(postgres: Any) -> None:
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY)")
    postgres.execute("INSERT INTO t VALUES (0)")
    with pytest.raises(InputError, match="division by zero"):
        list(PostgresSource(postgres.url, query="SELECT 1 / k AS k FROM t"))


def test_many_rows_in_bounded_memory(postgres: Any) -> None:
    import resource

    postgres.execute("CREATE TABLE t (k int PRIMARY KEY, body text)")
    postgres.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in PostgresSource(postgres.url)) == 50_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 << 10


@pytest.mark.slow
def test_a_server_that_restarts_in_the_middle(postgres: Any) -> None:
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY, body text)")
    postgres.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i")
    stream = iter(PostgresSource(postgres.url))
    items = list(itertools.islice(stream, 100))
    postgres.kill()
    try:
        for item in stream:  # what has come over already, and then None while there is no server
            if item is None:
                break
            items.append(item)
        assert len(items) < 20_000
    finally:
        postgres.start()
    items += [item for item in stream if item is not None]
    keys = [item.fields["k"] for item in items if isinstance(item, LogLine) and item.fields]
    assert keys == list(range(1, 20_001))


@pytest.mark.slow
def test_a_server_that_stays_away(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_source, "WAITS", (1,))
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY, body text)")
    postgres.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i")
    source = PostgresSource(postgres.url)
    stream = iter(source)
    read = [next(stream) for _ in range(100)]
    postgres.kill()
    try:
        with pytest.raises(InputError, match="cannot read"):
            read += [item for item in stream if item is not None]
        position = source.position()
    finally:
        postgres.start()
    again = PostgresSource(postgres.url)
    again.resume(position)
    rest = _lines(again)
    assert rest[0].source == f"postgres.t:{20_001 - len(rest)}"


def test_nothing_can_be_written(postgres: Any) -> None:
    postgres.execute("CREATE TABLE t (k int PRIMARY KEY)")
    postgres.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING k'")
    for query, error in {
        "SELECT f()": "read-only",
        "WITH gone AS (DELETE FROM t RETURNING k) SELECT * FROM gone": "data-modifying",
        "SELECT 1); INSERT INTO t VALUES (2); SELECT (1": "syntax error|alias|multiple commands",
        "SELECT set_config('transaction_read_only', 'off', true), f()": "must be set before",
        "DELETE FROM t": "no SELECT",
        "COPY t TO PROGRAM 'id'": "no SELECT",
    }.items():
        with pytest.raises(InputError, match=error):
            list(PostgresSource(postgres.url, query=query))
    assert postgres.execute("SELECT count(*) FROM t") == [(0,)]


def test_tables_by_name(postgres: Any) -> None:
    for name in ("one", '"t%x.y"', '"Weird ""name"'):
        postgres.execute(f'CREATE TABLE {name} (_icelos_row int PRIMARY KEY, "a%" int)')
        postgres.execute(f"INSERT INTO {name} VALUES (7, 8)")
    postgres.execute("DROP SCHEMA IF EXISTS other CASCADE")
    postgres.execute("CREATE SCHEMA other")
    postgres.execute("CREATE VIEW other.seen AS SELECT _icelos_row + 1 AS k FROM one")
    for table, source in {
        "one": "one:7", "t%x.y": "t%x.y:7", 'Weird "name': 'Weird "name:7', "public.one": "public.one:7",
        "other.seen": "other.seen:#1",
    }.items():  # fmt: skip
        (line,) = _lines(PostgresSource(postgres.url, table=table))
        assert line.source == f"postgres.{source}"
    with pytest.raises(InputError, match="no table") as caught:
        list(PostgresSource(postgres.url, table="two"))
    assert "other.seen" in str(caught.value)
    with pytest.raises(InputError, match="say which table"):
        list(PostgresSource(postgres.url))
    postgres.execute("DROP SCHEMA other CASCADE")


def test_keys_that_are_refused(postgres: Any) -> None:
    postgres.execute("CREATE TABLE t (k int, j json)")
    postgres.execute("INSERT INTO t VALUES (NULL, NULL)")
    for key, error in {
        "k": "NULL in a key",
        "nothing": "no column 'nothing'",
        "j": "NULL in a key|operator",
    }.items():
        with pytest.raises(InputError, match=error):
            list(PostgresSource(postgres.url, key=key))


def test_what_is_refused(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="give one"):
        PostgresSource(postgres.url, table="t", query="SELECT 1")
    with pytest.raises(SettingsError, match="NUL"):
        PostgresSource(postgres.url, table="t\0")
    with pytest.raises(InputError, match="not a position"):
        PostgresSource(postgres.url).resume(b"[]")
    with pytest.raises(InputError, match="cannot read"):
        list(PostgresSource("postgresql://icelos@127.0.0.1:9/postgres"))
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    with pytest.raises(InputError, match="set PGPASSWORD"):
        list(PostgresSource(postgres.url))
    with pytest.raises(InputError, match="authentication failed") as caught:
        list(PostgresSource(postgres.url, password="s3cret-wrong"))
    assert "s3cret" not in str(caught.value)
