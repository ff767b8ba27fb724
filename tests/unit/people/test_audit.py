"""The audit log: one chain from many writers, whole after a kill, and no edit goes unseen."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from icelos.contracts import Principal
from icelos.errors import InputError, StoreError
from icelos.people.audit import Audit, verified, verify
from icelos.people.chain import COLUMNS, NOTHING, Link, hash_of
from icelos.people.roles import Signed

ANN = Signed("ann", how="password", address="192.0.2.7", user="ann")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite"


def fill(path: Path, entries: int) -> None:
    with Audit(path) as log:
        for number in range(entries):
            log.record(ANN, "search", f"s{number}", query="failed sign-ins é", shown=["c1", f"c{number}"])


def test_an_entry_says_who_did_what(path: Path) -> None:
    with Audit(path) as log:
        log.record(ANN, "finding", "f1", action="as a detail", how="too", shown=("a", "b"), times={2, 1})
        log.record(Principal("root"), "ask", question="what is it?")
        log.refused("eve", "session.refused", how="password", address="198.51.100.1")
        refused, asked, shown, begun = log.entries()
    assert (shown.actor, shown.how, shown.address, shown.subject) == ("ann", "password", "192.0.2.7", "f1")
    assert shown.details == {"action": "as a detail", "how": "too", "shown": ["a", "b"], "times": [1, 2]}
    assert (asked.how, asked.details["question"]) == ("command line", "what is it?")
    assert (refused.actor, refused.action) == ("eve", "session.refused")
    assert (begun.number, begun.action) == (1, "audit.begin")
    assert verify(path).problems == ()


def test_actions_are_found_with_those_below_them(path: Path) -> None:
    with Audit(path) as log:
        for action in ("token.create", "tokens", "token", "ask"):
            log.record(ANN, action)
        assert [one.action for one in log.entries(action="token")] == ["token", "token.create"]
        assert log.entries(actor="bob") == []
        last, *_ = log.entries(limit=1)
        assert [one.action for one in log.entries(before=last.number, limit=1)] == ["token"]
        assert [one.number for one in log.oldest_first()] == [1, 2, 3, 4, 5]


def test_a_change_that_fails_is_recorded_as_such(path: Path) -> None:
    def change(log: Audit) -> None:
        with log.doing(ANN, "user.add", "bob", role="admin"):
            raise InputError("no")

    with Audit(path) as log:
        with pytest.raises(InputError):
            change(log)
        assert [one.action for one in log.entries(limit=2)] == ["user.add.failed", "user.add"]


def test_texts_are_storable_and_bounded(path: Path) -> None:
    with Audit(path) as log:
        log.record(ANN, "ask", "\udcff", question="x" * 100_000, odd={"\udcff": "\udcff"})
        (entry,) = log.entries(limit=1)
    assert len(entry.details["question"]) < 11_000
    assert entry.details["question"].endswith("[cut: 100,000 characters]")
    assert verify(path).problems == ()


def test_many_threads_write_one_chain(path: Path) -> None:
    with Audit(path) as log:
        threads = [
            threading.Thread(target=lambda: [log.record(ANN, "search") for _ in range(50)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify(path) == verify(path, verify(path).head)
    assert verify(path).entries == 401


WRITER = """
import sys
from pathlib import Path
from icelos.contracts import Principal
from icelos.people.audit import Audit
with Audit(Path(sys.argv[1])) as log:
    for number in range(int(sys.argv[2])):
        log.record(Principal(sys.argv[3]), "search", str(number))
        print(number, flush=True)
