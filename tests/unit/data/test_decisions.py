"""Decisions stay: with two writers at once, and where one is killed in the middle."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from icelos.data.decisions import Basis, Decision, DecisionStore
from icelos.errors import InputError, StoreError

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from icelos.data.decisions import Decision, DecisionStore
name, number = sys.argv[2], int(sys.argv[3])
with DecisionStore(Path(sys.argv[1])) as store:
    for one in range(number):
        store.add(Decision(vulnerability=f"CVE-1-{one}", purl="pkg:pypi/x@1", label="vulnerable", reason="r",
                           by=name, made=datetime(2026, 1, 1, tzinfo=UTC)))
        print(one, flush=True)
"""


def _decision(vulnerability: str = "CVE-1-1", **changes: object) -> Decision:
    given: dict[str, object] = {
        "purl": "pkg:pypi/x@1", "label": "vulnerable", "reason": "seen", "by": "Ana",
        "made": datetime(2026, 1, 2, tzinfo=UTC), **changes,
    }  # fmt: skip
    return Decision(vulnerability=vulnerability, **given)  # type: ignore[arg-type]


def _writer(path: Path, name: str, number: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), name, str(number)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_what_was_decided_comes_back_in_its_order(tmp_path: Path) -> None:
    basis = Basis("pkg:pypi/x@1", "shop:1", "uncertain", "advisory=1")
    first = _decision(aliases=("ghsa-1",), expires=date(2027, 1, 1), bases=(basis,))
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.add(first)
        store.add(_decision("CVE-0-0"))
        store.add(first)
    with DecisionStore(tmp_path / "d.sqlite") as store:
        assert store.in_force() == [first, _decision("CVE-0-0")]
    assert first.names == {"CVE-1-1", "GHSA-1"}
    assert (tmp_path / "d.sqlite").stat().st_mode & 0o077 == 0


def test_what_is_withdrawn_stays_in_the_file(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "d.sqlite") as store:
        store.add(_decision())
        assert store.withdraw(_decision().id, "Ben") == _decision()
        assert store.in_force() == []
        with pytest.raises(InputError, match=r"no decision .* is in force"):
            store.withdraw(_decision().id, "Ben")
    with sqlite3.connect(tmp_path / "d.sqlite") as database:
        assert database.execute("SELECT count(*) FROM decisions").fetchone() == (1,)
        assert database.execute("SELECT by FROM withdrawn").fetchone() == ("Ben",)


def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "d.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match="cannot open decisions"):
        DecisionStore(tmp_path / "d.sqlite")


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [_writer(tmp_path / "d.sqlite", name, 60) for name in ("one", "two")]
    assert [writer.wait(60) for writer in writers if writer.communicate()] == [0, 0]
    with DecisionStore(tmp_path / "d.sqlite") as store:
        found = store.in_force()
    assert len(found) == len({one.id for one in found}) == 120


def test_a_writer_that_is_killed_leaves_what_it_said_was_written(tmp_path: Path) -> None:
    writer = _writer(tmp_path / "d.sqlite", "one", 1_000_000)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(40)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].splitlines()
    last = int(rest[-1]) if rest else told[-1]
    with DecisionStore(tmp_path / "d.sqlite") as store:
        found = store.in_force()
        assert last + 1 <= len(found) <= last + 2
        store.add(_decision("CVE-9-9"))
        assert len(store.in_force()) == len(found) + 1
    with sqlite3.connect(tmp_path / "d.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
