"""Shards and partitions: every record in one of them, the same one everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.sources import LineSource
from icelos.engine.partitions import partition_of
from icelos.engine.shards import Chain, Shard, ShardSource, parse_shard
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import LogLine


@given(st.text(), st.integers(1, 1000))
def test_a_partition_follows_from_the_key_alone(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(str(key), partitions)


def test_partitions_stay_what_they_are() -> None:
    """They are part of states that are stored."""
    assert [partition_of(key, 16) for key in ("alice", "bob", "", "\ud800")] == [9, 2, 4, 8]


def test_partitions_are_about_even() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of(f"user{number}", 8)] += 1
    assert min(counts) > 850


@given(st.lists(st.text(max_size=3), max_size=40), st.integers(1, 5))
def test_shards_share_everything_once(texts: list[str], of: int) -> None:
    items: list[LogLine | Failure] = [
        LogLine(id=f"{n}{text}", source="s", text=text) for n, text in enumerate(texts)
    ]
    items += [Failure(record_id=str(n), job="", error="e", source="s") for n in range(5)]
    parts = [list(ShardSource(items, Shard(number, of))) for number in range(1, of + 1)]
    together = [item for part in parts for item in part if item is not None]
    assert len(together) == len(items)
    assert set(map(id, together)) == set(map(id, items))
    keyed = [
        list(ShardSource(items, Shard(n, of), lambda r: partition_of(r.id, 64))) for n in range(1, of + 1)
    ]
    assert sum(map(len, keyed)) == len(items)


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3", "1/9999999"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no shard"):
        parse_shard(text)


def test_shards_are_written_as_they_are_read() -> None:
    assert str(parse_shard("2/8")) == "2/8"


def test_sources_behind_each_other_go_on(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(f"{name}1\n{name}2\n")

    def chain() -> Chain:
        return Chain([LineSource(tmp_path / name) for name in "abc"])

    whole = [item for item in chain() if item is not None]
    for at in range(len(whole) + 1):
        first, second = chain(), chain()
        items = iter(first)
        before = [item for _, item in zip(range(at), items, strict=False)]
        second.resume(first.position() or b"")
        assert before + list(second) == whole
    with pytest.raises(InputError, match="no position"):
        chain().resume(b"nothing")
    assert Chain([LineSource("-")]).position() is None
