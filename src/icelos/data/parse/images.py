"""Container images in one tar file: docker-archive, OCI layout, or a bare root file system.

One pass over the stream: small JSON files are held, layers are looked into as they go by, everything
else is passed over. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import io
from typing import IO, cast

import msgspec

from icelos.data.parse import catalog
from icelos.data.parse.image_folder import ImageFolder
from icelos.data.parse.layers import Kept, Layer, Wanted, merged, read_layer, take
from icelos.data.parse.manifests import Documents, ImageConfig, Manifest, image_config, read_manifests
from icelos.data.parse.tar_streams import Budget, Member, clean_path, members, plain_stream
from icelos.errors import InputError

APK_DATABASES = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})
DPKG_DATABASES = frozenset({"var/lib/dpkg/status"})
DPKG_FOLDERS = frozenset({"var/lib/dpkg/status.d"})
_RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm")
RPM_DATABASES = frozenset(f"{folder}/rpmdb.sqlite" for folder in _RPM_FOLDERS)
RPM_JOURNALS = frozenset(f"{name}-wal" for name in RPM_DATABASES)
RPM_UNREAD = frozenset(f"{folder}/{name}" for folder in _RPM_FOLDERS for name in ("Packages", "Packages.db"))
OS_RELEASES = frozenset({"etc/os-release", "usr/lib/os-release"})
DPKG_LISTS = "var/lib/dpkg/info/"
"""Below it, PACKAGE.list names the files that a package owns."""


def _is_named(path: str) -> bool:
    return catalog.installed(path) is not None or (path.startswith(DPKG_LISTS) and path.endswith(".list"))


WANTED = Wanted(
    APK_DATABASES | DPKG_DATABASES | RPM_DATABASES | RPM_JOURNALS | OS_RELEASES,
    DPKG_FOLDERS,
    RPM_UNREAD,
    _is_named,
    inspects=True,
)
MAX_JSON = 8 * 1024 * 1024
MAX_JSON_FILES = 10_000


class Image(msgspec.Struct, frozen=True):
    """One image: a name for people, its own identity, the wanted files, and what could not be read.

    `config` says how a container of it is started; None where this is no image, or its configuration is not
    to be had.
    """

    name: str
    identity: str
    files: dict[str, Kept]
    problems: tuple[str, ...]
    config: ImageConfig | None = None


class _Archive:
    """What one pass over the outer tar found."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.layers: dict[str, Layer] = {}
        self.broken: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.root = Layer()


def read_images(stream: IO[bytes], size: int, name: str) -> list[Image]:
    """The images of a tar stream, gzip and zstd undone. `size` is that of the file on disk, for the bounds.

    Raises InputError for what is no archive, or a hostile one.
    """
    budget = Budget(size)
    archive = _Archive()
    for member in members(plain_stream(stream, budget), budget):
        _sort(archive, member, budget)
    found = read_manifests(archive.documents.get)
    if found is None:
        return [_root_image(archive, name)]
    return [_image(archive, manifest, archive.documents.get) for manifest in found]


def read_layout(folder: ImageFolder) -> list[Image]:
    """The images of an OCI layout, or of an unpacked docker-archive, as a folder. Raises InputError."""
    found = read_manifests(folder.document)
    if found is None:
        raise InputError("neither index.json nor manifest.json is in it")
    archive = _Archive()
    budget = Budget(folder.size())
    for path in dict.fromkeys(path for manifest in found for _, path in manifest.layers):
        try:
            with folder.open(path) as stream:
                archive.layers[path] = read_layer(plain_stream(stream, budget), WANTED, budget)
        except InputError as error:
            archive.broken[path] = error.message
    return [_image(archive, manifest, folder.document) for manifest in found]


def _sort(archive: _Archive, member: Member, budget: Budget) -> None:
    """Put one entry of the outer tar where it belongs; it may be a file of a bare root as well."""
    archive.root.entries += 1
    if member.path is None:
        archive.root.outside.append(member.info.name[:200])
        return
    if member.info.issym() or member.info.islnk():
        folder = member.path.rpartition("/")[0] if member.info.issym() else ""
        archive.links[member.path] = link_target(folder, member.info.linkname)
    if member.info.isreg() and is_blob(member.path):
        _read_blob(archive, member, member.path, budget)
    else:
        take(archive.root, member, member.path, WANTED, budget)


def is_blob(path: str) -> bool:
    """Names that the two layouts use: JSON at the top, layers and blobs by digest."""
    top = "/" not in path
    return (
        (top and path.endswith((".json", ".tar", ".tar.gz")))
        or path.endswith("/layer.tar")
        or path.startswith("blobs/")
    )


def _read_blob(archive: _Archive, member: Member, path: str, budget: Budget) -> None:
    content = member.open()
    if content is None:
        return
    buffered = cast("io.BufferedReader", content)
    head = buffered.peek(1)[:1]
    if head in b"{[" and member.info.size <= MAX_JSON and len(archive.documents) < MAX_JSON_FILES:
        archive.documents[path] = buffered.read(MAX_JSON)
        return
    try:
        archive.layers[path] = read_layer(plain_stream(cast("IO[bytes]", buffered), budget), WANTED, budget)
    except InputError as error:
        archive.broken[path] = error.message


def link_target(folder: str, target: str) -> str:
    """A link's target as a name inside the archive; nothing on this machine is looked at."""
    parts = [] if target.startswith("/") else [part for part in folder.split("/") if part]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _image(archive: _Archive, manifest: Manifest, documents: Documents) -> Image:
    found: list[tuple[str, Layer]] = []
    problems: list[str] = []
    for layer_name, path in manifest.layers:
        place = clean_path(path) or ""
        for _ in range(4):
            place = archive.links.get(place, place)
        if place in archive.layers:
            found.append((layer_name, archive.layers[place]))
        else:
            problems.append(f"layer {path[:200]}: {archive.broken.get(place, 'is not in the archive')}")
    config = _config(documents, manifest, problems)
    return _finished(manifest.name, manifest.identity, found, problems, config)


def _config(documents: Documents, manifest: Manifest, problems: list[str]) -> ImageConfig | None:
    """How the image is started; None where that is not to be had, and why among the problems."""
    if not manifest.config:
        return None
    try:
        return image_config(documents, manifest)
    except InputError as error:
        problems.append(f"how it is started is not known: {error.message}")
        return None


def _root_image(archive: _Archive, name: str) -> Image:
    return _finished(name, "", [("", archive.root)], [])


def _finished(
    name: str,
    identity: str,
    layers: list[tuple[str, Layer]],
    problems: list[str],
    config: ImageConfig | None = None,
) -> Image:
    for _, layer in layers:
        problems.extend(layer.problems)
        if layer.outside:
            problems.append(
                f"{len(layer.outside)} entries lead outside of the tree and were passed over, "
                f"such as {layer.outside[0]!r}"
            )
    return Image(name, identity, merged(layers), tuple(problems), config)
