"""An image as a folder: an OCI layout, or an unpacked docker-archive. Links in it are not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from icelos.data.parse.tar_streams import clean_path
from icelos.data.reading import files_below
from icelos.errors import InputError

MAX_DOCUMENT = 8 * 1024 * 1024


class ImageFolder:
    """The files of a folder by their path in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def is_one(root: Path) -> bool:
        """Whether a folder is laid out as an image."""
        return (root / "oci-layout").is_file() or (
            (root / "manifest.json").is_file() and any(root.glob("*/layer.tar"))
        )

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.lstat().st_size for file in files_below(self.root, unreadable=lambda *_: None))

    def document(self, path: str) -> bytes | None:
        """A small file, None where there is none of this name or it is over 8 MiB."""
        try:
            with self.open(path) as stream:
                data = stream.read(MAX_DOCUMENT + 1)
        except InputError:
            return None
        return data if len(data) <= MAX_DOCUMENT else None

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """A regular file. Raises InputError where it is none, or a link stands on the way."""
        clean = clean_path(path)
        if not clean:
            raise InputError("leads outside of the folder")
        place = self.root
        try:
            for part in clean.split("/"):
                place = place / part
                if place.is_symlink():
                    raise InputError("is a link, and links are not followed")
            if not stat.S_ISREG(place.lstat().st_mode):
                raise InputError("is not a regular file")
            stream = os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except FileNotFoundError as error:
            raise InputError("is not in the folder") from error
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {error}") from error
        with stream:
            yield stream
