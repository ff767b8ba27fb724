"""Images laid out on disk: whiteouts, links and devices, hostile names, and use again."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from icelos.data import flatten
from icelos.data.tree import FileTree, open_tree
from icelos.errors import InputError


def _tree(images: ModuleType, folder: Path, *layers: object) -> FileTree:
    archive = folder / "image.tar"
    archive.write_bytes(images.docker_archive(*(images.tar(layer) for layer in layers)))
    return open_tree(archive, folder / "work")


def _files(tree: FileTree) -> dict[str, bytes]:
    return {path: tree.read(path) for path in tree.files()}


@pytest.mark.parametrize("layout", ["docker_archive", "oci_archive"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_upper_layers_win(tmp_path: Path, images: ModuleType, layout: str, pack: object) -> None:
    layers = [
        images.tar({"a": b"old", "b": b"below", "c/d": b"d"}),
        images.tar({"a": b"new", "./c/e": b"e", "c/.wh.d": b""}),
    ]
    (tmp_path / "x.tar").write_bytes(pack(getattr(images, layout)(*layers)))  # type: ignore[operator]
    tree = open_tree(tmp_path / "x.tar", tmp_path / "work")
    assert _files(tree) == {"a": b"new", "b": b"below", "c/e": b"e"}
    assert tree.problems == ()
    (place,) = (tmp_path / "work").iterdir()
    assert sorted(entry.name for entry in place.iterdir()) == ["index.json", "root"]


@pytest.mark.parametrize(
    ("above", "left"),
    [
        ({"d/.wh.a": b""}, ["d/b", "e"]),
        ({".wh.d": b""}, ["e"]),
        ({"d/.wh..wh..opq": b"", "d/c": b""}, ["d/c", "e"]),
        ({"d/c": b"", "d/.wh..wh..opq": b""}, ["d/c", "e"]),
        ({".wh..wh..opq": b"", "f": b""}, ["f"]),
        ({"d": b"now a file"}, ["d", "e"]),
        ({"e/x": b"now a folder"}, ["d/a", "d/b", "e/x"]),
        ({".wh.d": b"", "d/n": b""}, ["d/n", "e"]),
    ],
)
def test_whiteouts(tmp_path: Path, images: ModuleType, above: dict[str, bytes], left: list[str]) -> None:
    tree = _tree(images, tmp_path, {"d/a": b"", "d/b": b"", "e": b""}, above)
    assert list(tree.files()) == left
    assert tree.problems == ()


def test_links_are_followed_inside_only(tmp_path: Path, images: ModuleType) -> None:
    link, hard = tarfile.SYMTYPE, tarfile.LNKTYPE
    tree = _tree(
        images,
        tmp_path,
        {
            "etc/shadow": b"inside",
            "lib": images.special(link, "usr/lib"),
            "usr/lib/x.so": b"x",
            "abs": images.special(link, "/etc/shadow"),
            "out": images.special(link, "../../../../../../etc/hostname"),
            "same": images.special(hard, "usr/lib/x.so"),
            "twin": images.special(hard, "../../etc/hostname"),
            "gone": images.special(link, "etc/shadow"),
        },
        {"later": images.special(hard, "etc/shadow"), ".wh.gone": b"", "lib/y.so": b"y"},
    )
    assert not any(path.is_symlink() for path in tree.root.rglob("*"))
    assert tree.read("abs") == b"inside"
    assert tree.read("same") == b"x"
    assert tree.read("later") == b"inside"
    assert not tree.exists("out")
    assert not tree.exists("gone")
    assert not tree.exists("twin")
    assert tree.problems == ("twin: a hard link that leads outside of the tree",)


def test_a_hard_link_to_a_file_that_was_replaced_is_told(tmp_path: Path, images: ModuleType) -> None:
    below = [("a", b"old"), ("b", images.special(tarfile.LNKTYPE, "a"))]
    tree = _tree(images, tmp_path, below, {"a": b"new"})
    assert _files(tree) == {"a": b"new"}
    assert "which an upper layer replaced" in tree.problems[0]


def test_devices_modes_and_hostile_names(tmp_path: Path, images: ModuleType) -> None:
    setuid = tarfile.TarInfo("x")
    setuid.mode = 0o6777
    devices = {
        name: images.special(kind)
        for name, kind in {"null": tarfile.CHRTYPE, "disk": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE}.items()
    }
    long = "n" * 300
    tree = _tree(
        images, tmp_path,
        {**devices, "/absolute": b"a", "../../escaped": b"e", "x/../../y": b"y", long: b"", "su": setuid},
    )  # fmt: skip
    assert list(tree.files()) == ["absolute", "su"]
    assert (tree.root / "su").stat().st_mode & 0o7777 == 0o600
    assert not (tmp_path / "escaped").exists()
    assert len(tree.problems) == 3


def test_a_link_cannot_redirect_what_is_written_later(tmp_path: Path, images: ModuleType) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = images.special(tarfile.SYMTYPE, str(outside))
    _tree(images, tmp_path, [("d", link), ("d/evil", b"x")], [("d/evil2", b"x")])
    assert list(outside.iterdir()) == []


def test_folders_that_are_links_below(tmp_path: Path, images: ModuleType) -> None:
    link = tarfile.SYMTYPE
    tree = _tree(
        images,
        tmp_path,
        [("lib", images.special(link, "usr/lib")), ("usr/lib/old.so", b"old"), ("usr/lib/c.so", b"below")],
        {"lib/new.so": b"new", "lib/c.so": b"above", "lib/l.so": images.special(link, "new.so")},
    )
    assert _files(tree) == {"usr/lib/c.so": b"above", "usr/lib/new.so": b"new", "usr/lib/old.so": b"old"}
    assert tree.read("lib/new.so") == b"new"
    assert tree.read("lib/l.so") == b"new"
    assert tree.problems == ()


def test_a_folder_replaces_a_link(tmp_path: Path, images: ModuleType) -> None:
    below = [("d", images.special(tarfile.SYMTYPE, "e")), ("e/old", b"")]
    tree = _tree(images, tmp_path, below, [("d", images.special(tarfile.DIRTYPE)), ("d/new", b"")])
    assert list(tree.files()) == ["d/new", "e/old"]
    assert tree.exists("d/new")


def test_every_file_that_is_listed_can_be_read(tmp_path: Path, images: ModuleType) -> None:
    link = tarfile.SYMTYPE
    tree = _tree(
        images,
        tmp_path,
        [
            ("d", images.special(link, "../../e")), ("d/one", b"1"), ("x", images.special(link, "x")),
            ("x/two", b"2"),
        ],
        [("d/three", b"3"), ("y/z", images.special(link, "/")), ("y/z/four", b"4")],
    )  # fmt: skip
    files = _files(tree)
    assert files["e/one"] == b"1"
    assert files["four"] == b"4"
    assert tree.problems == ("x/two: is below a link that leads to itself",)


def test_the_last_entry_of_a_name_counts(tmp_path: Path, images: ModuleType) -> None:
    twice = [
        ("a", b"1"), ("b", images.special(tarfile.LNKTYPE, "a")), ("a", b"2"),
        ("l", images.special(tarfile.SYMTYPE, "a")), ("l", b"3"),
    ]  # fmt: skip
    assert _files(_tree(images, tmp_path, twice)) == {"a": b"2", "b": b"1", "l": b"3"}


def test_it_is_laid_out_once(tmp_path: Path, images: ModuleType) -> None:
    first = _tree(images, tmp_path, {"a": b"1"})
    (first.root / "a").write_bytes(b"marked")
    again = open_tree(tmp_path / "image.tar", tmp_path / "work")
    assert again.read("a") == b"marked"
    other = _tree(images, tmp_path, {"a": b"other"})
    assert other.read("a") == b"other"


def test_what_was_left_half_done_is_done_again(tmp_path: Path, images: ModuleType) -> None:
    first = _tree(images, tmp_path, {"a": b"1"})
    (first.root.parent / "index.json").write_bytes(b"{")
    (first.root / "a").write_bytes(b"marked")
    assert open_tree(tmp_path / "image.tar", tmp_path / "work").read("a") == b"1"


def test_the_configuration(tmp_path: Path, images: ModuleType) -> None:
    config = {
        "config": {
            "Entrypoint": ["/app"], "Cmd": ["--port", "80"], "Env": ["A=1=2", "B"], "User": "1000",
            "ExposedPorts": {"80/tcp": {}}, "WorkingDir": "/srv", "Labels": {"k": "v"},
        }
    }  # fmt: skip
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l/layer.tar"]}]
    files = {"l/layer.tar": images.tar({"a": b""}), "manifest.json": json.dumps(manifest).encode()}
    (tmp_path / "1.tar").write_bytes(images.tar({**files, "c.json": json.dumps(config).encode()}))
    found = open_tree(tmp_path / "1.tar", tmp_path / "work").config
    assert (found.entrypoint, found.cmd, found.env) == (
        ("/app",),
        ("--port", "80"),
        {"A": "1=2", "B": ""},
    )
    assert (found.exposed_ports, found.user, found.working_dir) == (("80/tcp",), "1000", "/srv")
    (tmp_path / "2.tar").write_bytes(images.tar({**files, "c.json": b"[]"}))
    broken = open_tree(tmp_path / "2.tar", tmp_path / "work")
    assert broken.exists("a")
    assert "c.json is broken" in broken.problems[0]


def test_one_of_several_images(tmp_path: Path, images: ModuleType) -> None:
    manifest = [{"Config": f"{n}.json", "Layers": [f"{n}/layer.tar"]} for n in "12"]
    files = {f"{n}/layer.tar": images.tar({n: b""}) for n in "12"} | {f"{n}.json": b"{}" for n in "12"}
    (tmp_path / "x.tar").write_bytes(images.tar({**files, "manifest.json": json.dumps(manifest).encode()}))
    assert list(open_tree(tmp_path / "x.tar", tmp_path / "work").files()) == ["1"]
    assert list(open_tree(tmp_path / "x.tar", tmp_path / "work", "2.json").files()) == ["2"]
    with pytest.raises(InputError, match=r"no image '3\.json'"):
        open_tree(tmp_path / "x.tar", tmp_path / "work", "3.json")


def test_an_oci_layout_as_a_folder(tmp_path: Path, images: ModuleType) -> None:
    data = images.oci_archive(images.tar({"a": b"1"}), images.tar({"b": b"2"}))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(tmp_path / "layout", filter="data")
    assert _files(open_tree(tmp_path / "layout", tmp_path / "work")) == {"a": b"1", "b": b"2"}


def test_a_root_file_system_and_a_folder(tmp_path: Path, images: ModuleType) -> None:
    (tmp_path / "root.tar").write_bytes(images.tar({"etc/x": b"1"}))
    assert _files(open_tree(tmp_path / "root.tar", tmp_path / "work")) == {"etc/x": b"1"}
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/f").write_bytes(b"2")
    assert _files(open_tree(tmp_path / "folder", tmp_path / "work")) == {"f": b"2"}


def test_a_broken_layer_is_a_problem_and_the_rest_is_there(tmp_path: Path, images: ModuleType) -> None:
    whole = images.tar({"a": b"x" * 5000})
    (tmp_path / "x.tar").write_bytes(
        images.docker_archive(images.tar({"b": b""}), whole[:2000], b"\x1f\x8bbroken")
    )
    tree = open_tree(tmp_path / "x.tar", tmp_path / "work")
    assert tree.exists("b")
    assert len(tree.problems) == 2


@pytest.mark.parametrize("bound", ["MAX_ENTRIES", "MAX_TREE"])
def test_a_bomb_ends_and_leaves_nothing(
    tmp_path: Path, images: ModuleType, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(flatten, bound, 3)
    with pytest.raises(InputError):
        _tree(images, tmp_path, {str(n): b"xx" for n in range(4)})
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"no archive", b"\x1f\x8bbad"])
def test_what_has_no_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError):
        open_tree(tmp_path / "x", tmp_path / "work")
    with pytest.raises(InputError, match="cannot open"):
        open_tree(tmp_path / "none", tmp_path / "work")
