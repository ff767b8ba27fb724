"""Results of earlier runs hold while nothing that they rest on has changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from icelos.jobs.vulns.investigated import open_target
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.kept import KeptInvestigations, identity, rules
from icelos.jobs.vulns.investigation.loop import investigate
from icelos.jobs.vulns.investigation.target import Target

MakeCase = Callable[..., Case]


def test_a_result_comes_back_free_of_charge(make_case: MakeCase, target: Target, tmp_path: Path) -> None:
    case = make_case()
    found = investigate(case)
    KeptInvestigations(tmp_path / "k.sqlite", target).put(b"k", found)
    back = KeptInvestigations(tmp_path / "k.sqlite", target).get(b"k")
    assert back == msgspec.structs.replace(found, reused=True, seconds=0.0)


def test_a_case_is_told_from_every_other(make_case: MakeCase, target: Target, tmp_path: Path) -> None:
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)
    cases = [make_case(), make_case("other text"), make_case(name="idle")]
    places = {kept.place(case, model) for case in cases for model in ("", "m", "n")}
    assert len(places) == 9
    assert kept.place(make_case(), "m") in places


def _edited(root: Path) -> None:
    file = root / "app/main.py"
    before = file.stat()
    file.write_text(file.read_text().replace("argv[1]", "argv[2]"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as one who hides an edit would


@pytest.mark.parametrize(
    "change",
    [
        _edited,
        lambda root: (root / "app/new.py").write_text(""),
        lambda root: (root / "app/settings.ini").unlink(),
        lambda root: (root / "app/link").symlink_to("main.py"),
        lambda root: (root / "app/settings.ini").rename(root / "app/other.ini"),
        lambda root: (root / "empty").mkdir(),
    ],
)
def test_any_change_of_files_is_another_target(
    target: Target, root: Path, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    again = open_target(root, tmp_path / "work")
    assert again is not None
    assert identity(again) == identity(target)
    before = identity(target)
    change(root)
    assert identity(target) != before


def test_rules_are_part_of_it() -> None:
    assert len(rules()) == 32


@pytest.mark.parametrize("value", [b"{broken", b"{}", b"[" * 10**5])
def test_what_cannot_be_read_is_forgotten(target: Target, tmp_path: Path, value: bytes) -> None:
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)
    assert kept.get(b"k") is None
    with sqlite3.connect(tmp_path / "k.sqlite") as database:
        database.execute("INSERT INTO kept VALUES (?, 0, 1, ?)", (b"k", value))
    assert kept.get(b"k") is None
    with sqlite3.connect(tmp_path / "k.sqlite") as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_it_is_bounded(make_case: MakeCase, target: Target, tmp_path: Path) -> None:
    found = investigate(make_case())
    size = len(msgspec.json.encode(found))
    kept = KeptInvestigations(tmp_path / "k.sqlite", target, max_bytes=size * 10)
    for number in range(40):
        kept.put(b"%d" % number, found)
    assert kept.get(b"0") is None
    assert kept.get(b"39") is not None
