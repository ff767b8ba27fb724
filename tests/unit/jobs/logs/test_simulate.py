from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.logs import simulate as module
from icelos.jobs.logs.simulation.simulate import meta_path, simulate


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        simulate(tmp_path / name, rows=300, users=9, seed=3)
    one, two = (tmp_path / "a.jsonl.gz").read_bytes(), (tmp_path / "b.jsonl.gz").read_bytes()
    assert one == two
    simulate(tmp_path / "c.jsonl", rows=300, users=9, seed=3)
    assert (tmp_path / "c.jsonl").read_bytes() == gzip.decompress(one)
    simulate(tmp_path / "d.jsonl", rows=300, users=9, seed=4)
    assert (tmp_path / "d.jsonl").read_bytes() != (tmp_path / "c.jsonl").read_bytes()


def test_these_bytes_are_pinned_across_machines(tmp_path: Path) -> None:
    meta = simulate(tmp_path / "a.jsonl", rows=500, users=20, seed=7)
    assert meta.sha256 == "5289bb630529565a39b4496dd84a5bd8e1c893339f723cbc24b2cf9698d7638b"


def test_fewer_rows_are_the_beginning_of_more(tmp_path: Path) -> None:
    simulate(tmp_path / "few", rows=50, users=9, seed=3)
    simulate(tmp_path / "many", rows=200, users=9, seed=3)
    assert (tmp_path / "many").read_bytes().startswith((tmp_path / "few").read_bytes())


def test_the_side_file_says_that_it_is_simulated(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    simulate(path, rows=20, users=3, seed=0)
    meta = json.loads(meta_path(path).read_text())
    data = path.read_bytes()
    assert meta["simulated"] is True
    assert meta["sha256"] == hashlib.sha256(data).hexdigest()
    assert (meta["rows"], meta["bytes"]) == (data.count(b"\n"), len(data))


def test_a_run_that_breaks_off_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    simulate(path, rows=20, users=3, seed=0)
    before = path.read_bytes()

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(path, rows=5000, users=3, seed=1, progress=stop)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl.gz", "a.jsonl.gz.meta.json"]


@pytest.mark.parametrize(("rows", "users"), [(0, 5), (5, 0), (5, module.MOST_USERS + 1)])
def test_counts_out_of_range_are_refused(rows: int, users: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1 row"):
        simulate(tmp_path / "a", rows=rows, users=users, seed=0)
