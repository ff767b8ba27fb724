"""Opening a target as a tree of files: a folder as it is, an image laid out below a work folder, once."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from icelos.data.atomic import atomic_write
from icelos.data.file_tree import FileTree
from icelos.data.flatten import Flattener
from icelos.data.parse.image_archive import ImageArchive
from icelos.data.parse.image_folder import ImageFolder
from icelos.data.parse.manifests import ImageConfig, Manifest, image_config, read_manifests
from icelos.data.parse.tar_streams import Budget, clean_path
from icelos.data.reading import open_input, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.records import record_id

__all__ = ["FileTree", "open_tree"]

STALE = 24 * 3600
"""Seconds after which a half-written tree is taken for one that was left behind."""
_FORM = "tree-1"


class _Index(msgspec.Struct):
    """What is kept beside the files; it is written last, so that a folder with one is complete."""

    links: dict[str, str]
    config: ImageConfig
    problems: tuple[str, ...] = ()


def open_tree(target: Path, work: Path, identity: str = "") -> FileTree:
    """The files of a folder, an image archive, an OCI layout or a root file system in a tar.

    An image is laid out below `work`, in a folder named after the target's path, size and time, and what is
    complete there is used again. `identity` chooses one of several images (`Inventory.identity`); empty is
    the first. Raises InputError where the target has no files, such as a bill of materials.
    """
    if target.is_dir() and not ImageFolder.is_one(target):
        return FileTree(target)
    try:
        place = work / _key(target, identity)
        index = _index(place)
        if index is None:
            shutil.rmtree(place, ignore_errors=True)
            _lay_out(target, place, identity)
            index = _index(place)
        if index is None:
            raise InputError("cannot be laid out: the work folder does not take it")
    except IcelosError as error:
        raise InputError(error.message, source=str(target), hint=error.hint) from error
    except stream_errors() as error:
        raise InputError(f"cannot be laid out: {error}", source=str(target)) from error
    return FileTree(place / "root", links=index.links, config=index.config, problems=index.problems)


def _index(place: Path) -> _Index | None:
    """The index of a folder that is complete."""
    try:
        return msgspec.json.decode((place / "index.json").read_bytes(), type=_Index)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return None


def _key(target: Path, identity: str) -> str:
    """Names the folder: by what the system says of the file, as no digest in it can be believed unread."""
    file = target
    if target.is_dir():
        index = target / "index.json"
        file = index if index.exists() else target / "manifest.json"
    try:
        status = file.stat()
    except OSError as error:
        raise InputError(f"cannot open: {error.strerror}") from error
    return record_id(
        _FORM,
        str(target.resolve()),
        str(status.st_size),
        str(status.st_mtime_ns),
        str(status.st_ino),
        identity,
    )


def _lay_out(target: Path, place: Path, identity: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    _clear_stale(place.parent)
    part = place.with_name(f".{place.name}.{secrets.token_hex(6)}.part")
    (part / "root").mkdir(parents=True)
    try:
        index = _flattened(target, part, identity)
        with atomic_write(part / "index.json") as file:
            file.write(msgspec.json.encode(index))
        (part / "archive.tar").unlink(missing_ok=True)
        with suppress(FileExistsError, OSError):  # another process was faster: its tree is the same
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _clear_stale(work: Path) -> None:
    for left in work.glob(".*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE:
                shutil.rmtree(left, ignore_errors=True)


def _flattened(target: Path, part: Path, identity: str) -> _Index:
    flattener = Flattener(part / "root")
    with _opened(target, part) as (archive, budget):
        found = read_manifests(archive.document)
        if found is None:
            if not isinstance(archive, ImageArchive):
                raise InputError("holds no image")
            flattener.lay([("root", archive.whole)], budget)
            return _Index(flattener.links, ImageConfig(), tuple(flattener.problems))
        manifest = _chosen(found, identity)
        layers = [(name, _opener(archive, path)) for name, path in reversed(manifest.layers)]
        flattener.lay(layers, budget)
        problems = flattener.problems
        try:
            config = image_config(archive.document, manifest)
        except InputError as error:
            config, problems = ImageConfig(), [*problems, error.message]
    return _Index(flattener.links, config, tuple(problems))


def _chosen(found: list[Manifest], identity: str) -> Manifest:
    for manifest in found:
        if manifest.identity == identity or not identity:
            return manifest
    names = ", ".join(manifest.identity[:80] for manifest in found[:5])
    raise InputError(f"no image {identity[:80]!r} in it", hint=f"it has {names}")


def _opener(
    archive: ImageArchive | ImageFolder, path: str
) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return partial(archive.open, clean_path(path) or "")


@contextmanager
def _opened(target: Path, part: Path) -> Iterator[tuple[ImageArchive | ImageFolder, Budget]]:
    if target.is_dir():
        folder = ImageFolder(target)
        yield folder, Budget(folder.size())
        return
    budget = Budget(target.stat().st_size)
    with open_input(target) as stream:
        head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in {b"{", b"[", b"<"}:
        raise InputError("a document has no files", hint="give the image, root file system or source itself")
    with closing(ImageArchive(target, part / "archive.tar", budget)) as archive:
        yield archive, budget
