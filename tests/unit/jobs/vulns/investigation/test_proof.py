"""Digests of contents change with what they cover, and with nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.jobs.vulns.investigated import open_target
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.checklist import Question
from icelos.jobs.vulns.investigation.loop import Asked, investigate
from icelos.jobs.vulns.investigation.observations import Observation
from icelos.jobs.vulns.investigation.proof import Contents, Scope, scope_of, searched

MakeCase = Callable[..., Case]
PLACES = ("app/main.py:7", "feed.jsonl:1", "site-packages/kit/__init__.py:1")


def _digest(root: Path, scope: Scope) -> str:
    target = open_target(root, root.parent / "work")
    assert target is not None
    return Contents(target).digest(scope, PLACES)


def _edited(root: Path) -> None:
    file = root / "app/main.py"
    before = file.stat()
    file.write_text(file.read_text().replace("argv[1]", "argv[2]"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as one who hides an edit would


def _upgraded(root: Path) -> None:
    metadata = root / "site-packages/idle-2.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("2.0", "2.1"))


ALL = frozenset(Scope)
SEARCHED = frozenset((Scope.CODE, Scope.NAMES, Scope.ALL))


@pytest.mark.parametrize(
    ("change", "scopes"),
    [
        (_edited, ALL),
        (_upgraded, SEARCHED),
        (lambda root: (root / "app/new.py").write_text("import kit"), SEARCHED),
        (lambda root: (root / "app/settings.ini").unlink(), SEARCHED),
        (lambda root: (root / "app/settings.ini").rename(root / "app/other.ini"), SEARCHED),
        (lambda root: (root / "site-packages/kit/__init__.py").unlink(), ALL),
        (lambda root: (root / "site-packages/idle/__init__.py").write_text("def run(text): ..."), SEARCHED),
        (lambda root: (root / "Dockerfile").write_text("FROM python:3.12\nCMD python app/x.py\n"), SEARCHED),
        (lambda root: (root / "app/model.bin").write_bytes(b"1"), {Scope.NAMES, Scope.ALL}),
        (lambda root: (root / "app/link").symlink_to("main.py"), {Scope.NAMES, Scope.ALL}),
        (lambda root: os.utime(root / "app/main.py", (1, 1)), set()),
        (lambda root: (root / "site-packages/kit/__pycache__").mkdir(), set()),
    ],
)
def test_what_changes_is_noticed_where_it_matters(
    root: Path, change: Callable[[Path], object], scopes: set[Scope]
) -> None:
    before = {scope: _digest(root, scope) for scope in Scope}
    change(root)
    assert {scope for scope in Scope if _digest(root, scope) != before[scope]} == set(scopes)


def test_a_file_outside_is_absent(root: Path) -> None:
    (root.parent / "secret").write_text("s")
    target = open_target(root, root.parent / "work")
    assert target is not None
    names = ["../secret:1", "/etc/passwd:1", "app/main.py/../../../secret:2"]
    before = Contents(target).digest(Scope.FILES, names)
    (root.parent / "secret").write_text("other")
    assert Contents(target).digest(Scope.FILES, names) == before


def test_a_verdict_rests_on_what_its_tools_saw(make_case: MakeCase) -> None:
    case = make_case()
    found = investigate(case)
    assert found.conclusion.label == "vulnerable"
    assert scope_of(case, found) is Scope.FILES
    assert scope_of(make_case("`kit.load` is unsafe when `strict=False`."), found) is not Scope.FILES
    other = Asked(Question("?", "files", {}), Observation("files", {}, "one file"), "model")
    assert searched(type(found)((*found.asked, other), found.conclusion)) is Scope.ALL
    assert searched(type(found)((), found.conclusion)) is Scope.CODE
