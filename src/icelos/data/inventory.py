"""What a target is made of: components of an image, a folder or a bill of materials, and what is unreadable.

Files that a distribution's package owns are the distribution's: a Python package that Debian ships has the
owner "deb:python3-yaml", and Debian's advisories judge it, not PyPI's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import TypeVar

import msgspec

from icelos.data.parse import catalog
from icelos.data.parse.images import (
    APK_DATABASES,
    DPKG_DATABASES,
    DPKG_LISTS,
    OS_RELEASES,
    RPM_DATABASES,
    WANTED,
    Image,
    read_images,
)
from icelos.data.parse.layers import MAX_ALL_KEPT, MAX_KEPT, Kept
from icelos.data.parse.limits import read_bounded
from icelos.data.parse.ownership import apk_owners, dpkg_owners
from icelos.data.parse.packages import OsRelease, apk, dpkg, os_release
from icelos.data.parse.sbom import components as listed_components
from icelos.data.parse.sbom import read_bom
from icelos.data.reading import files_below, open_input, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.records import Component, record_id

T = TypeVar("T")
MAX_SBOM = 512 * 1024 * 1024


class Inventory(msgspec.Struct):
    """One target: `identity` is the image's digest or the document's own id, else a hash of its content."""

    target: str
    identity: str
    components: list[Component] = []
    problems: list[InputError] = []


def read_target(path: Path) -> list[Inventory]:
    """The inventories of a file or folder: one for each image in it.

    Raises InputError where it is neither an image archive nor a bill of materials in JSON, nor a root file
    system or source tree.
    """
    if path.is_dir():
        return [_from_folder(path)]
    try:
        with open_input(path) as stream:
            head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        return [_from_bom(path)] if head.startswith(b"{") else _from_archive(path)
    except IcelosError as error:
        raise InputError(error.message, source=str(path), hint=error.hint) from error
    except stream_errors() as error:
        raise InputError(f"cannot read: {error}", source=str(path)) from error


def _from_bom(path: Path) -> Inventory:
    data = read_bounded(path, MAX_SBOM).removeprefix(b"\xef\xbb\xbf")
    bom = read_bom(data)
    identity = bom.identity or record_id(data)
    inventory = Inventory(bom.name or path.name, identity)
    for item in listed_components(bom):
        place = f"{path.name}:{item.source if isinstance(item, InputError) else item.place}"
        if isinstance(item, InputError):
            inventory.problems.append(InputError(item.message, source=place))
        else:
            inventory.components.append(_component(inventory, item.purl, place, item.quote))
    return inventory


def _from_archive(path: Path) -> list[Inventory]:
    with open_input(path) as stream:
        images = read_images(stream, path.stat().st_size, path.name)
    return [_from_image(image, path) for image in images]


def _from_folder(root: Path) -> Inventory:
    """A root file system or a source tree; links are not followed."""
    if (root / "oci-layout").exists():
        raise InputError(
            "an image as a folder", source=str(root), hint=f"tar -cf image.tar -C {root} . and give image.tar"
        )
    files: dict[str, Kept] = {}
    problems: list[str] = []
    room = MAX_ALL_KEPT

    def unreadable(path: Path, error: OSError) -> None:
        problems.append(f"{path.relative_to(root)}: cannot list: {error.strerror}")

    for file in files_below(root, unreadable=unreadable):
        name = file.relative_to(root).as_posix()
        if WANTED.mark(name):
            files[name] = Kept(b"", "")
        elif WANTED.file(name) or catalog.locked(name) is not None:
            try:
                data = read_bounded(file, min(MAX_KEPT, room))
            except InputError as error:
                problems.append(f"{name}: {error.message}")
                continue
            room -= len(data)
            files[name] = Kept(data, "")
    if not files and not problems:
        raise InputError(
            "no packages found in it",
            source=str(root),
            hint="give an image archive, a root file system, a source tree with lock files, or an SBOM",
        )
    return _from_image(Image(root.resolve().name or str(root), "", files, tuple(problems)), root)


def _from_image(image: Image, path: Path) -> Inventory:
    content = record_id(*(part for name in sorted(image.files) for part in (name, image.files[name].data)))
    inventory = Inventory(image.name, image.identity or content)
    inventory.problems = [InputError(problem, source=path.name) for problem in image.problems]
    release = _release(image)
    databases = 0
    for name, kept in sorted(image.files.items()):
        if name in APK_DATABASES or name in DPKG_DATABASES or "/status.d/" in name:
            databases += 1
            _add_packages(inventory, name, kept, release)
    _add_languages(inventory, image.files)
    if any(name in RPM_DATABASES for name in image.files):
        inventory.problems.append(InputError("rpm's database is not read by this version", source=path.name))
    elif not databases and not inventory.components:
        inventory.problems.append(
            InputError("no packages found in it: nothing could be judged", source=path.name)
        )
    unread = sum(1 for name in image.files if catalog.UNREAD.search(name))
    if unread:
        inventory.problems.append(
            InputError(f"{unread} Java archives are not looked into by this version", source=path.name)
        )
    return inventory


def _add_languages(inventory: Inventory, files: Mapping[str, Kept]) -> None:
    """Packages of programming languages, with their owner where a distribution brought them."""
    readers = {name: catalog.installed(name) or catalog.locked(name) for name in sorted(files)}
    wanted = {name: reader for name, reader in readers.items() if reader is not None}
    owners = _owners(files, wanted.keys())
    for name, reader in wanted.items():
        kept = files[name]
        for item in _guarded(reader(kept.data)):
            if isinstance(item, InputError):
                place = f"{name}:{item.source}" if item.source else name
                inventory.problems.append(InputError(item.message, source=place))
                continue
            place = f"{name}:{item.line}" if item.line else name
            component = _component(inventory, item.purl, place, item.quote, kept.layer)
            inventory.components.append(msgspec.structs.replace(component, owner=owners.get(name, "")))


def _owners(files: Mapping[str, Kept], paths: Set[str]) -> dict[str, str]:
    lists = ((n, kept.data) for n, kept in files.items() if n.startswith(DPKG_LISTS))
    owners = dpkg_owners(lists, paths)
    for name in APK_DATABASES & files.keys():
        owners |= apk_owners(files[name].data, paths)
    return owners


def _release(image: Image) -> OsRelease:
    return next(
        (os_release(image.files[n].data) for n in sorted(OS_RELEASES) if n in image.files), OsRelease()
    )


def _add_packages(inventory: Inventory, name: str, kept: Kept, release: OsRelease) -> None:
    read = apk if name in APK_DATABASES else dpkg
    for item in _guarded(read(kept.data)):
        if isinstance(item, InputError):
            inventory.problems.append(InputError(item.message, source=f"{name}:{item.source}"))
        else:
            place = f"{name}:{item.line}"
            inventory.components.append(
                _component(inventory, item.purl(release), place, item.quote, kept.layer)
            )


def _guarded(items: Iterator[T | InputError]) -> Iterator[T | InputError]:
    try:
        yield from items
    except InputError as error:
        yield error


def _component(inventory: Inventory, purl: str, place: str, quote: str, layer: str = "") -> Component:
    from icelos.data.parse.purls import parse_purl

    parsed = parse_purl(purl)
    return Component(
        id=record_id("component", inventory.identity, purl), source=place, target=inventory.target, purl=purl,
        name=parsed.name, version=parsed.version or "", location=place, layer=layer, quote=quote,
        target_id=inventory.identity,
    )  # fmt: skip
