from __future__ import annotations

import stat
import threading
from pathlib import Path

from icelos.data.bounded_cache import BoundedCache


def test_values_come_back_in_another_process(tmp_path: Path) -> None:
    BoundedCache(tmp_path / "sub/c.sqlite", max_bytes=1000).put(b"k", b"value")
    other = BoundedCache(tmp_path / "sub/c.sqlite", max_bytes=1000)
    assert other.get(b"k") == b"value"
    assert other.get(b"other") is None
    other.drop(b"k")
    assert other.get(b"k") is None
    assert stat.S_IMODE((tmp_path / "sub/c.sqlite").stat().st_mode) == 0o600


def test_the_least_used_go_first(tmp_path: Path) -> None:
    cache = BoundedCache(tmp_path / "c.sqlite", max_bytes=1000)
    for number in range(10):
        cache.put(b"%d" % number, b"x" * 100)
    assert cache.get(b"0") is not None  # used now, so that it is the newest
    cache.put(b"new", b"x" * 100)
    assert cache.get(b"0") is not None
    assert cache.get(b"1") is None
    cache.put(b"large", b"x" * 126)
    assert cache.get(b"large") is None


def test_a_broken_file_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"no database" * 1000)
    cache = BoundedCache(tmp_path / "c.sqlite", max_bytes=1000)
    assert cache.get(b"k") is None
    cache.put(b"k", b"v")
    assert cache.get(b"k") == b"v"


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = BoundedCache(tmp_path / "file/c.sqlite", max_bytes=1000)
    cache.put(b"k", b"v")
    assert cache.get(b"k") is None


def test_threads_share_it(tmp_path: Path) -> None:
    cache = BoundedCache(tmp_path / "c.sqlite", max_bytes=10**6)
    threads = [threading.Thread(target=cache.put, args=(b"%d" % n, b"v%d" % n)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [cache.get(b"%d" % n) for n in range(16)] == [b"v%d" % n for n in range(16)]
    cache.close()
    assert cache.get(b"3") == b"v3"
