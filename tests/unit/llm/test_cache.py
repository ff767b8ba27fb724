"""Replies are found again by everything they depend on; a broken cache never breaks a call."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from icelos.contracts import Message, Reply, Tool, Usage
from icelos.llm.cache import ReplyCache, key
from icelos.llm.fence import fence

SETTING = {"endpoint": "http://h/v1", "model": "m", "temperature": 0.0}
ASK = [Message("user", "What is T1110?")]
REPLY = Reply("Brute force.", data={"a": [1]}, usage=Usage(7, 3, 1.5, 0.2), model="m")


def test_reply_comes_back_marked_and_free(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "sub" / "replies.sqlite", max_bytes=10**6)
    assert cache.get(b"k") is None
    cache.put(b"k", REPLY)
    cache.close()
    found = ReplyCache(tmp_path / "sub" / "replies.sqlite", max_bytes=10**6).get(b"k")
    assert found is not None
    assert (found.text, found.data, found.cached) == (REPLY.text, REPLY.data, True)
    assert found.usage == Usage(7, 3, 0.0, 0.0)


def test_key_depends_on_everything() -> None:
    tool = Tool("t", "d", {"type": "object"})
    keys = [
        key(SETTING, ASK),
        key({**SETTING, "model": "n"}, ASK),
        key({**SETTING, "temperature": 0.1}, ASK),
        key(SETTING, [*ASK, Message("user", "")]),
        key(SETTING, [Message("system", "What is T1110?")]),
        key(SETTING, ASK, [tool]),
        key(SETTING, ASK, (), {"type": "object"}),
    ]
    assert len(set(keys)) == len(keys)
    assert key(dict(reversed(SETTING.items())), list(ASK)) == keys[0]


def test_random_delimiters_are_no_part_of_the_key() -> None:
    one, other = ([Message("user", fence("text", "kb:1") + " why?")] for _ in range(2))
    assert one != other
    assert key(SETTING, one) == key(SETTING, other)
    assert key(SETTING, one) != key(SETTING, [Message("user", fence("texts", "kb:1") + " why?")])


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    """Two connections, as two processes have: neither may hold a lock after its call."""
    one, other = (ReplyCache(tmp_path / "r.sqlite", max_bytes=10**6) for _ in range(2))
    for number in range(3):
        one.put(f"a{number}".encode(), REPLY)
        assert one.get(f"a{number}".encode())
        other.put(f"b{number}".encode(), REPLY)
        assert other.get(f"a{number}".encode())
        assert one.get(f"b{number}".encode())


def test_size_is_bounded_and_the_least_used_go_first(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "r.sqlite", max_bytes=100_000)
    for number in range(40):
        cache.put(str(number).encode(), Reply("x" * 5000))
        cache.get(b"0")
    kept = [number for number in range(40) if cache.get(str(number).encode())]
    assert 0 in kept
    assert kept[-1] == 39
    assert 10 <= len(kept) <= 20
    assert kept[1:] == list(range(kept[1], 40))


def test_reply_too_large_for_the_cache_is_not_kept(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "r.sqlite", max_bytes=1000)
    cache.put(b"k", Reply("x" * 500))
    assert cache.get(b"k") is None


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_broken_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(content)
    cache = ReplyCache(path, max_bytes=10**6)
    assert cache.get(b"k") is None
    cache.put(b"k", REPLY)
    found = cache.get(b"k")
    assert found is not None
    assert found.text == REPLY.text


def test_broken_reply_is_dropped(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "r.sqlite", max_bytes=10**6)
    cache.put(b"k", REPLY)
    with sqlite3.connect(tmp_path / "r.sqlite") as database:
        database.execute("UPDATE kept SET value = '{broken'")
    database.close()
    assert cache.get(b"k") is None
    assert cache.get(b"k") is None


def test_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ReplyCache(tmp_path / "file" / "r.sqlite", max_bytes=10**6)
    cache.put(b"k", REPLY)
    assert cache.get(b"k") is None


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    ReplyCache(tmp_path / "r.sqlite", max_bytes=10**6).put(b"k", REPLY)
    assert stat.S_IMODE((tmp_path / "r.sqlite").stat().st_mode) == 0o600


def test_many_threads_share_one_cache(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "r.sqlite", max_bytes=10**6)

    def one(number: int) -> bool:
        cache.put(str(number).encode(), Reply(str(number)))
        found = cache.get(str(number).encode())
        return found is not None and found.text == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(100)))
