"""Rows of a log in batches: nothing is lost, doubled or out of order, wherever they are cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.logs.detect.columns import Layout, Reader
from icelos.jobs.logs.detect.reading import Batch, Read, read_batches, read_rows

LAYOUT = Layout(user="user.name", time="at", facets=("kind", "address"), source="address", latitude="lat")


def row(number: int, **other: Any) -> bytes:
    kept = {"user": {"name": f"u{number % 3}"}, "at": f"2025-01-06T08:00:{number % 60:02d}Z", "lat": number}
    return json.dumps({**kept, "kind": "k", "address": f"192.0.2.{number % 9}", **other}).encode()


LINES = st.lists(
    st.sampled_from(
        [
            row(1), row(2, user=None), row(3, at=None, user=None), row(4, kind=["a", {"b": 1}]),
            b"", b"  ", b"nothing\x00", b"{", b"\xff", b"[1]",
            b'{"Records": [{"user": {"name": "a"}}, {"at": 3}]}',
            b"<34>Oct 11 22:14:15 host su: failed", b"CEF:0|v|p|1|1|n|5|suser=ada src=192.0.2.1",
        ]
    ),
    max_size=40,
)  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three files of different kinds, broken lines in them, and one that is torn."""
    folder = tmp_path / "log"
    folder.mkdir()
    lines = [row(number) for number in range(50)]
    lines[3], lines[20:22], lines[30] = b"nothing\x00", [b"", b"{"], row(30, user=None)
    lines[40] = b'{"Records": [{"user": {"name": "a"}}, {"user": {"name": "b"}}]}'
    (folder / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    (folder / "b.csv").write_text("at,address\n" + "2025-01-06T08:00:00Z,192.0.2.1\n" * 5)
    (folder / "c.jsonl.gz").write_bytes(b"\x1f\x8b\x08 no")
    return folder


def items(batches: Iterable[Batch], reader: Reader) -> Iterator[Read | Failure]:
    """What stands in batches, one by one."""
    for batch in batches:
        failures = list(batch.failures)
        for number in range(len(batch.columns) + 1):
            while failures and failures[0][0] == number:
                yield failures.pop(0)[1]
            if number < len(batch.columns):
                yield batch.read(number, reader)
        assert not failures


def test_rows_and_failures_stand_in_their_order(log: Path) -> None:
    reader = Reader(LAYOUT)
    found = list(items(read_batches(str(log), reader), reader))
    places = [one.source for one in found]
    assert places[:5] == [f"a.jsonl:{number}" for number in range(1, 6)]
    assert [one.source for one in found if isinstance(one, Failure)] == [
        "a.jsonl:4",
        "a.jsonl:22",
        "c.jsonl.gz",
    ]
    assert "a.jsonl:21" not in places
    assert places.count("a.jsonl:41") == 2
    assert [one for one in found if isinstance(one, Read)] == list(read_rows(str(log), reader))
    assert [one.values[0] for one in found if isinstance(one, Read)][:3] == ["u0", "u1", "u2"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_any_cut_gives_the_same_rows_from_any_place(log: Path, size: int) -> None:
    reader = Reader(LAYOUT)
    whole = list(items(read_batches(str(log), reader), reader))
    for skipped in range(len(whole) + 2):
        batches = list(read_batches(str(log), reader, size=size, skipped=skipped))
        assert list(items(batches, reader)) == whole[skipped:]


@given(LINES, st.integers(1, 10), st.integers(0, 50))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_of_any_kind_between_others(tmp_path: Path, lines: list[bytes], size: int, skipped: int) -> None:
    (tmp_path / "x.log").write_bytes(b"\n".join(lines))
    reader = Reader(LAYOUT)
    whole = list(items(read_batches(str(tmp_path / "x.log"), reader), reader))
    one = list(read_batches(str(tmp_path / "x.log"), reader, size=size, skipped=skipped))
    assert list(items(one, reader)) == whole[skipped:]
    values = [item.values for item in whole[skipped:] if isinstance(item, Read)]
    again = reader.columns(values).facets
    assert np.array_equal(again, np.concatenate([again[:0], *(batch.columns.facets for batch in one)]))


def test_a_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_batches(str(tmp_path / "none"), Reader(LAYOUT)))
