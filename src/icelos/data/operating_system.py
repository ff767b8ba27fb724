"""What operating system a target runs on, by its configuration or by packages of a distribution.

An os-release counts where its ID is a Linux distribution's: FreeBSD and MSYS2 have one too.
"""

from __future__ import annotations

from collections.abc import Iterable

from icelos.data.parse.images import APK_DATABASES, DPKG_DATABASES, OS_RELEASES, Image
from icelos.data.parse.packages import os_release
from icelos.data.parse.purls import DISTRIBUTIONS, parse_purl
from icelos.records import Component, System

LINUX = "linux"
_SYSTEMS = {LINUX: LINUX, "windows": "windows", "darwin": "macos"}
"""GOOS, in which images name their system, and the names used here."""
_DISTRIBUTIONS = frozenset(DISTRIBUTIONS) | {
    "amzn", "arch", "azurelinux", "bottlerocket", "centos", "clear-linux-os", "fedora", "flatcar", "gentoo",
    "kali", "linuxmint", "mariner", "nixos", "ol", "openeuler", "opensuse-leap", "opensuse-tumbleweed",
    "oracle", "raspbian", "rhcos", "sled", "void",
}  # fmt: skip
"""IDs in os-release (https://www.freedesktop.org/software/systemd/man/os-release.html) that are Linux."""


def system_of_image(image: Image) -> System | None:
    """By the configuration, else a package database or os-release in it; None where nothing is certain."""
    if image.config is not None and image.config.system:
        name = _SYSTEMS.get(image.config.system)
        return System(name, f"os: {image.config.system}", "image configuration") if name else None
    for path in sorted((APK_DATABASES | DPKG_DATABASES) & image.files.keys()):
        return System(LINUX, "a Linux distribution's package database", path)
    for path in sorted(OS_RELEASES & image.files.keys()):
        name = os_release(image.files[path].data).id
        if name in _DISTRIBUTIONS:
            return System(LINUX, f"ID={name}", path)
    return None


def system_of_packages(components: Iterable[Component]) -> System | None:
    """By the first package of a Linux distribution among the components; None where there is none."""
    return next(filter(None, map(system_of_package, components)), None)


def system_of_package(component: Component) -> System | None:
    """Linux where the component itself is a package of a Linux distribution; AIX has rpm too."""
    parsed = parse_purl(component.purl)
    namespace = (parsed.namespace or "").lower()
    if parsed.type in {"deb", "apk", "alpine"} or (parsed.type == "rpm" and namespace in _DISTRIBUTIONS):
        return System(LINUX, component.quote or component.purl, component.location or component.source)
    return None
