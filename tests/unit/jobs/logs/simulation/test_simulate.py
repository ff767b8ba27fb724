from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.logs.outputs import labels_path, meta_path
from icelos.jobs.logs.simulation import simulate as module
from icelos.jobs.logs.simulation.events import WOVEN, Event, SignIn, Stream
from icelos.jobs.logs.simulation.kinds import KINDS
from icelos.jobs.logs.simulation.life import Life
from icelos.jobs.logs.simulation.organisation import Organisation
from icelos.jobs.logs.simulation.rhythm import rhythm
from icelos.jobs.logs.simulation.shards import Plan
from icelos.jobs.logs.simulation.simulate import simulate


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
    (meta,) = simulate(tmp_path / "a.jsonl", rows=500, users=20, seed=7).values()
    assert meta.sha256 == "5f08e35d3c3e2a2c7932acca649b86601c65cc4432e00538aa57123e93e5d4ab"


def test_fewer_rows_are_the_beginning_of_more(tmp_path: Path) -> None:
    simulate(tmp_path / "few", rows=50, users=9, seed=3)
    simulate(tmp_path / "many", rows=700, users=9, seed=3)
    assert (tmp_path / "many").read_bytes().startswith((tmp_path / "few").read_bytes())


def test_the_side_file_says_that_it_is_simulated(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    simulate(path, rows=2000, users=9, seed=0)
    meta = json.loads(meta_path(path).read_text())
    data = path.read_bytes()
    assert meta["simulated"] is True
    assert meta["sha256"] == hashlib.sha256(data).hexdigest()
    assert (meta["rows"], meta["bytes"]) == (data.count(b"\n"), len(data)) == (2000, len(data))
    lines = data.splitlines()
    assert meta["dirt"]["duplicates"] == len(lines) - len(set(lines))
    assert meta["dirt"]["late"] > 0
    assert meta["dirt"]["drift_from"] > "2025-02-01"


def test_the_new_key_is_there_from_its_day_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    (meta,) = simulate(path, rows=7_000, users=1, seed=0).values()
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    for row in rows:
        drifted = row["createdDateTime"][:10] >= meta.dirt.drift_from
        assert ("isThroughGlobalSecureAccess" in row) == drifted
    assert {"isThroughGlobalSecureAccess" in row for row in rows} == {True, False}


def test_all_logs_are_of_the_same_people_at_the_same_time(tmp_path: Path) -> None:
    simulate(tmp_path / "alone.jsonl", rows=4000, users=20, seed=5, dirt=False)
    written = simulate(tmp_path / "all", rows=4000, users=20, seed=5, kind="all", dirt=False)
    assert [path.name for path in written] == [kind.file for kind in KINDS.values()]
    texts = {path.name: path.read_bytes() for path in written}
    assert texts["entra-signin.jsonl"] == (tmp_path / "alone.jsonl").read_bytes()
    signins = [json.loads(line) for line in texts["entra-signin.jsonl"].splitlines()]
    seats = {(row["userPrincipalName"], row["ipAddress"]) for row in signins}
    last = signins[-1]["createdDateTime"]
    files = [json.loads(line) for line in texts["office365.jsonl"].splitlines()]
    assert files
    assert all((row["UserId"], row["ClientIP"]) in seats for row in files)
    assert max(row["CreationTime"] for row in files) <= last
    ids = [json.loads(line)["id"] for line in texts["jira.jsonl"].splitlines()]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert texts["cef.log"].count(b"|Entra ID|") == len(signins)


class Ghost:
    """A stream beside the people's: the first one's sign-ins again, an hour later."""

    def __init__(self, organisation: Organisation) -> None:
        self._life = Life(organisation, organisation.people[0], rhythm())

    def events(self, day: int) -> Sequence[Event]:
        own = [event for event in self._life.events(day) if isinstance(event, SignIn)]
        hour = 3600 * 1_000_000
        return [replace(e, time=e.time + hour, number=e.number + WOVEN, label="ghost") for e in own]


def ghosts(organisation: Organisation) -> Sequence[Stream]:
    return [Ghost(organisation)]


def test_a_further_stream_is_woven_in_and_labelled_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    (meta,) = simulate(path, rows=1500, users=6, seed=2, dirt=False, weave=ghosts).values()
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    labels = [json.loads(line) for line in labels_path(path).read_bytes().splitlines()]
    assert meta.labelled == len(labels) > 50
    owners = {rows[label["row"] - 1]["userId"] for label in labels}
    assert len(owners) == 1
    simulate(tmp_path / "b.jsonl", rows=3000, users=6, seed=2, dirt=False)
    plain = set((tmp_path / "b.jsonl").read_bytes().splitlines())
    marked = {label["row"] for label in labels}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        assert (line in plain) == (number not in marked)
    assert b"ghost" not in path.read_bytes()


def test_a_run_that_breaks_off_leaves_the_old_files(tmp_path: Path) -> None:
    simulate(tmp_path, rows=20, users=3, seed=0, kind="all", gzipped=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "entra-signin.jsonl.gz" in before

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, rows=5000, users=3, seed=1, kind="all", gzipped=True, progress=stop)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("rows", "users"), [(0, 5), (5, 0), (5, module.MOST_USERS + 1)])
def test_counts_out_of_range_are_refused(rows: int, users: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"of .* users"):
        simulate(tmp_path / "a", rows=rows, users=users, seed=0)


def test_a_log_too_sparse_to_fill_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Plan", partial(Plan, days=3))
    with pytest.raises(InputError, match="in 3 days"):
        simulate(tmp_path / "a", rows=500, users=1, seed=0, kind="entra-audit")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"kind": "okta"}, {"rhythm": "robots"}])
def test_unknown_names_are_refused(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is called"):
        simulate(tmp_path / "a", rows=5, users=5, seed=0, **wrong)  # type: ignore[arg-type]


def test_several_logs_do_not_go_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="is a file"):
        simulate(tmp_path / "file", rows=5, users=5, seed=0, kind="all")
    assert (tmp_path / "file").read_text() == "kept"
