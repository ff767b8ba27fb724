"""Blobs of an archive in any order, from a plain or a packed tar."""

from __future__ import annotations

import gzip
import tarfile
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
import zstandard

from icelos.data.parse.image_archive import ImageArchive
from icelos.data.parse.tar_streams import Budget
from icelos.errors import InputError


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_blobs_in_any_order(tmp_path: Path, images: ModuleType, pack: object) -> None:
    files = [
        ("1/layer.tar", b"first" * 1000), ("2/layer.tar", images.special(tarfile.SYMTYPE, "../1/layer.tar")),
        ("3/layer.tar", b"third"), ("manifest.json", b"[]"), ("notes.json", b"no document"),
    ]  # fmt: skip
    (tmp_path / "x.tar").write_bytes(pack(images.tar(files)))  # type: ignore[operator]
    with closing(ImageArchive(tmp_path / "x.tar", tmp_path / "scratch", Budget(1 << 20))) as archive:
        for path, content in (("3/layer.tar", b"third"), ("2/layer.tar", b"first" * 1000)):
            with archive.open(path) as stream:
                assert stream.read() == content
        assert archive.document("manifest.json") == b"[]"
        assert archive.document("notes.json") is None
        with pytest.raises(InputError, match="is not in the archive"), archive.open("4/layer.tar"):
            pass
    assert (tmp_path / "scratch").exists() is (pack is not bytes)


def test_a_broken_archive(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"\x01" * 2048)
    with pytest.raises(InputError, match="broken archive"):
        ImageArchive(tmp_path / "x.tar", tmp_path / "scratch", Budget(2048))
