"""Components out of the kept files of one image or folder: databases, metadata, lock files and who owns them.

Files that a distribution's package owns are the distribution's: a Python package that Debian ships has the
owner "deb:python3-yaml", and Debian's advisories judge it, not PyPI's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import TypeVar

import msgspec

from icelos.data.exposure import listens, runs_as_root
from icelos.data.operating_system import system_of_image
from icelos.data.parse import catalog
from icelos.data.parse.images import (
    APK_DATABASES,
    DPKG_DATABASES,
    DPKG_LISTS,
    OS_RELEASES,
    RPM_DATABASES,
    RPM_UNREAD,
    Image,
)
from icelos.data.parse.layers import Kept
from icelos.data.parse.listed import Listed, Parser
from icelos.data.parse.ownership import apk_owners, dpkg_owners
from icelos.data.parse.packages import Installed, OsRelease, apk, dpkg, os_release
from icelos.data.parse.purls import parse_purl
from icelos.data.parse.rpm_database import RpmPackage, rpm_owners, rpm_packages
from icelos.errors import InputError
from icelos.records import Component, Reported, System, record_id

T = TypeVar("T")


class Inventory(msgspec.Struct):
    """One target: `identity` is the image's digest or the document's own id, else a hash of its content.

    `reported` is what a scanner's report says, by package URL: a hint; `scanner` is who made it. `listens`
    and `root` say whether what runs in it listens on the network and is root, and `system` what it runs on;
    None where the target does not tell.
    """

    target: str
    identity: str
    components: list[Component] = []
    problems: list[InputError] = []
    reported: dict[str, tuple[Reported, ...]] = {}
    scanner: str = ""
    listens: bool | None = None
    root: bool | None = None
    system: System | None = None


def image_inventory(image: Image, file: str) -> Inventory:
    """The inventory of one image, folder or root file system; `file` names it in problems."""
    inventory = Inventory(image.name, image.identity or _content_id(image.files))
    inventory.problems = [InputError(problem, source=file) for problem in image.problems]
    if image.config is not None:
        inventory.listens = listens(image.config.exposed_ports)
        inventory.root = runs_as_root(image.config.user)
    inventory.system = system_of_image(image)
    release = _release(image)
    databases = 0
    for name, kept in sorted(image.files.items()):
        if name in APK_DATABASES or name in DPKG_DATABASES or _is_status(name):
            databases += 1
            _add_packages(inventory, name, kept, release)
    rpms = _add_rpms(inventory, image.files, release)
    _add_languages(inventory, image.files, rpms)
    unread = sorted(RPM_UNREAD & image.files.keys())
    if unread and not rpms:
        inventory.problems.append(
            InputError(
                f"{unread[0]} is rpm's database in BerkeleyDB's or ndb's form, which is not read: "
                "packages of the distribution are missing",
                source=file,
                hint="give an SBOM of the image instead, for example by syft",
            )
        )
    elif not databases and not inventory.components and not RPM_DATABASES & image.files.keys():
        inventory.problems.append(InputError("no packages found in it: nothing could be judged", source=file))
    return inventory


def _add_languages(inventory: Inventory, files: Mapping[str, Kept], rpms: list[RpmPackage]) -> None:
    """Packages of programming languages, with their owner where a distribution brought them."""
    names = sorted(name for name, kept in files.items() if kept.listed or _reader(name))
    owners = _owners(files, frozenset(names)) | rpm_owners(rpms, frozenset(names))
    for name in names:
        kept, reader = files[name], _reader(name)
        items = iter(kept.listed) if kept.listed or reader is None else _guarded(reader(kept.data))
        for item in items:
            if isinstance(item, InputError):
                if name in owners:
                    continue  # a component that is not known here is judged as the distribution's package
                place = _place(name, item.source or "", "!/" if kept.listed else ":")
                inventory.problems.append(InputError(item.message, source=place))
                continue
            place = _place(name, item.inner, "!/") if item.inner else _place(name, item.line or "", ":")
            component = component_of(inventory, item.purl, place, item.quote, kept.layer)
            inventory.components.append(msgspec.structs.replace(component, owner=owners.get(name, "")))


def _reader(name: str) -> Parser | None:
    return catalog.installed(name) or catalog.locked(name)


def _place(name: str, inner: str | int, separator: str) -> str:
    return f"{name}{separator}{inner}" if inner else name


def _content_id(files: Mapping[str, Kept]) -> str:
    """A hash of what was kept, and of what was found in what was not."""
    parts: list[str | bytes] = []
    for name, kept in sorted(files.items()):
        parts += [name, kept.data, *(item.purl for item in kept.listed if isinstance(item, Listed))]
    return record_id(*parts)


def _owners(files: Mapping[str, Kept], paths: Set[str]) -> dict[str, str]:
    lists = ((n, kept.data) for n, kept in files.items() if n.startswith(DPKG_LISTS) or _is_sums(n))
    owners = dpkg_owners(lists, paths)
    for name in APK_DATABASES & files.keys():
        owners |= apk_owners(files[name].data, paths)
    return owners


def _is_status(name: str) -> bool:
    return "/status.d/" in name and not name.endswith(".md5sums")


def _is_sums(name: str) -> bool:
    return "/status.d/" in name and name.endswith(".md5sums")


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
            _add_installed(inventory, item, name, kept.layer, release)


def _add_rpms(inventory: Inventory, files: Mapping[str, Kept], release: OsRelease) -> list[RpmPackage]:
    found: list[RpmPackage] = []
    for name in sorted(RPM_DATABASES & files.keys()):
        journal = files.get(f"{name}-wal")
        for item in _guarded(rpm_packages(files[name].data, journal.data if journal else b"")):
            if isinstance(item, InputError):
                place = f"{name}:{item.source}" if item.source else name
                inventory.problems.append(InputError(item.message, source=place))
            else:
                found.append(item)
                _add_installed(inventory, item.installed, name, files[name].layer, release)
    return found


def _add_installed(
    inventory: Inventory, package: Installed, name: str, layer: str, release: OsRelease
) -> None:
    place = f"{name}:{package.line}"
    inventory.components.append(component_of(inventory, package.purl(release), place, package.quote, layer))


def _guarded(items: Iterator[T | InputError]) -> Iterator[T | InputError]:
    try:
        yield from items
    except InputError as error:
        yield error


def component_of(inventory: Inventory, purl: str, place: str, quote: str, layer: str = "") -> Component:
    """One component of a target. Raises InputError where `purl` is no package URL."""
    parsed = parse_purl(purl)
    return Component(
        id=record_id("component", inventory.identity, purl), source=place, target=inventory.target, purl=purl,
        name=parsed.name, version=parsed.version or "", location=place, layer=layer, quote=quote,
        target_id=inventory.identity, listens=inventory.listens, root=inventory.root,
        system=inventory.system,
    )  # fmt: skip
