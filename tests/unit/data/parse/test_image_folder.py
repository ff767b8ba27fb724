"""Image layouts as folders: nothing outside of them is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from icelos.data.parse import image_folder
from icelos.data.parse.image_folder import ImageFolder
from icelos.errors import InputError


def test_which_folders_are_images(tmp_path: Path) -> None:
    assert not ImageFolder.is_one(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    assert not ImageFolder.is_one(tmp_path)
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc/layer.tar").write_bytes(b"")
    assert ImageFolder.is_one(tmp_path)
    (tmp_path / "oci").mkdir()
    (tmp_path / "oci/oci-layout").write_text("{}")
    assert ImageFolder.is_one(tmp_path / "oci")


def test_files_and_what_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    (root / "blobs").mkdir(parents=True)
    (root / "blobs/a").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    folder = ImageFolder(root)
    assert folder.document("blobs/a") == b"content"
    assert folder.size() == 7
    for path in ("link", "folder/secret", "../secret", "blobs", "pipe", "none", "", "a\0b"):
        assert folder.document(path) is None
        with pytest.raises(InputError), folder.open(path):
            pass
    monkeypatch.setattr(image_folder, "MAX_DOCUMENT", 3)
    assert folder.document("blobs/a") is None
