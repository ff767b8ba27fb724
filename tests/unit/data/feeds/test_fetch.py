from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from icelos.data.feeds.fetch import PATIENCE, fetch
from icelos.errors import InputError, RunError

if TYPE_CHECKING:
    from tests.unit.data.feeds.conftest import Served

BODY = b"0123456789" * 5000


class Naps(list[float]):
    """Sleeps that only are written down."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_file_and_its_provenance(server: Served, tmp_path: Path) -> None:
    server.files["/a.json"], server.etags["/a.json"] = BODY, '"one"'
    target = tmp_path / "feeds" / "a.json"
    found, changed = fetch(f"{server.address}/a.json", target)
    assert changed
    assert target.read_bytes() == BODY
    assert (found.size, found.etag) == (len(BODY), '"one"')
    assert [path.name for path in target.parent.iterdir()] == ["a.json"]


def test_what_has_not_changed_is_not_sent_again(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    target = tmp_path / "a"
    first, _ = fetch(f"{server.address}/a", target)
    second, changed = fetch(f"{server.address}/a", target, known=first)
    assert not changed
    assert second.fetched == first.fetched
    assert server.asked[-1][1]["if-none-match"] == '"one"'
    server.files["/a"], server.etags["/a"] = b"new", '"two"'
    third, changed = fetch(f"{server.address}/a", target, known=second)
    assert changed
    assert target.read_bytes() == b"new"
    assert third.etag == '"two"'


def test_the_same_bytes_under_a_new_etag_are_no_change(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    first, _ = fetch(f"{server.address}/a", tmp_path / "a")
    server.etags["/a"] = '"two"'
    assert fetch(f"{server.address}/a", tmp_path / "a", known=first)[1] is False


def test_a_lost_file_is_fetched_whole(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    known, _ = fetch(f"{server.address}/a", tmp_path / "a")
    (tmp_path / "a").unlink()
    fetch(f"{server.address}/a", tmp_path / "a", known=known)
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_cut_body_is_resumed_where_it_broke(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    server.script["/a"] = ["cut"]
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == BODY
    resumed = server.asked[1][1]
    assert resumed["range"] == f"bytes={len(BODY) // 2}-"
    assert resumed["if-range"] == '"one"'


def test_a_file_that_changed_meanwhile_is_not_patched_together(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    server.script["/a"] = ["cut"]

    def publish(seconds: float) -> None:
        server.files["/a"], server.etags["/a"] = b"x" * 60_000, '"two"'

    fetch(f"{server.address}/a", tmp_path / "a", sleep=publish)
    assert (tmp_path / "a").read_bytes() == b"x" * 60_000


def test_a_wrong_range_starts_afresh(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    server.script["/a"] = ["cut", "wrong range"]
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == BODY


def test_without_an_etag_nothing_is_resumed(server: Served, tmp_path: Path) -> None:
    server.files["/a"] = BODY
    server.script["/a"] = ["cut"]
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == BODY
    assert "range" not in server.asked[1][1]


def test_retry_after_is_kept_and_bounded(server: Served, tmp_path: Path) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.files["/a"] = BODY
    server.script["/a"] = ["429 7", f"429 {later}", "429 86400", "500"]
    naps = Naps()
    fetch(f"{server.address}/a", tmp_path / "a", sleep=naps)
    assert naps[0] == 7
    assert 25 < naps[1] <= 30
    assert naps[2] == PATIENCE
    assert 0 < naps[3] <= 12
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_server_that_stays_broken_leaves_the_old_in_force(server: Served, tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    server.files["/a"] = BODY
    server.script["/a"] = ["500"] * 9
    with pytest.raises(RunError, match="answers 500"):
        fetch(f"{server.address}/a", target, sleep=Naps())
    assert target.read_bytes() == b"old"


def test_refusals_are_not_tried_again(server: Served, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="404"):
        fetch(f"{server.address}/none", tmp_path / "a", sleep=Naps())
    assert len(server.asked) == 1


def test_a_check_that_refuses_leaves_the_old_in_force(server: Served, tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    server.files["/a"] = BODY

    def check(path: Path) -> None:
        raise InputError(f"{path.stat().st_size} bytes of nonsense")

    with pytest.raises(InputError, match="50000 bytes of nonsense"):
        fetch(f"{server.address}/a", target, check=check)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_size_is_bounded(server: Served, tmp_path: Path) -> None:
    server.files["/a"] = BODY
    with pytest.raises(InputError, match="larger than"):
        fetch(f"{server.address}/a", tmp_path / "a", limit=1000)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_answer_is_not_a_file(server: Served, tmp_path: Path) -> None:
    server.files["/a"] = b""
    with pytest.raises(RunError, match="empty"):
        fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot fetch"):
        fetch("http://127.0.0.1:9/a", tmp_path / "a", sleep=Naps())


def test_redirects_are_followed(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.files["/b"] = b"", BODY
    server.script["/a"] = ["redirect /b"]
    fetch(f"{server.address}/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
