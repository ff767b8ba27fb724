"""Sources: one record or one Failure for everything, ids that are stable and do not hide anything."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.mail import PIECE, mail_id, split_mbox
from icelos.data.row_ids import RowIds
from icelos.data.sources import JsonLinesSource, LineSource, MailSource, ParquetSource, SqliteSource
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import LogLine, Mail, Record


def _read(source: Iterable[Record | Failure | None]) -> list[Record | Failure]:
    return [item for item in source if item is not None]


def _text(item: Record | Failure) -> str:
    return f"! {item.error}" if isinstance(item, Failure) else getattr(item, "text", "")


def test_lines_with_poison_among_them(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"\xef\xbb\xbfone\n\ntwo \xff\nthree\r\n")
    items = _read(LineSource(path))
    assert [_text(item) for item in items] == ["one", "! not UTF-8 at byte 4", "three"]
    assert [item.source for item in items] == ["app.log:1", "app.log:3", "app.log:4"]


def test_json_lines_with_poison_among_them(tmp_path: Path) -> None:
    path = tmp_path / "app.jsonl"
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    path.write_bytes(b'{"a":1}\nnot json\n[1]\n' + deep + b'\n{"a":"\xed\xa0\x80"}\n{"a":2}\n')
    items = _read(JsonLinesSource(path))
    assert [isinstance(item, Failure) for item in items] == [False, True, True, True, True, False]
    assert [item.fields for item in items if isinstance(item, LogLine)] == [{"a": 1}, {"a": 2}]


def test_tomorrows_line_17_is_another_record(tmp_path: Path) -> None:
    path = tmp_path / "app.jsonl"
    ids = []
    for day in (1, 2, 1):
        path.write_text(f'{{"day": {day}}}\n')
        ids += [item.id for item in JsonLinesSource(path) if isinstance(item, Record)]
    assert ids[0] == ids[2] != ids[1]


def _ids(source: JsonLinesSource | SqliteSource | ParquetSource) -> list[str]:
    return [item.id for item in source if isinstance(item, Record)]


def test_an_event_has_one_id_in_whatever_file_it_stands(tmp_path: Path) -> None:
    event = '{"id": "0b7a4c1e-aaaa", "n": 1}\n'
    (tmp_path / "a.jsonl").write_text(event + '{"id": 7}\n{"id": "short"}\n')
    (tmp_path / "b.jsonl").write_text('{"id": 7}\n{"id": "short"}\n' + event)
    first, second = _ids(JsonLinesSource(tmp_path / "a.jsonl")), _ids(JsonLinesSource(tmp_path / "b.jsonl"))
    assert first[0] == second[2]
    assert len({*first, *second}) == 5


def _constant(path: Path, rows: list[tuple[str, int]]) -> JsonLinesSource | SqliteSource | ParquetSource:
    """Rows of ("id", "n") in a file of the kind that its suffix names."""
    if path.suffix == ".jsonl":
        path.write_text("".join(f'{{"id": "{own}", "n": {n}}}\n' for own, n in rows))
        return JsonLinesSource(path)
    if path.suffix == ".sqlite":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE events (id TEXT, n INTEGER)")
            database.executemany("INSERT INTO events VALUES (?, ?)", rows)
        database.close()
        return SqliteSource(path)
    with duckdb.connect() as duck:
        duck.execute("CREATE TABLE events (id TEXT, n INTEGER)")
        duck.executemany("INSERT INTO events VALUES (?, ?)", rows)
        duck.execute(f"COPY events TO '{path}' (FORMAT parquet)")
    return ParquetSource(path)


@pytest.mark.parametrize("suffix", ["jsonl", "sqlite", "parquet"])
def test_rows_that_share_an_id_are_told_apart(tmp_path: Path, suffix: str) -> None:
    rows = [("the-same-everywhere", n) for n in (1, 2, 3, 3, 3, 4)]
    source = _constant(tmp_path / f"a.{suffix}", rows)
    first, again = _ids(source), _ids(source)
    assert len(set(first)) == len(rows)
    assert again == first, "a replay must overwrite, not add"
    other = _ids(_constant(tmp_path / f"b.{suffix}", [("the-same-everywhere", 5)]))
    assert not set(other) & set(first)


def test_no_row_takes_the_id_of_another_one(tmp_path: Path) -> None:
    """Who can write to a log must not choose which finding is overwritten."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "0b7a4c1e-aaaa", "n": "attack"}\n')
    (attack,) = _ids(JsonLinesSource(path))
    path.write_text(f'{{"id": "{attack}"}}\n{{"id": "0b7a4c1e-aaaa", "n": "harmless"}}\n')
    assert attack not in _ids(JsonLinesSource(path))


