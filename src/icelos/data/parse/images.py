"""Container images in one tar file: docker-archive, OCI layout, or a bare root file system.

One pass over the stream: small JSON files are held, layers are looked into as they go by, everything
else is passed over. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import io
from typing import IO, Any, cast

import msgspec

from icelos.data.parse import catalog
from icelos.data.parse.layers import (
    Budget,
    Kept,
    Layer,
    Member,
    Wanted,
    clean_path,
    members,
    merged,
    plain_stream,
    read_layer,
    take,
)
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
    catalog.UNREAD.search,
)
MAX_JSON = 8 * 1024 * 1024
MAX_JSON_FILES = 10_000


class Image(msgspec.Struct, frozen=True):
    """One image: a name for people, its own identity, the wanted files, and what could not be read."""

    name: str
    identity: str
    files: dict[str, Kept]
    problems: tuple[str, ...]


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
    if "manifest.json" in archive.documents:
        found = _docker_images(archive)
    elif "index.json" in archive.documents:
        found = _oci_images(archive)
    else:
        found = [_root_image(archive, name)]
    if not found:
        raise InputError("the archive holds no image")
    return found


def _sort(archive: _Archive, member: Member, budget: Budget) -> None:
    """Put one entry of the outer tar where it belongs; it may be a file of a bare root as well."""
    archive.root.entries += 1
    if member.path is None:
        archive.root.outside.append(member.info.name[:200])
        return
    if member.info.issym() or member.info.islnk():
        folder = member.path.rpartition("/")[0] if member.info.issym() else ""
        archive.links[member.path] = _resolved(folder, member.info.linkname)
    if member.info.isreg() and _is_blob(member.path):
        _read_blob(archive, member, member.path, budget)
    else:
        take(archive.root, member, member.path, WANTED, budget)


def _is_blob(path: str) -> bool:
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


def _resolved(folder: str, target: str) -> str:
    """A link's target as a name inside the archive; nothing on this machine is looked at."""
    parts = [] if target.startswith("/") else [part for part in folder.split("/") if part]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _docker_images(archive: _Archive) -> list[Image]:
    images = []
    for item in _json(archive, "manifest.json", list):
        if not isinstance(item, dict) or not isinstance(item.get("Layers"), list):
            raise InputError("manifest.json is not a list of images with Layers")
        config = str(item.get("Config") or "")
        tags = [tag for tag in item.get("RepoTags") or () if isinstance(tag, str)]
        paths = [str(path) for path in item["Layers"]]
        names = _layer_names(archive, config, paths)
        images.append(
            _image(archive, tags[0] if tags else config, config, list(zip(names, paths, strict=True)))
        )
    return images


def _layer_names(archive: _Archive, config: str, paths: list[str]) -> list[str]:
    """The digests of the layers' content where the configuration has one for each, else their paths."""
    try:
        rootfs = _json(archive, config, dict).get("rootfs")
    except InputError:
        return paths
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return [str(one) for one in found] if isinstance(found, list) and len(found) == len(paths) else paths


def _oci_images(archive: _Archive) -> list[Image]:
    images: list[Image] = []
    waiting = [(d, 0) for d in reversed(_descriptors(_json(archive, "index.json", dict)))]
    while waiting:
        descriptor, depth = waiting.pop()
        digest = str(descriptor.get("digest", ""))
        document = _json(archive, _blob_path(digest), dict)
        if isinstance(document.get("manifests"), list) and depth < 4:
            waiting.extend((d, depth + 1) for d in reversed(_descriptors(document)))
        elif isinstance(document.get("layers"), list) and not _is_attestation(descriptor):
            layers = [str(layer.get("digest", "")) for layer in document["layers"] if isinstance(layer, dict)]
            images.append(
                _image(archive, _oci_name(descriptor), digest, [(d, _blob_path(d)) for d in layers])
            )
    return images


def _descriptors(index: dict[str, Any]) -> list[dict[str, Any]]:
    found = index.get("manifests")
    return [d for d in found if isinstance(d, dict)][:1000] if isinstance(found, list) else []


def _is_attestation(descriptor: dict[str, Any]) -> bool:
    notes = descriptor.get("annotations")
    return isinstance(notes, dict) and notes.get("vnd.docker.reference.type") == "attestation-manifest"


def _oci_name(descriptor: dict[str, Any]) -> str:
    notes, platform = descriptor.get("annotations") or {}, descriptor.get("platform") or {}
    name = str(notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name") or "")
    where = "/".join(str(platform[key]) for key in ("os", "architecture") if key in platform)
    return " ".join(filter(None, (name or str(descriptor.get("digest", "")), f"({where})" if where else "")))


def _blob_path(digest: str) -> str:
    kind, _, value = digest.partition(":")
    return f"blobs/{kind}/{value}"


def _image(archive: _Archive, name: str, identity: str, layers: list[tuple[str, str]]) -> Image:
    found: list[tuple[str, Layer]] = []
    problems: list[str] = []
    for layer_name, path in layers:
        place = clean_path(path) or ""
        for _ in range(4):
            place = archive.links.get(place, place)
        if place in archive.layers:
            found.append((layer_name, archive.layers[place]))
        else:
            problems.append(f"layer {path[:200]}: {archive.broken.get(place, 'is not in the archive')}")
    return _finished(name, identity, found, problems)


def _root_image(archive: _Archive, name: str) -> Image:
    return _finished(name, "", [("", archive.root)], [])


def _finished(name: str, identity: str, layers: list[tuple[str, Layer]], problems: list[str]) -> Image:
    for _, layer in layers:
        problems.extend(layer.problems)
        if layer.outside:
            problems.append(
                f"{len(layer.outside)} entries lead outside of the tree and were passed over, "
                f"such as {layer.outside[0]!r}"
            )
    return Image(name, identity, merged(layers), tuple(problems))


def _json(archive: _Archive, path: str, kind: type[Any]) -> Any:
    if path not in archive.documents:
        raise InputError(f"{path[:200]} is not in the archive")
    try:
        return msgspec.json.decode(archive.documents[path], type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"{path[:200]} is broken: {error}") from error
