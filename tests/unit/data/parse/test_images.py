"""docker-archive, OCI layout and bare root, and what is wrong with some."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from types import ModuleType

import pytest

from icelos.data.parse.images import Image, read_images
from icelos.errors import InputError

APK, OS = "lib/apk/db/installed", "etc/os-release"


def _images(data: bytes) -> list[Image]:
    return read_images(io.BytesIO(data), len(data), "file.tar")


@pytest.mark.parametrize("layout", ["docker_archive", "oci_archive"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_layers_in_order(images: ModuleType, layout: str, pack: object) -> None:
    below = images.tar({APK: b"P:old\nV:1\n", OS: b"ID=alpine\n"})
    above = images.tar({APK: b"P:new\nV:1\n"})
    (image,) = _images(pack(getattr(images, layout)(below, above)))  # type: ignore[operator]
    assert image.name.startswith("app:1")
    assert image.files[APK].data == b"P:new\nV:1\n"
    assert image.files[APK].layer != image.files[OS].layer
    assert image.files[APK].layer.startswith("sha256:")
    assert image.problems == ()


def test_the_same_content_has_the_same_identity(images: ModuleType) -> None:
    layer = images.tar({APK: b"P:a\nV:1\n"})
    one, other = (_images(images.oci_archive(layer, name=name))[0] for name in ("app:1", "app:2"))
    assert one.identity == other.identity != ""


def test_a_bare_root(images: ModuleType) -> None:
    (image,) = _images(images.tar({f"./{APK}": b"P:a\nV:1\n", "usr/bin/x": b"x"}))
    assert (image.name, image.identity) == ("file.tar", "")
    assert image.files[APK].data == b"P:a\nV:1\n"


def test_linked_layers_are_found_by_name_only(images: ModuleType) -> None:
    layer = images.tar({APK: b"P:a\nV:1\n"})
    manifest = [{"Config": "none.json", "RepoTags": None, "Layers": ["2/layer.tar"]}]
    link = images.special(tarfile.SYMTYPE, "../1/layer.tar")
    archive = images.tar(
        [("1/layer.tar", layer), ("2/layer.tar", link), ("manifest.json", json.dumps(manifest).encode())]
    )
    (image,) = _images(archive)
    assert APK in image.files
    out = images.special(tarfile.SYMTYPE, "../../../../etc/passwd")
    (image,) = _images(images.tar([("2/layer.tar", out), ("manifest.json", json.dumps(manifest).encode())]))
    assert image.problems == (
        "layer 2/layer.tar: is not in the archive",
        "how it is started is not known: none.json is not in the archive",
    )


def test_a_link_to_itself_ends(images: ModuleType) -> None:
    manifest = [{"Config": "", "Layers": ["a"]}]
    link = images.special(tarfile.SYMTYPE, "a")
    (image,) = _images(images.tar([("a", link), ("manifest.json", json.dumps(manifest).encode())]))
    assert len(image.problems) == 1


def test_a_broken_layer_is_a_problem_and_the_rest_is_read(images: ModuleType) -> None:
    good = images.tar({APK: b"P:a\nV:1\n"})
    (image,) = _images(images.docker_archive(good, b"\x1f\x8bnot gzip", b"no tar" * 200))
    assert APK in image.files
    assert [problem.partition(":")[0] for problem in image.problems] == [
        "layer 1/layer.tar",
        "layer 2/layer.tar",
    ]


def test_entries_that_lead_outside_are_told(images: ModuleType) -> None:
    (image,) = _images(images.docker_archive(images.tar({"../../etc/passwd": b"x", APK: b"P:a\nV:1\n"})))
    assert "1 entries lead outside" in image.problems[0]
    assert APK in image.files


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (b"{}", "manifest.json is broken"),
        (b"[1]", "not a list of images"),
        (b'[{"Layers": 1}]', "not a list of images"),
        (b"[]", "no image"),
        (b"[" * 100_000, "manifest.json is broken"),
    ],
)
def test_a_broken_manifest(images: ModuleType, manifest: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _images(images.tar({"manifest.json": manifest}))


def test_an_index_that_names_itself_ends(images: ModuleType) -> None:
    digest = "sha256:" + "0" * 64
    index = json.dumps({"manifests": [{"digest": digest}]}).encode()
    with pytest.raises(InputError, match="no image"):
        _images(images.tar({"index.json": index, f"blobs/sha256/{'0' * 64}": index}))


@pytest.mark.parametrize(
    "data", [b"", b"no archive", b"\x1f\x8b\x08broken", b"\x28\xb5\x2f\xfdbroken", b"PK\x03\x04"]
)
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(InputError):
        _images(data)
