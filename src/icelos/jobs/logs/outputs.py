"""Files of made-up rows: whole or absent, with FILE.meta.json, which says that they are made up."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos.data.atomic import atomic_write, is_special, remove_abandoned
from icelos.errors import InputError


def meta_path(path: Path) -> Path:
    """The side file of a file of rows."""
    return path.with_name(f"{path.name}.meta.json")


def labels_path(path: Path) -> Path:
    """The side file that says what rows of a file are of."""
    return path.with_name(f"{path.name}.labels.jsonl")


def write_meta(path: Path, meta: object) -> None:
    """The side file, whole or absent."""
    with atomic_write(meta_path(path)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n")


def check_output(path: Path) -> None:
    """Before hours of work: raises InputError where no file of rows, with its side file, can be."""
    if path.is_dir():
        raise InputError("is a folder", source=str(path), hint="name a file in it")
    if is_special(path):
        raise InputError("is no regular file", source=str(path), hint="FILE.meta.json has to stand beside it")
    above = next((folder for folder in path.absolute().parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise InputError(f"{above} is no folder", source=str(path))


@contextmanager
def open_output(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears when the block ends well; compressed, without a time stamp, for NAME.gz.

    What a run that was killed has left of it goes.
    """
    remove_abandoned(path)
    with atomic_write(path) as raw:
        if path.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=4, mtime=0) as packed:
            yield cast("IO[bytes]", packed)
