"""What is known of fixed releases: by package and version, which code they changed.

Bundled for the advisories of the Python Packaging Authority's database, made by `icelos vulns fixes`; a
workspace's own (fixes.jsonl) come on top. A fixed release is compared with the last release before it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from icelos.data.atomic import atomic_write
from icelos.data.workspace import Workspace
from icelos.errors import InputError, StoreError

BUNDLED = Path(__file__).with_name("pypi.jsonl.gz")
MAX_SYMBOLS = 300
"""Changed parts above which a release is too large a step to tell where its fix is."""
MAX_LINE = 1024 * 1024
MAX_ALL = 256 * 1024 * 1024


class Fix(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fixed release. `parts` is how many parts it changed; where that is too many, `symbols` is empty.

    `symbols` are dotted names in `before`, with the folders above the package; `files` source that is not
    Python.
    """

    package: str
    after: str
    before: str
    parts: int
    symbols: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Fixes:
    """Fixed releases by package."""

    def __init__(self, fixes: Iterable[Fix]) -> None:
        self._by_package: dict[str, dict[Version, Fix]] = {}
        for one in fixes:
            self._by_package.setdefault(one.package, {})[Version(one.after)] = one

    def of(self, package: str, version: str) -> Fix | None:
        """The fix that a version brought, None where it is not known."""
        try:
            return self._by_package.get(canonicalize_name(package), {}).get(Version(version))
        except InvalidVersion:
            return None

    def __len__(self) -> int:
        return sum(map(len, self._by_package.values()))


def known_fixes(workspace: Workspace) -> Fixes:
    """The bundled ones and the workspace's own. Raises InputError where its file is broken."""
    own = workspace.fixes
    return Fixes((*bundled_fixes(), *(read_fixes(own) if own.exists() else ())))


def write_fixes(path: Path, fixes: Iterable[Fix]) -> None:
    """A file of JSON lines in a stable order, packed where its name ends so; whole or not at all."""
    found = {(one.package, one.after): one for one in fixes}
    data = b"".join(msgspec.json.encode(found[key]) + b"\n" for key in sorted(found))
    try:
        with atomic_write(path) as stream:
            stream.write(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror or error}", source=str(path)) from error


@cache
def bundled_fixes() -> tuple[Fix, ...]:
    """Those that come with this package."""
    return tuple(read_fixes(BUNDLED)) if BUNDLED.exists() else ()


def read_fixes(path: Path) -> Iterator[Fix]:
    """The fixes of a file of JSON lines, packed by gzip or not. Raises InputError."""
    size = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            while line := stream.readline(MAX_LINE):
                size += len(line)
                if size > MAX_ALL:
                    raise InputError("larger than any list of fixes", source=str(path))
                if line.strip():
                    found = msgspec.json.decode(line, type=Fix)
                    Version(found.after)
                    yield found
    except (OSError, EOFError, msgspec.DecodeError, InvalidVersion) as error:
        hint = "make it anew by `icelos vulns fixes`"
        raise InputError(f"no list of fixes: {error}", source=str(path), hint=hint) from error


def common(fixes: Sequence[Fix], to: Fix) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Symbols and files that the fixed releases of all branches changed, by their names in one of them.

    A fix is in all of its branches; what only one of them changed came with it by chance.
    """
    symbols = [one for one in to.symbols if all(_has(other.symbols, one) for other in fixes)]
    files = [one for one in to.files if all(one in other.files for other in fixes)]
    return tuple(symbols or to.symbols), tuple(files)


def _has(symbols: Iterable[str], wanted: str) -> bool:
    return any(one == wanted or _tail(one) == _tail(wanted) for one in symbols)


_ABOVE = re.compile(r"^(?:src|lib\d?|python\d?)\.")


def _tail(symbol: str) -> str:
    return _ABOVE.sub("", symbol)