"""


def writer(path: Path, entries: int, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(path), str(entries), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": _source()})


def _source() -> str:
    import icelos

    return str(Path(icelos.__file__).parents[1])


def test_many_processes_write_one_chain_and_one_key(path: Path) -> None:
    processes = [writer(path, 60, f"p{number}") for number in range(4)]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    found = verify(path)
    assert (found.entries, found.problems) == (241, ())


def test_a_kill_loses_nothing_that_was_recorded(path: Path) -> None:
    for round_ in range(3):
        process = writer(path, 100_000, f"p{round_}")
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        told += process.communicate(timeout=60)[0].splitlines()
        with Audit(path) as log:
            kept = {one.subject for one in log.entries(actor=f"p{round_}", limit=100_000)}
        assert {line.strip().decode() for line in told if line.endswith(b"\n") or line.isdigit()} <= kept
        assert verify(path).problems == ()


# ---- what an attacker does


def edited(path: Path) -> sqlite3.Connection:
    """The log as somebody opens it who may write the file: nothing holds them back."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("DROP TRIGGER no_change; DROP TRIGGER no_removal;")
    return database


def links(database: sqlite3.Connection) -> list[Link]:
    return [Link(*row) for row in database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number")]


def put(database: sqlite3.Connection, chain: list[Link]) -> None:
    database.execute("DELETE FROM entries")
    database.executemany(f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", chain)


def changed(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text) + 1)
    if place == len(text):
        return text + rng.choice("0ax ")
    other = rng.choice([c for c in '0123456789abcdef{} "é' if c != text[place]])
    return text[:place] + other + text[place + 1 :]


def change_a_byte(database: sqlite3.Connection, rng: random.Random) -> None:
    chain = links(database)
    number = rng.randrange(len(chain))
    column = rng.randrange(len(Link._fields))
    value: int | str = chain[number][column]
    other: Any = value + rng.choice((-(10**6), 10**6)) if isinstance(value, int) else changed(value, rng)
    columns = [*chain[number][:column], other, *chain[number][column + 1 :]]
    chain[number] = Link(*columns)
    put(database, chain)


def delete(database: sqlite3.Connection, rng: random.Random) -> None:
    chain = links(database)
    del chain[rng.randrange(len(chain))]
    put(database, chain)


def swap(database: sqlite3.Connection, rng: random.Random) -> None:
    chain = links(database)
    one, other = rng.sample(range(len(chain)), 2)
    chain[one], chain[other] = (
        chain[other]._replace(number=chain[one].number),
        chain[one]._replace(number=chain[other].number),
    )
    put(database, chain)


def reorder(database: sqlite3.Connection, rng: random.Random) -> None:
    """Other contents in the order of numbers, and the chain made anew over them."""
    chain = links(database)
    begin = rng.randrange(1, len(chain) - 2)
    chain[begin], chain[begin + 1] = chain[begin + 1], chain[begin]
    put(database, rechained(chain))


def insert(database: sqlite3.Connection, rng: random.Random) -> None:
    chain = links(database)
    place = rng.randrange(len(chain) + 1)
    chain.insert(place, chain[rng.randrange(len(chain))]._replace(subject=f"forged {rng.random()}"))
    put(database, rechained(chain) if rng.random() < 0.5 else [
        one._replace(number=number) for number, one in enumerate(chain, 1)
    ])  # fmt: skip


def rewrite(database: sqlite3.Connection, rng: random.Random) -> None:
    """One entry changed, and all hashes behind it made anew; the head, too, which cannot be signed."""
    chain = links(database)
    number = rng.randrange(len(chain))
    chain[number] = chain[number]._replace(actor=f"somebody else {rng.random()}")
    chain = rechained(chain)
    put(database, chain)
    if rng.random() < 0.5:
        database.execute("UPDATE head SET number = ?, hash = ?", (chain[-1].number, chain[-1].hash))


def truncate(database: sqlite3.Connection, rng: random.Random) -> None:
    chain = links(database)
    del chain[-rng.randrange(1, len(chain)) :]
    put(database, chain)
    if rng.random() < 0.5:
        database.execute("UPDATE head SET number = ?, hash = ?", (chain[-1].number, chain[-1].hash))


def change_the_head(database: sqlite3.Connection, rng: random.Random) -> None:
    column = rng.choice(("number", "hash", "signature", "row"))
    if column == "row":
        database.execute("DELETE FROM head")
    elif column == "number":
        database.execute("UPDATE head SET number = number + ?", (rng.choice((-1, 1, 1000)),))
    else:
        (value,) = database.execute(f"SELECT {column} FROM head").fetchone()
        database.execute(f"UPDATE head SET {column} = ?", (changed(value, rng),))


def rechained(chain: list[Link]) -> list[Link]:
    made, previous = [], NOTHING
    for number, one in enumerate(chain, 1):
        content = one._replace(number=number, previous=previous)[:-1]
        made.append(Link(*content, hash_of(content)))
        previous = made[-1].hash
    return made


EDITS: tuple[Callable[[sqlite3.Connection, random.Random], None], ...] = (
    change_a_byte, change_a_byte, delete, swap, reorder, insert, rewrite, truncate, change_the_head,
)  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A log of 30 entries, to copy for each edit."""
    folder = tmp_path / "kept"
    folder.mkdir()
    fill(folder / "audit.sqlite", 29)
    return folder


def test_every_one_of_a_thousand_edits_is_seen(kept: Path) -> None:
    rng = random.Random(8)
    with closing(edited(kept / "audit.sqlite")) as whole:
        for number in range(1000):
            edit = EDITS[number % len(EDITS)]
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
                whole.backup(database)
                assert verified(database, kept / "audit.key").problems == ()
                database.execute("COMMIT")
                edit(database, rng)
                assert verified(database, kept / "audit.key").problems, (number, edit.__name__)


def test_nothing_is_written_behind_an_end_that_was_changed(kept: Path) -> None:
    path = kept / "audit.sqlite"
    with Audit(path) as log:
        with closing(edited(path)) as database:
            truncate(database, random.Random(1))
        with pytest.raises(StoreError, match="changed from outside"):
            log.record(ANN, "search")
    assert verify(path).problems


def test_changes_are_held_off_where_they_are_a_mistake(kept: Path) -> None:
    with closing(sqlite3.connect(kept / "audit.sqlite")) as database:
        for statement in ("UPDATE entries SET actor = 'x'", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="only appended to"):
                database.execute(statement)


def test_a_log_that_was_put_back_is_seen_by_a_head_noted_elsewhere(kept: Path, tmp_path: Path) -> None:
    path = kept / "audit.sqlite"
    shutil.copytree(kept, tmp_path / "before")
    fill(path, 5)
    noted = verify(path).head
    assert verify(path, noted).problems == ()
    fill(path, 5)
    assert verify(path, noted).problems == ()
    shutil.copyfile(tmp_path / "before" / "audit.sqlite", path)
    assert verify(path).problems == ()  # whole in itself: the key and the file are of one moment
    assert "noted" in verify(path, noted).problems[0]


def test_a_log_that_was_removed_begins_anew_and_says_so(kept: Path) -> None:
    path = kept / "audit.sqlite"
    path.unlink()
    fill(path, 3)
    assert "begins anew" in verify(path).problems[0]


def test_without_its_key_nothing_is_written(kept: Path) -> None:
    (kept / "audit.key").unlink()
    with pytest.raises(StoreError, match="key of the audit log"):
        Audit(kept / "audit.sqlite")
    assert "key of the audit log" in verify(kept / "audit.sqlite").problems[-1]


def test_a_kill_at_the_very_beginning_is_no_change(kept: Path) -> None:
    """The key gets its name last: a kill before that leaves it under its first name."""
    (kept / "audit.key").rename(kept / "audit.key.new")
    fill(kept / "audit.sqlite", 1)
    assert verify(kept / "audit.sqlite").problems == ()


def test_the_files_are_their_owners(kept: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in kept.iterdir()} == {0o600}


def test_no_log_is_one_clear_error(path: Path) -> None:
    with pytest.raises(StoreError, match="cannot read the audit log"):
        verify(path)
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreError, match=r"audit\.sqlite"):
        Audit(path)
