"""What is looked into, and that nothing is read in vain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icelos.data.parse import looking
from icelos.data.parse.listed import Listed
from icelos.data.parse.looking import HEAD, packages_in
from icelos.errors import InputError

GO = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0") + b"\x08go1.20.3" + b"\0"


def _fail(_: int) -> bytes:
    raise AssertionError("was read")


def _never() -> Iterator[bytes]:
    return map(_fail, [0])


def test_other_files_are_not_read() -> None:
    assert packages_in("a.txt", 9999, b"text" * 16, _never()) == ()
    assert packages_in("a.jar", 3, b"PK", _never()) == ()


def test_executables_and_archives_are() -> None:
    (found,) = packages_in("x", 200, b"\x7fELF".ljust(HEAD, b"\0"), iter([GO]))
    assert isinstance(found, Listed)
    assert found.purl == "pkg:golang/stdlib@1.20.3"
    (broken,) = packages_in("x.jar", 200, b"PK".ljust(HEAD, b"\0"), iter([]))
    assert isinstance(broken, InputError)


def test_over_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MAX_INSPECTED", 100)
    head = b"\x7fELF".ljust(HEAD, b"\0")
    assert packages_in("x", 200, head, iter([b"\0" * 100])) == ()
    for path, rest in (("x", [b"\0\xff Go", b" buildinf:\0"]), ("x", [b".dep-v0"]), ("x.jar", [])):
        with pytest.raises(InputError, match="not looked into"):
            packages_in(path, 200, head, iter(rest))