def test_memory_for_ids_is_bounded_and_a_full_filter_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RowIds, "SIZE", 8)
    source = _constant(tmp_path / "a.jsonl", [(f"event-{n:06}", n) for n in range(3000)])
    first = _ids(source)
    assert len(set(first)) == 3000
    assert _ids(source) == first


@pytest.mark.parametrize("cut", [8, -6])
def test_a_cut_stream_costs_what_is_cut(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"one\ntwo\n")[:cut])
    (tmp_path / "b.log").write_text("three\n")
    items = _read(LineSource(tmp_path))
    assert isinstance(items[-2], Failure)
    assert "broken stream" in items[-2].error
    assert _text(items[-1]) == "three"


def test_a_folder_that_cannot_be_listed_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.log").write_text("one\n")
    real = Path.iterdir

    def guarded(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", guarded)
    assert sorted(_text(item) for item in _read(LineSource(tmp_path))) == [
        "! cannot list the folder: Permission denied",
        "one",
    ]


def test_file_names_may_be_any_bytes(tmp_path: Path) -> None:
    name = b"f\xff.log".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text("one\n")
    (item,) = _read(LineSource(tmp_path))
    assert item.source.encode("utf-8") == b"f?.log:1"


def test_nothing_there_is_an_input_error(tmp_path: Path) -> None:
    for source in (LineSource(tmp_path / "none"), SqliteSource(tmp_path / "none")):
        with pytest.raises(InputError, match="no such file"):
            list(source)


# -- mail

BODY = st.lists(
    st.sampled_from([b"", b"From here on", b">From there", b">>From", b"From ", b"text", b"x" * 20, b"\r"]),
    max_size=8,
).map(lambda lines: b"".join(line + b"\n" for line in lines))


@given(st.lists(BODY, min_size=1, max_size=5))
def test_an_mbox_gives_back_what_was_put_in(bodies: list[bytes]) -> None:
    messages = [b"Subject: s\n\n" + body for body in bodies]
    box = b"".join(b"From a@b.example Mon Jan  1 00:00:00 2024\n" + _quoted(m) + b"\n" for m in messages)
    assert list(split_mbox(_stream(box), limit=1 << 20)) == messages


def _quoted(message: bytes) -> bytes:
    """mboxrd: one more ">" before every ">*From "."""
    lines = message.splitlines(keepends=True) if b"\r" not in message else _lines(message)
    return b"".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)


def _lines(message: bytes) -> list[bytes]:
    return [line + b"\n" for line in message.split(b"\n")[:-1]]


def _stream(data: bytes):  # type: ignore[no-untyped-def]
    import io

    return io.BytesIO(data)


@given(BODY)
def test_one_message_without_an_envelope_is_taken_as_it_is(body: bytes) -> None:
    message = b"Subject: s\n\n" + body
    assert list(split_mbox(_stream(message), limit=1 << 20)) == [message]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(10, 50))
def test_only_messages_over_the_limit_are_passed_over(sizes: list[int], limit: int) -> None:
    box = b"".join(b"From a\n" + b"x" * size + b"\n\n" for size in sizes)
    read = list(split_mbox(_stream(box), limit=limit))
    assert [message is None for message in read] == [size + 2 > limit for size in sizes]


def test_a_line_longer_than_a_piece_begins_no_message() -> None:
    odd = b"x" * PIECE + b"\nFrom here on\n"
    box = b"From a\nSubject: s\n\n" + odd + b"\n"
    assert len(list(split_mbox(_stream(box), limit=1 << 23))) == 1
    split = b"From a\nSubject: s\n\n" + b"x" * PIECE + b"From here on\n\n"
    assert list(split_mbox(_stream(split), limit=1 << 23)) == [split[len(b"From a\n") : -1]]


def test_a_message_has_one_id_wherever_it_lies(tmp_path: Path) -> None:
    message = b"Message-ID: <1@a>\nSubject: s\n\nbody\n"
    (tmp_path / "1.eml").write_bytes(message)
    (tmp_path / "2.eml").write_bytes(message.replace(b"\n", b"\r\n"))
    (tmp_path / "3.mbox").write_bytes(b"From a\n" + message + b"\nFrom b\nSubject: other\n\n")
    items = _read(MailSource(tmp_path))
    assert all(isinstance(item, Mail) for item in items)
    ids = [item.id for item in items if isinstance(item, Mail)]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_mail_without_a_message_id_goes_by_all_of_it() -> None:
    assert mail_id(b"Subject: one\n\n") != mail_id(b"Subject: two\n\n")
    assert mail_id(b"Message-ID: <1@a>\n\none") != mail_id(b"Message-ID: <1@a>\n\ntwo")
    assert mail_id(b"Message-ID: <1@a>\nX: 1\n\none") == mail_id(b"Message-ID: <1@a>\nX: 2\n\none")


