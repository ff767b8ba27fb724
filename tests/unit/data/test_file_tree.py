"""The read-only view of a folder: nothing outside of it is seen, whatever its links say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.file_tree import FileTree
from icelos.errors import InputError


@pytest.fixture
def tree(tmp_path: Path) -> FileTree:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "app/lib").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("inside")
    (root / "app/main.py").write_text("print()")
    (root / "app/lib/part.py").write_text("pass")
    for name, target in {
        "app/absolute": "/etc/passwd", "app/out": "../../../secret", "app/machine": str(tmp_path / "secret"),
        "app/self": "self", "app/ring": "ring2", "app/ring2": "ring", "library": "app/lib", "dead": "none",
        "app/up": "..",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    return FileTree(root)


def test_files_are_regular_ones(tree: FileTree) -> None:
    assert list(tree.files()) == ["app/lib/part.py", "app/main.py", "etc/passwd"]
    assert list(tree.files("*.py")) == ["app/lib/part.py", "app/main.py"]
    assert list(tree.files("app/*.py")) == ["app/main.py"]
    assert tree.config.entrypoint == ()


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("app/main.py", "app/main.py"), ("/app/./main.py", "app/main.py"), ("app/absolute", "etc/passwd"),
        ("library/part.py", "app/lib/part.py"), ("library/../main.py", "app/main.py"), ("", ""),
        ("../../etc/passwd", "etc/passwd"), ("app/up/etc/passwd", "etc/passwd"), ("app", "app"),
        ("app/out", None), ("app/machine", None), ("app/self", None), ("app/ring", None), ("dead", None),
        ("pipe", None), ("app/main.py/x", None), ("x\0y", None), ("../secret", None),
    ],
)  # fmt: skip
def test_paths_stay_inside(tree: FileTree, path: str, leads: str | None) -> None:
    assert tree.resolve(path) == leads
    assert tree.exists(path) is (leads is not None)
    assert tree.local(path) == (None if leads is None else tree.root / leads)


def test_reading(tree: FileTree) -> None:
    assert tree.read("app/absolute") == b"inside"
    assert tree.read("etc/passwd", 3) == b"ins"
    assert tree.size("app/absolute") == 6
    for path in ("app/out", "app", "", "none", "pipe", "app/machine"):
        with pytest.raises(InputError, match="no such file"):
            tree.read(path)
        with pytest.raises(InputError, match="no such file"):
            tree.size(path)


@given(path=st.text(alphabet="./\0aself", max_size=30))
def test_no_path_leads_out(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    root = tmp_path_factory.getbasetemp() / "jail"
    if not root.exists():
        (root / "a").mkdir(parents=True)
        (root / "s").symlink_to("../..")
        (root / "e").symlink_to("/")
    found = FileTree(root).local(path)
    assert found is None or found.resolve().is_relative_to(root.resolve())
