from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from icelos.data.feeds.fetch import PATIENCE, fetch
from icelos.errors import InputError, RunError, StoreError

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


def test_what_another_address_left_is_not_patched_together(server: Served, tmp_path: Path) -> None:
    """Two servers may give the same ETag to different files."""
    other = b"x" * len(BODY)
    server.files |= {"/mirror": BODY, "/a": other}
    server.etags |= {"/mirror": '"v1"', "/a": '"v1"'}
    server.script["/mirror"] = ["cut"] + ["500"] * 4
    with pytest.raises(RunError):
        fetch(f"{server.address}/mirror", tmp_path / "a", sleep=Naps())
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == other


def test_a_slice_is_not_taken_for_the_whole(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    server.script["/a"] = ["slice"]
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_rest_of_another_file_starts_afresh(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    server.script["/a"] = ["cut", "other etag"]
    fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_wrong_checksum_is_tried_again_and_then_refused(server: Served, tmp_path: Path) -> None:
    target = tmp_path / "a"
    right = f"sha-256=:{b64encode(sha256(BODY).digest()).decode()}:"
    server.files["/a"], server.digests["/a"] = BODY, f"sha-512=:AAAA:, {right}"
    fetch(f"{server.address}/a", target)
    server.files["/a"] = BODY[:-1] + b"?"
    with pytest.raises(RunError, match="has not the checksum"):
        fetch(f"{server.address}/a", target, sleep=Naps())
    assert target.read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_was_damaged_here_is_fetched_whole(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.etags["/a"] = BODY, '"one"'
    known, _ = fetch(f"{server.address}/a", tmp_path / "a")
    (tmp_path / "a").write_bytes(BODY[:-1] + b"?")
    fetch(f"{server.address}/a", tmp_path / "a", known=known)
    assert (tmp_path / "a").read_bytes() == BODY


def test_a_date_will_do_where_there_is_no_etag(server: Served, tmp_path: Path) -> None:
    server.files["/a"], server.dates["/a"] = BODY, "Mon, 02 Nov 2026 10:00:00 GMT"
    known, _ = fetch(f"{server.address}/a", tmp_path / "a")
    assert fetch(f"{server.address}/a", tmp_path / "a", known=known)[1] is False
    assert server.asked[-1][1]["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "value", ["soon", "-5", "1e9", "\u00b2", "9" * 400, "Fri, 31 Dec 99999 23:59:59 GMT"]
)
def test_an_odd_retry_after_is_no_crash(server: Served, tmp_path: Path, value: str) -> None:
    server.files["/a"] = BODY
    server.script["/a"] = [f"429 {value}"]
    naps = Naps()
    fetch(f"{server.address}/a", tmp_path / "a", sleep=naps)
    assert 0 < naps[0] <= PATIENCE


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/a", "http://[::1"])
def test_an_address_that_is_none_is_refused_at_once(tmp_path: Path, address: str) -> None:
    naps = Naps()
    with pytest.raises(RunError, match="cannot fetch"):
        fetch(address, tmp_path / "a", sleep=naps)
    assert naps == []


def test_redirects_in_a_circle_end(server: Served, tmp_path: Path) -> None:
    server.files["/a"] = b""
    server.script["/a"] = ["redirect /a"] * 100
    with pytest.raises(RunError, match="redirect"):
        fetch(f"{server.address}/a", tmp_path / "a", sleep=Naps())


def test_a_disk_that_cannot_be_written_is_one_clear_error(server: Served, tmp_path: Path) -> None:
    server.files["/a"] = BODY
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot write"):
        fetch(f"{server.address}/a", tmp_path / "file" / "a")


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
