from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from icelos.errors import InputError, StoreError
from icelos.jobs.mail.delivery.quarantine import HELD, RELEASED, Held, Quarantine
from icelos.jobs.mail.judge import Judgement

Made = Callable[..., Judgement]


@pytest.fixture
def held(made: Made) -> Held:
    raw = b"From: =?utf-8?q?x?= <a@b.c>\r\nSubject: \x1b[31mred\r\n \xff\r\n\r\nlure\r\n"
    return Held(raw=raw, sender="a@b.c", recipients=("d@e.f", "g@h.i"), judgement=made(5.0, 3.0))


def test_a_mail_is_kept_as_it_came(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path / "q")
    name = quarantine.keep(held)
    (entry,) = quarantine.entries()
    assert (entry.id, entry.state, entry.sender, entry.recipients) == (
        name,
        HELD,
        "a@b.c",
        ("d@e.f", "g@h.i"),
    )
    assert quarantine.raw(entry) == held.raw
    assert (entry.verdict, entry.size, entry.symbols[0]) == (
        "alert",
        len(held.raw),
        ("sign-0", 5.0, "it shows sign 0"),
    )
    assert entry.subject.isprintable()


def test_only_its_owner_may_read_it(tmp_path: Path, held: Held) -> None:
    Quarantine(tmp_path / "q").keep(held)
    (path,) = (tmp_path / "q").glob("messages/*/*.eml")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "q").stat().st_mode & 0o777 == 0o700


def test_a_mail_that_is_sent_again_is_the_same_entry(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path)
    assert quarantine.keep(held) == quarantine.keep(held)
    other = msgspec.structs.replace(held, recipients=("d@e.f",))
    assert quarantine.keep(other) != quarantine.keep(held)
    assert len(quarantine.entries()) == 2


def test_entries_are_found_by_the_beginning_of_their_id(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path)
    name = quarantine.keep(held)
    assert quarantine.entry(name[:6]).id == name
    for wrong in ("", "zzz", "../etc", "%", name + "0"):
        with pytest.raises(InputError, match="quarantine"):
            quarantine.entry(wrong)
    while len({one.id[0] for one in quarantine.entries()}) == len(quarantine.entries()):
        held = msgspec.structs.replace(held, raw=held.raw + b"x")
        quarantine.keep(held)
    first = [one.id[0] for one in quarantine.entries()]
    with pytest.raises(InputError, match="several"):
        quarantine.entry(next(letter for letter in first if first.count(letter) > 1))


def test_states(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.keep(held)
    (entry,) = quarantine.entries()
    quarantine.mark(entry, RELEASED)
    assert quarantine.entries() == []
    assert [one.state for one in quarantine.entries(state="")] == [RELEASED]


def test_old_mail_goes_and_what_has_no_row(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.keep(held)
    stray = tmp_path / "messages" / "zz" / "zz.eml"
    stray.parent.mkdir()
    stray.write_bytes(b"from before a crash")
    os.utime(stray, (1, 1))
    assert quarantine.expire(days=1) == 0
    assert not stray.exists()
    assert quarantine.expire(days=1, now=time.time() + 2 * 86400) == 1
    assert list(tmp_path.glob("messages/*/*")) == []


def test_a_file_that_is_gone_is_told(tmp_path: Path, held: Held) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.keep(held)
    (entry,) = quarantine.entries()
    next(tmp_path.glob("messages/*/*.eml")).unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        quarantine.raw(entry)


def test_a_place_that_cannot_be_written(tmp_path: Path, held: Held) -> None:
    (tmp_path / "q").write_text("a file")
    with pytest.raises(StoreError, match="cannot keep"):
        Quarantine(tmp_path / "q").keep(held)
