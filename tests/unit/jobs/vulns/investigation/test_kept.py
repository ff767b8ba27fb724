"""Results of earlier runs hold while nothing that they rest on has changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from icelos.jobs.vulns.investigated import open_target
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.checklist import Question
from icelos.jobs.vulns.investigation.kept import KeptInvestigations, rules
from icelos.jobs.vulns.investigation.loop import Asked, investigate
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.proof import Scope
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


def test_it_holds_in_the_next_build(root: Path, make_case: MakeCase, target: Target, tmp_path: Path) -> None:
    case = make_case()
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)
    kept.put(kept.place(case, ""), investigate(case))
    shutil.copytree(root, tmp_path / "build-2" / "target")
    again = open_target(tmp_path / "build-2" / "target", tmp_path / "work")
    assert again is not None
    later = KeptInvestigations(tmp_path / "k.sqlite", again)
    component = msgspec.structs.replace(
        case.component, id="b", source="s", target="shop:2", target_id="sha256:2", layer="sha256:3"
    )
    next_case = Case(component, case.vulnerability, case.text, case.source, case.reading, again)
    found = later.get(later.place(next_case, ""))
    assert found is not None
    assert found.reused
    (tmp_path / "build-2/target/app/main.py").write_text("print(1)\n")
    changed = open_target(tmp_path / "build-2" / "target", tmp_path / "work")
    assert changed is not None
    assert KeptInvestigations(tmp_path / "k.sqlite", changed).get(later.place(next_case, "")) is None


def test_what_rests_on_every_file_is_kept_for_these_files_only(
    root: Path, make_case: MakeCase, target: Target, tmp_path: Path
) -> None:
    case = make_case()
    found = investigate(case)
    listed = Asked(Question("?", "files", {}), Observation("files", {}, "one file"), "template")
    wide = msgspec.structs.replace(found, asked=(*found.asked, listed))
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)
    kept.put(b"k", wide)
    assert kept.get(b"k") == msgspec.structs.replace(wide, reused=True, seconds=0.0)
    (root / "usr").mkdir()
    (root / "usr/data.bin").write_bytes(b"1")
    again = open_target(root, tmp_path / "work")
    assert again is not None
    assert KeptInvestigations(tmp_path / "k.sqlite", again).get(b"k") is None


def test_rules_are_part_of_it() -> None:
    assert len(rules()) == 32


@pytest.mark.parametrize("value", [b"{broken", b"{}", b"[" * 10**5])
def test_what_cannot_be_read_is_forgotten(target: Target, tmp_path: Path, value: bytes) -> None:
    kept = KeptInvestigations(tmp_path / "k.sqlite", target)
    assert kept.get(b"k") is None
    with sqlite3.connect(tmp_path / "k.sqlite") as database:
        database.execute("INSERT INTO kept VALUES (?, 0, 1, ?)", (kept._key(b"k", Scope.CODE), value))
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
