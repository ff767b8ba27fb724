"""Layers laid from the top are as layers applied from the bottom; and any archive stays in its folder."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.data.file_tree import FileTree
from icelos.data.flatten import Flattener, followed
from icelos.data.parse.tar_streams import Budget

Entries = list[tuple[str, str]]
"""Names, with "file", "folder", "link to …" or "hard to …"."""


@contextmanager
def _stream(data: bytes) -> Iterator[IO[bytes]]:
    yield io.BytesIO(data)


def _laid(images: ModuleType, root: Path, layers: list[Entries]) -> Flattener:
    flattener = Flattener(root)
    streams = []
    for number, entries in enumerate(layers):
        contents = [(name, _content(images, kind, number)) for name, kind in entries]
        streams.append((str(number), partial(_stream, images.tar(contents))))
    flattener.lay(reversed(streams), Budget(1 << 20))
    return flattener


def _content(images: ModuleType, kind: str, number: int) -> bytes | tarfile.TarInfo:
    if kind == "file":
        return str(number).encode()
    types = {
        "folder": tarfile.DIRTYPE,
        "link": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "pipe": tarfile.FIFOTYPE,
    }
    word, _, target = kind.partition(" to ")
    found = images.special(types[word], target)
    assert isinstance(found, tarfile.TarInfo)
    return found


def _applied(layers: list[Entries]) -> dict[str, bytes]:
    """The same from the bottom, as plainly as it can be said."""
    state: dict[str, bytes] = {}

    def clear(path: str, *, itself: bool = True) -> None:
        below = f"{path}/" if path else ""
        for name in [n for n in state if n.startswith(below) or (itself and n == path)]:
            del state[name]

    for number, entries in enumerate(layers):
        for name, _ in entries:
            folder, _, last = name.rpartition("/")
            if last == ".wh..wh..opq":
                clear(folder, itself=False)
            elif last.startswith(".wh."):
                clear(f"{folder}/{last[4:]}".lstrip("/"))
        for name, kind in entries:
            parts = name.split("/")
            for end in range(1, len(parts)):
                state.pop("/".join(parts[:end]), None)
            if ".wh." in name:
                continue
            if kind == "folder":
                state.pop(name, None)
            else:
                clear(name)
                state[name] = str(number).encode()
    return state


NAMES = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)


def _above(name: str) -> set[str]:
    return {name[:place] for place, character in enumerate(name) if character == "/"}


def _without_conflicts(entries: Entries) -> Entries:
    """No file of a layer is a folder of the same one: what that means nobody says."""
    found: dict[str, str] = {}
    for name, kind in entries:
        above = _above(name)
        is_folder = any(other.startswith(f"{name}/") for other in found)
        if name not in found and not any(found.get(one) == "file" for one in above) and (
            kind == "folder" or not is_folder
        ):  # fmt: skip
            found[name] = kind
    return list(found.items())


def _marked(entries: list[tuple[str, str]]) -> Entries:
    marks = []
    for name, kind in entries:
        folder, slash, last = name.rpartition("/")
        if kind == "gone":
            marks.append((f"{folder}{slash}.wh.{last}", "file"))
        elif kind == "opaque":
            marks.append((f"{name}/.wh..wh..opq", "file"))
    plain = _without_conflicts([entry for entry in entries if entry[1] in {"file", "folder"}])
    files = {name for name, kind in plain if kind == "file"}
    return [*plain, *(mark for mark in marks if not _above(mark[0]) & files)]


LAYER = st.lists(st.tuples(NAMES, st.sampled_from(["file", "file", "folder", "gone", "opaque"])), max_size=6)


@settings(max_examples=150, deadline=None)
@given(layers=st.lists(LAYER.map(_marked), max_size=4))
def test_from_the_top_is_as_from_the_bottom(images: ModuleType, layers: list[Entries]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        laid = _laid(images, Path(folder), layers)
        tree = FileTree(Path(folder), links=laid.links)
        assert {path: tree.read(path) for path in tree.files()} == _applied(layers)
        assert laid.problems == []


TARGETS = st.sampled_from(["a", "b", "../a", "/", "/b/a", "..", "../../..", "/tmp", "a/b", "."])
ANY_NAME = st.lists(st.sampled_from(["a", "b", "..", "", ".wh.a", ".wh..wh..opq"]), min_size=1, max_size=3)
ANY_KIND = st.one_of(
    st.sampled_from(["file", "folder", "pipe"]),
    TARGETS.map(lambda target: f"link to {target}"),
    TARGETS.map(lambda target: f"hard to {target}"),
)
ANY_LAYER = st.lists(st.tuples(ANY_NAME.map("/".join), ANY_KIND), max_size=8)


@settings(max_examples=150, deadline=None)
@given(layers=st.lists(ANY_LAYER, max_size=3))
def test_any_archive_stays_in_its_folder(images: ModuleType, layers: list[Entries]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "in", "root")
        root.mkdir(parents=True)
        laid = _laid(images, root, layers)
        assert [path.name for path in Path(folder).iterdir()] == ["in"]
        assert [path.name for path in root.parent.iterdir()] == ["root"]
        assert not any(path.is_symlink() for path in root.rglob("*"))
        tree = FileTree(root, links=laid.links)
        for path in tree.files():
            assert tree.resolve(path) == path


@pytest.mark.parametrize(
    ("path", "leads"),
    [("a/x", "e/x"), ("a", "a"), ("b/x/y", "c/y"), ("ring/x", None), ("up/x", "x"), ("root/x", "x")],
)
def test_links_among_folders(path: str, leads: str | None) -> None:
    links = {"a": "e", "b": "d", "d/x": "../c", "ring": "ring", "up": "../..", "root": "/"}
    assert followed(path, links) == leads
