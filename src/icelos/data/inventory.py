"""What a target is made of: components of an image or of a bill of materials, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from icelos.data.parse.images import (
    APK_DATABASES,
    DPKG_DATABASES,
    OS_RELEASES,
    RPM_DATABASES,
    Image,
    read_images,
)
from icelos.data.parse.layers import Kept
from icelos.data.parse.limits import read_bounded
from icelos.data.parse.packages import Installed, OsRelease, apk, dpkg, os_release
from icelos.data.parse.sbom import components as listed_components
from icelos.data.parse.sbom import read_bom
from icelos.data.reading import open_input, stream_errors
from icelos.errors import IcelosError, InputError
from icelos.records import Component, record_id

MAX_SBOM = 512 * 1024 * 1024


class Inventory(msgspec.Struct):
    """One target: `identity` is the image's digest or the document's own id, else a hash of its content."""

    target: str
    identity: str
    components: list[Component] = []
    problems: list[InputError] = []


def read_target(path: Path) -> list[Inventory]:
    """The inventories of a file: one for each image in it.

    Raises InputError where it is neither an image archive nor a bill of materials in JSON.
    """
    if path.is_dir():
        raise InputError("is a folder", source=str(path), hint="give an image archive (.tar) or an SBOM")
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
    if any(name in RPM_DATABASES for name in image.files):
        inventory.problems.append(InputError("rpm's database is not read by this version", source=path.name))
    elif not databases:
        inventory.problems.append(
            InputError("no package database of apk or dpkg in it: nothing could be judged", source=path.name)
        )
    return inventory


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


def _guarded(items: Iterator[Installed | InputError]) -> Iterator[Installed | InputError]:
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
    )  # fmt: skip
