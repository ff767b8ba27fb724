from __future__ import annotations

from pathlib import Path

import pytest

from icelos.errors import StoreError
from icelos.jobs.mail.delivery.outbox import Outbox, Told

MAIL = b"From: a@b.c\n\nhello\n"


def kept(folder: Path) -> list[str]:
    return sorted(str(path.parent.name) for path in folder.glob("*/*.eml"))


def test_the_last_word_counts(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.tell(Told(MAIL, spam=True))
    (path,) = tmp_path.glob("spam/*.eml")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (MAIL, 0o600)
    outbox.tell(Told(b"X-Spam-Flag: YES\n" + MAIL, spam=False))
    assert kept(tmp_path) == ["ham"]
    outbox.tell(Told(MAIL, spam=None))
    assert kept(tmp_path) == []


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, most=1)
    outbox.tell(Told(MAIL, spam=True))
    with pytest.raises(StoreError, match="too many"):
        outbox.tell(Told(MAIL + b"more", spam=True))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "spam").write_text("a file")
    with pytest.raises(StoreError, match="cannot keep"):
        Outbox(tmp_path).tell(Told(MAIL, spam=True))