def test_an_empty_message_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.mbox").write_bytes(b"From a\n\nFrom b\nSubject: s\n\nhi\n")
    first, second = MailSource(tmp_path / "a.mbox")
    assert isinstance(first, Failure)
    assert isinstance(second, Mail)


def test_of_a_maildir_what_has_arrived_is_read(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / ".Junk"):
        for name in ("new", "cur", "tmp"):
            (folder / name).mkdir(parents=True)
            (folder / name / "1.M1.host:2,S").write_bytes(f"Subject: {name} {folder.name}\n\n".encode())
        (folder / "dovecot.index").write_bytes(b"\1\2\3")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tmp.eml").write_bytes(b"Subject: other\n\n")
    found = [item.source for item in MailSource(tmp_path)]
    names = [f"{folder}{name}/1.M1.host:2,S:1" for folder in (".Junk/", "") for name in ("cur", "new")]
    assert found == [*names, "other/tmp.eml:1"]


def test_a_folder_called_tmp_is_no_maildir(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "a.eml").write_bytes(b"Subject: s\n\n")
    assert [item.source for item in MailSource(tmp_path)] == ["tmp/a.eml:1"]


def test_packed_mail_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.eml.gz").write_bytes(gzip.compress(b"Subject: s\n\nbody\n"))
    [item] = MailSource(tmp_path)
    assert isinstance(item, Mail)
    assert item.raw == b"Subject: s\n\nbody\n"


OUTLOOK_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100 + b"\n\nFrom a\nSubject: s\n\n"


def test_an_outlook_file_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.msg").write_bytes(OUTLOOK_FILE)
    (tmp_path / "b.msg.gz").write_bytes(gzip.compress(OUTLOOK_FILE))
    items = _read(MailSource(tmp_path))
    assert [item.raw for item in items if isinstance(item, Mail)] == [OUTLOOK_FILE, OUTLOOK_FILE]
    assert [item.source for item in items] == ["a.msg:1", "b.msg.gz:1"]
    monkeypatch.setattr("icelos.data.sources.MAIL_LIMIT", 50)
    assert all(isinstance(item, Failure) for item in MailSource(tmp_path))


# -- tables


def _database(path: Path, rows: int = 3) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE events (n INTEGER, t TEXT, b BLOB)")
        database.executemany("INSERT INTO events VALUES (?, ?, x'ff')", [(n, "t" * 50) for n in range(rows)])
    database.close()


def test_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "odd #?.sqlite"
    _database(path)
    items = _read(SqliteSource(path))
    assert [item.fields["n"] for item in items if isinstance(item, LogLine) and item.fields] == [0, 1, 2]
    assert len({item.id for item in items if isinstance(item, LogLine)}) == 3


def test_which_table_must_be_said(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    _database(path)
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE "other ""one""" (n)')
    database.close()
    with pytest.raises(InputError, match="say which table"):
        _read(SqliteSource(path))
    assert len(_read(SqliteSource(path, table="events"))) == 3
    assert _read(SqliteSource(path, table='other "one"')) == []
    with pytest.raises(InputError, match="no table 'events; DROP'"):
        _read(SqliteSource(path, table="events; DROP"))


def test_a_broken_database_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    _database(path, rows=2000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(bytes(data))
    items = _read(SqliteSource(path))
    assert isinstance(items[-1], Failure)
    assert "cannot read on" in items[-1].error
    assert len(items) > 1
    (tmp_path / "b.sqlite").write_text("no database at all, but long enough for its header to be read " * 20)
    with pytest.raises(InputError, match="not a database"):
        _read(SqliteSource(tmp_path / "b.sqlite"))


def test_rows_of_parquet_and_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "a[1].parquet"
    duckdb.sql(f"COPY (SELECT range AS n, 'NaN'::DOUBLE AS x FROM range(3)) TO '{path}' (FORMAT parquet)")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 not really")
    items = _read(ParquetSource(tmp_path))
    assert [item.fields["n"] for item in items if isinstance(item, LogLine) and item.fields] == [0, 1, 2]
    assert isinstance(items[-1], Failure)
    assert len(items) == 4
