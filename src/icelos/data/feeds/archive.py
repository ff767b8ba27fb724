"""Zip archives of feeds: their files, one after the other, with bounds; other files as they are."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from icelos.data.parse.documents import parse_documents, read_documents
from icelos.data.parse.fields import Parsed, failed
from icelos.data.parse.limits import MAX_BYTES, RATIO, RATIO_FREE
from icelos.errors import InputError

MEMBERS = 50_000
_SUFFIXES = (".json", ".xml", ".yml", ".yaml", ".csv", ".jsonl")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)


def read_archive(path: Path, *, max_bytes: int = MAX_BYTES) -> Iterator[Parsed]:
    """The documents of every file in a zip, which may unpack to `max_bytes` in all, or of a plain file."""
    name = path.name.removeprefix(".part.")
    if not is_zip(path):
        yield from read_documents(path, name=name, max_bytes=max_bytes)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                m for m in archive.infolist() if m.filename.lower().endswith(_SUFFIXES) and not m.is_dir()
            ]
            if len(members) > MEMBERS:
                raise InputError(f"more than {MEMBERS} files in an archive")
            left = max_bytes
            for member in members:
                data = _member(archive, member, left)
                left -= len(data)
                yield from parse_documents(data, name=f"{name}/{member.filename}")
    except InputError as error:
        yield failed(name, "", error)
    except _BROKEN as error:
        yield failed(name, "", f"broken archive: {error}")


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    """What an archive says of sizes is not believed: reading stops where the bound is."""
    bound = min(left, max(RATIO_FREE, RATIO * member.compress_size))
    with archive.open(member) as stream:
        data = stream.read(bound + 1)
    if len(data) > bound:
        raise InputError(f"{member.filename} unpacks to too much")
    return data
