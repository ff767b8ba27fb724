"""Objects as records: the same as from a folder of such files, bad ones among them, from any position."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from icelos.contracts import Resumable, Source
from icelos.data.sources import JsonLinesSource, LineSource, MailSource, ParquetSource
from icelos.data.stores.object_source import ObjectSource
from icelos.errors import InputError, SettingsError, StoreError
from icelos.findings import Failure
from icelos.records import Record

ROWS = b"".join(b'{"id": "event-%06d", "n": %d}\n' % (number, number // 2) for number in range(300))
TWICE = ROWS[:4000] + ROWS[:2000] + b"\xff broken\nnot json\n"


def _mail(number: int) -> bytes:
    return b"From: a@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\nhello %d\r\n" % (number, number)


def _fill(folder: Path) -> dict[str, Any]:
    """Files of all formats below a folder, and who reads each as files."""
    files = {
        "rows/a.jsonl": ROWS, "rows/day-1/b.jsonl.gz": gzip.compress(TWICE), "rows/empty.jsonl": b"",
        "rows/day-1/c.jsonl.zst": zstandard.compress(ROWS), "rows/day/d.jsonl": TWICE,
        "rows/cut.jsonl.gz": gzip.compress(TWICE)[:-20], "rows/.e.jsonl": b'{"a": 1}\n',
        "mail/a.eml": _mail(1), "mail/b.mbox": b"".join(b"From x\n" + _mail(n) + b"\n" for n in range(5)),
        "mail/box/cur/1": _mail(7), "mail/box/new/2": _mail(8), "mail/box/tmp/3": _mail(9),
        "mail/box/dovecot.index": b"x", "mail/empty.eml": b"",
    }  # fmt: skip
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "tables").mkdir()
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE t AS SELECT range // 2 AS n, 'event-' || (range // 2) AS id FROM range(3000)"
        )
        database.execute(f"COPY t TO '{folder / 'tables/t.parquet'}' (FORMAT parquet)")
    (folder / "tables/broken.parquet").write_bytes(b"PAR1 nothing")
    return {
        "jsonl": JsonLinesSource(folder / "rows"), "lines": LineSource(folder / "rows"),
        "mail": MailSource(folder / "mail"), "parquet": ParquetSource(folder / "tables"),
    }  # fmt: skip


PREFIX = {"jsonl": "rows", "lines": "rows", "mail": "mail", "parquet": "tables"}


@pytest.fixture
def filled(s3: Any, tmp_path: Path) -> dict[str, Any]:
    """The same files in the bucket."""
    sources = _fill(tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            s3.put_object(Key=f"in/{path.relative_to(tmp_path).as_posix()}", Body=path.read_bytes())
    return sources


def _without_copies(items: list[Record | Failure]) -> list[Record | Failure]:
    """A broken Parquet file's reason names the file that was read."""
    import msgspec

    return [
        msgspec.structs.replace(one, error="Parquet")
        if isinstance(one, Failure) and "arquet" in one.error
        else one
        for one in items
    ]


@pytest.mark.parametrize("kind", PREFIX)
def test_the_same_as_from_files(s3: Any, filled: dict[str, Any], kind: str) -> None:
    expected = list(filled[kind])
    source = ObjectSource(f"s3://{s3.name}/in/{PREFIX[kind]}/", format=kind)
    assert isinstance(source, Source)
    assert _without_copies(list(source)) == _without_copies(expected)
    assert any(isinstance(item, Failure) for item in expected)
    assert len(expected) > 7


def test_a_pattern_and_one_object(s3: Any, filled: dict[str, Any], tmp_path: Path) -> None:
    days = list(ObjectSource(f"s3://{s3.name}/in/rows/day*/*.jsonl*"))
    assert days == [item for item in filled["jsonl"] if item.source.startswith("day")]
    assert list(ObjectSource(f"s3://{s3.name}/in/rows/a.jsonl")) == list(
        JsonLinesSource(tmp_path / "rows/a.jsonl")
    )
    assert len(list(ObjectSource(f"s3://{s3.name}/in/tables/t.parquet"))) == 3000


