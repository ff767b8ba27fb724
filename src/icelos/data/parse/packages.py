"""What a distribution's package databases say is installed: apk, dpkg, and os-release beside them.

Formats: https://wiki.alpinelinux.org/wiki/Apk_spec (one letter a field), deb-control(5) with dpkg's
Status, and os-release(5). A stanza that cannot be read is an InputError in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from packageurl import PackageURL

from icelos.errors import InputError

MAX_STANZAS = 200_000
MAX_FIELD = 4096
_NAMESPACES = {"rhel": "redhat"}
"""Namespaces of package URLs are vendors; most are named as os-release names the distribution."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One installed package. `quote` is the database's own line, `line` counts from 1.

    For rpm, `line` is the header's number in the database and `source` the name of the source rpm.
    """

    kind: str
    name: str
    version: str
    line: int
    quote: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    epoch: int = 0

    def purl(self, release: OsRelease) -> str:
        """Its package URL as Syft writes it: source package in `upstream`, release in `distro`."""
        epoch = str(self.epoch) if self.epoch else ""
        qualifiers = {"arch": self.architecture, "distro": release.name, "upstream": self._upstream()}
        qualifiers["epoch"] = epoch
        return PackageURL(
            self.kind,
            _NAMESPACES.get(release.id, release.id) or {"apk": "alpine", "deb": "debian"}.get(self.kind),
            self.name,
            self.version,
            {key: value for key, value in qualifiers.items() if value},
        ).to_string()

    def _upstream(self) -> str:
        if self.source_version and self.source_version != self.version:
            return f"{self.source or self.name}@{self.source_version}"
        return self.source if self.source != self.name else ""


class OsRelease(msgspec.Struct, frozen=True):
    """The distribution: ("alpine", "3.10.4"); empty where os-release does not say."""

    id: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """ "alpine-3.10.4"."""
        return f"{self.id}-{self.version}" if self.id and self.version else self.id


_ASSIGNMENT = re.compile(r"""^(ID|VERSION_ID)=["']?([A-Za-z0-9._~+-]{1,64})["']?\s*$""", re.MULTILINE)


def os_release(data: bytes) -> OsRelease:
    """ID and VERSION_ID; unknown parts are empty."""
    found = dict(_ASSIGNMENT.findall(data[:65536].decode("utf-8", "replace")))
    return OsRelease(found.get("ID", "").lower(), found.get("VERSION_ID", ""))


def apk(data: bytes) -> Iterator[Installed | InputError]:
    """The packages of lib/apk/db/installed."""
    for start, lines in _stanzas(data):
        fields: dict[str, tuple[int, str]] = {}
        for offset, line in enumerate(lines):
            if line[1:2] == ":" and line[0] in "PVAo" and line[0] not in fields:
                fields[line[0]] = (start + offset, line[2:].strip())
        try:
            yield _apk(fields, lines, start)
        except InputError as error:
            yield error


def _apk(fields: dict[str, tuple[int, str]], lines: list[str], start: int) -> Installed:
    line, name = fields.get("P", (start, ""))
    version = fields.get("V", (start, ""))[1]
    _check(name, version, r"[A-Za-z0-9._+@-]+", start, lines)
    return Installed(
        kind="apk", name=name, version=version, line=line, quote=f"P:{name} V:{version}",
        architecture=fields.get("A", (0, ""))[1], source=fields.get("o", (0, ""))[1],
    )  # fmt: skip


def dpkg(data: bytes) -> Iterator[Installed | InputError]:
    """The packages of var/lib/dpkg/status, or of one file of status.d, that are there now."""
    for start, lines in _stanzas(data):
        fields: dict[str, tuple[int, str]] = {}
        for offset, line in enumerate(lines):
            key, colon, value = line.partition(":")
            if colon and not line[0].isspace() and key.lower() in _DPKG_FIELDS:
                fields.setdefault(key.lower(), (start + offset, value.strip()))
        if _is_removed(fields.get("status", (0, ""))[1]):
            continue
        try:
            yield _dpkg(fields, lines, start)
        except InputError as error:
            yield error


_DPKG_FIELDS = frozenset({"package", "version", "status", "source", "architecture"})


def _is_removed(status: str) -> bool:
    """dpkg keeps packages whose files are gone (config-files, not-installed); status.d has no Status."""
    return bool(status) and status.split()[-1] in {"config-files", "not-installed"}


def _dpkg(fields: dict[str, tuple[int, str]], lines: list[str], start: int) -> Installed:
    line, name = fields.get("package", (start, ""))
    version = fields.get("version", (start, ""))[1]
    _check(name, version, r"[A-Za-z0-9][A-Za-z0-9.+-]*", start, lines)
    source, _, bracketed = fields.get("source", (0, ""))[1].partition("(")
    return Installed(
        kind="deb", name=name, version=version, line=line, quote=f"Package: {name} Version: {version}",
        architecture=fields.get("architecture", (0, ""))[1], source=source.strip(),
        source_version=bracketed.rstrip(" )"),
    )  # fmt: skip


def _check(name: str, version: str, pattern: str, start: int, lines: list[str]) -> None:
    missing = "name" if not name else "version" if not version else ""
    if missing:
        raise InputError(f"a package without {missing}: {lines[0][:80]!r}", source=str(start))
    if len(name) > 256 or len(version) > 256 or not re.fullmatch(pattern, name) or re.search(r"\s", version):
        raise InputError(f"not a package: {name[:80]!r} {version[:80]!r}", source=str(start))


def _stanzas(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines between empty ones, each with the number of its first line; long lines are cut."""
    lines: list[str] = []
    start, stanzas = 1, 0
    for number, raw in enumerate([*data.split(b"\n"), b""], 1):
        if raw.strip():
            if not lines:
                start = number
            lines.append(raw[:MAX_FIELD].decode("utf-8", "replace"))
        elif lines:
            stanzas += 1
            if stanzas > MAX_STANZAS:
                raise InputError(f"more than {MAX_STANZAS:,} packages", source=str(start))
            yield start, lines
            lines = []
