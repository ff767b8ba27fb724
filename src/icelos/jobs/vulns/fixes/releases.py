"""What one release of a Python package changed against another, by their archives; nothing of them is run."""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import msgspec

from icelos.errors import InputError
from icelos.jobs.vulns.fixes.units import changed, units
from icelos.jobs.vulns.investigation.definitions import Kind, read_definitions

MAX_FILE = 8 * 1024 * 1024
MAX_ALL = 1024 * 1024 * 1024
MAX_FILES = 50_000
_COMPILED = frozenset(".c .cc .cpp .cxx .h .hpp .pyx .pxd .pxi .rs .go".split())
_RENDERED = frozenset(".html .htm .jinja .jinja2 .j2 .mako .tpl .js".split())
_ASIDE = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|benchmarks?)/|^(?:tools|scripts|ci|\.\w+)/"
    r"|(?:^|/)[^/]*\.(?:dist-info|egg-info|data)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_tests?|conftest|setup|versioneer|_?version|__version__|__about__)\.py$",
    re.IGNORECASE,
)
"""What is no part of what runs: tests, documents, builds."""


class Changes(msgspec.Struct, frozen=True):
    """`symbols` are parts of the older release that the newer has otherwise; `files` is other source.

    A symbol begins with the folder of its file, which may stand above the package ("src.yaml.loader.Loader").
    """

    symbols: tuple[str, ...]
    files: tuple[str, ...]


def changes(older: Path, newer: Path) -> Changes:
    """What differs between two archives (wheel, zip, tar) of a package's source.

    Raises InputError for an archive that cannot be read or is larger than the bounds of this module.
    """
    old, new = _read(older), _read(newer)
    symbols: list[str] = []
    files: list[str] = []
    for name, content in old.items():
        other = new.get(name)
        if other == content:
            continue
        if name.endswith(".py"):
            symbols += _changed(name, content, other)
        elif not _is_generated(name, old):
            files.append(name)
    return Changes(tuple(symbols), tuple(files))


def _changed(name: str, content: bytes, other: bytes | None) -> list[str]:
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    try:
        return changed(units(content, module), units(other or b"", module))
    except ValueError:
        return changed(_blocks(content, module), _blocks(other or b"", module))


def _blocks(content: bytes, module: str) -> Mapping[str, str]:
    """Functions of source that this Python cannot parse (Python 2's print, say), by their text."""
    text = content.decode("utf-8", "replace")
    lines = text.splitlines()
    found: dict[str, str] = {}
    for one in read_definitions(module, "", text):
        if one.kind is Kind.FUNCTION:
            first = lines[one.line - 1]
            depth = len(first) - len(first.lstrip())
            rows = [first.strip()]
            for row in lines[one.line : one.line + 2000]:
                if row.strip() and len(row) - len(row.lstrip()) <= depth:
                    break
                if row.strip() and not row.lstrip().startswith("#"):
                    rows.append(row.strip())
            found[one.symbol] = "\n".join(rows)
    return found


def _is_generated(name: str, files: Mapping[str, bytes]) -> bool:
    """Whether it is C that Cython wrote out of a source beside it."""
    stem, _, suffix = name.rpartition(".")
    return suffix in {"c", "cpp", "h"} and any(f"{stem}.{one}" in files for one in ("py", "pyx"))


def _read(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    size = 0
    try:
        for name, content in _members(path):
            size += len(content)
            if size > MAX_ALL or len(found) >= MAX_FILES:
                raise InputError("an archive that is larger than any package", source=path.name)
            found[name] = content
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise InputError(f"no archive that can be read: {error}", source=path.name) from error
    return found


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix in {".whl", ".zip", ".egg"}:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir() and info.file_size <= MAX_FILE and (name := _wanted(info.filename)):
                    with archive.open(info) as stream:
                        yield name, stream.read(MAX_FILE)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            inside = member.name.partition("/")[2]
            if member.isreg() and member.size <= MAX_FILE and (name := _wanted(inside)):
                content = archive.extractfile(member)
                if content is not None:
                    yield name, content.read(MAX_FILE)


def _wanted(name: str) -> str:
    """The name by which two releases' files are compared, "" for what is no source of the package."""
    path = PurePosixPath(name)
    if ".." in path.parts or _ASIDE.search(name):
        return ""
    return name if path.suffix == ".py" or path.suffix in _COMPILED | _RENDERED else ""