@pytest.mark.slow
@pytest.mark.parametrize("kind", PREFIX)
def test_on_from_any_position(s3: Any, filled: dict[str, Any], kind: str) -> None:
    location = f"s3://{s3.name}/in/{PREFIX[kind]}/"
    source = ObjectSource(location, format=kind)
    assert isinstance(source, Resumable)
    length = len(list(filled[kind]))
    stops = sorted({0, 1, *range(0, length, length // 7), length - 1, length})
    positions, items = {0: source.position()}, []
    for number, item in enumerate(source, 1):
        items.append(item)
        if number in stops:
            positions[number] = source.position()
    for done in stops:
        again = ObjectSource(location, format=kind)
        again.resume(positions[done])
        assert _without_copies(list(again)) == _without_copies(items[done:])


def test_back_between_two_items(s3: Any, filled: dict[str, Any]) -> None:
    source = ObjectSource(f"s3://{s3.name}/in/rows/a.jsonl")
    stream = iter(source)
    first = [next(stream) for _ in range(10)]
    position = source.position()
    second = [next(stream) for _ in range(20)]
    source.resume(position)
    assert [next(stream) for _ in range(20)] == second
    assert len(first) + len(second) + len(list(stream)) == 300
    source.resume(position)
    assert list(itertools.islice(source, 20)) == second
    assert len(list(source)) == 290


def test_an_object_that_changed_is_read_again(s3: Any) -> None:
    s3.put_object(Key="a.jsonl", Body=ROWS)
    source = ObjectSource(f"s3://{s3.name}/a.jsonl")
    _ = list(itertools.islice(source, 100))
    s3.put_object(Key="a.jsonl", Body=ROWS + b"{}\n")
    again = ObjectSource(f"s3://{s3.name}/a.jsonl")
    again.resume(source.position())
    assert len(list(again)) == 301


@pytest.mark.slow
def test_one_bad_object_costs_itself(s3: Any) -> None:
    big = b"".join(b'{"n": %d}\n' % number for number in range(600_000))
    s3.put_object(Key="a.jsonl", Body=ROWS)
    s3.put_object(Key="b.jsonl", Body=ROWS, StorageClass="GLACIER")
    s3.put_object(Key="c.jsonl", Body=ROWS)
    s3.put_object(Key="d.jsonl", Body=big)
    s3.put_object(Key="e.jsonl", Body=ROWS)
    items: list[Record | Failure] = []
    for item in ObjectSource(f"s3://{s3.name}/"):
        items.append(item)
        if item.source == "a.jsonl:300":
            s3.Object("c.jsonl").delete()
        if item.source == "d.jsonl:1":
            s3.put_object(Key="d.jsonl", Body=big + b"{}\n")
    failed = {item.source: item.error for item in items if isinstance(item, Failure)}
    assert failed.keys() == {"b.jsonl", "c.jsonl", "d.jsonl"}
    assert "access denied" in failed["b.jsonl"]
    assert "gone" in failed["c.jsonl"]
    assert "changed" in failed["d.jsonl"]
    assert sum(item.source.startswith("e.jsonl") for item in items) == 300


@pytest.mark.slow
def test_memory_does_not_grow_with_an_object(s3: Any) -> None:
    s3.put_object(Key="a.log.gz", Body=gzip.compress(b"0123456789abcdef" * 64 * 1024 * 64 + b"\n", 1))
    s3.put_object(Key="b.log.gz", Body=gzip.compress((b"x" * 999 + b"\n") * 100_000, 1))
    s3.put_object(Key="c.log", Body=(b"x" * 999 + b"\n") * 50_000)
    source = ObjectSource(f"s3://{s3.name}/", format="lines")
    tracemalloc.start()
    try:
        assert sum(1 for _ in source) == 150_001
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_the_server_gone_in_the_middle(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    for key in "ab":
        s3.put_object(Key=f"{key}.jsonl", Body=ROWS)
    source = ObjectSource(f"s3://{s3.name}/", endpoint=endpoint)
    stream = iter(source)
    items = [next(stream) for _ in range(300)]
    position = source.position()
    server.stop()
    with pytest.raises(StoreError, match="does not answer"):
        next(stream)
    again = ObjectSource(f"s3://{s3.name}/")
    again.resume(position)
    items += list(again)
    assert [item.source for item in items] == [f"{key}.jsonl:{n}" for key in "ab" for n in range(1, 301)]


@pytest.mark.parametrize(
    ("location", "options", "error"),
    [
        ("s3://bucket/a", {"format": "exe"}, InputError),
        ("s3://bucket/a", {"anonymous": "perhaps"}, SettingsError),
        ("sftp://bucket/a", {}, SettingsError),
    ],
)
def test_what_is_refused(location: str, options: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        ObjectSource(location, **options)


def test_no_position_and_no_object(s3: Any) -> None:
    source = ObjectSource(f"s3://{s3.name}/*.jsonl")
    with pytest.raises(InputError, match="not a position"):
        source.resume(b"\xff")
    s3.put_object(Key="a.log", Body=b"")
    with pytest.raises(InputError, match="no object matches"):
        list(source)
