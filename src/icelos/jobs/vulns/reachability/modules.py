"""Python modules by dotted name, found as an import would find them, and parsed only when they are loaded.

Nothing is imported or run. What cannot be parsed (Python 2, say, or a binary module) is known by name only.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

BINARY = (".so", ".pyd")


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one analysis: files parsed, bytes of one file and of all, seconds."""

    files: int = 20_000
    file_bytes: int = 4 * 1024 * 1024
    bytes: int = 256 * 1024 * 1024
    seconds: float = 60.0


class Module:
    """One loaded module. `tree` is None where its source cannot be read; `why` then says so."""

    def __init__(self, name: str, file: Path | None, *, package: bool, own: bool) -> None:
        self.name = name
        self.file = file
        self.package = package
        self.own = own
        self.tree: ast.Module | None = None
        self.why = ""

    @property
    def parent(self) -> str:
        """The package against which its relative imports are resolved."""
        return self.name if self.package else self.name.rpartition(".")[0]


class Finder:
    """Where modules are: the application's own files first, then folders of installed packages."""

    def __init__(self, application: Sequence[Path], packages: Sequence[Path], limits: Limits) -> None:
        self.limits = limits
        self.read = 0
        self.files = 0
        self._own = _own_modules(application)
        self._own_folders = {
            ".".join(parts[:depth])
            for parts in (name.split(".") for name in self._own)
            for depth in range(1, len(parts))
        } - self._own.keys()
        self._packages = [folder for folder in packages if folder.is_dir()]
        self._folders: dict[Path, frozenset[str]] = {}

    @property
    def own(self) -> Iterator[str]:
        """One dotted name for each own file: the longest, which relative imports need."""
        best: dict[Path, str] = {}
        for name, (file, _) in self._own.items():
            if len(name) > len(best.get(file, "")):
                best[file] = name
        yield from best.values()

    def find(self, name: str) -> Module | None:
        """The module of that name, not parsed yet; None where it is not in the target (the standard library)."""
        if name in self._own:
            file, package = self._own[name]
            return Module(name, file, package=package, own=True)
        if name in self._own_folders:
            return Module(name, None, package=True, own=True)
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            return None
        for root in self._packages:
            found = self._below(root, parts)
            if found is not None:
                return found
        return None

    def _below(self, root: Path, parts: list[str]) -> Module | None:
        folder = root
        for part in parts[:-1]:
            if part not in self._names(folder):
                return None
            folder = folder / part
        name, last, names = ".".join(parts), parts[-1], self._names(folder)
        if last in names:
            inner = self._names(folder / last)
            if "__init__.py" in inner:
                return Module(name, folder / last / "__init__.py", package=True, own=False)
            if any(one.endswith(".py") or "." not in one for one in inner):
                return Module(name, None, package=True, own=False)
        if f"{last}.py" in names:
            return Module(name, folder / f"{last}.py", package=False, own=False)
        if any(one.startswith(f"{last}.") and one.endswith(BINARY) for one in names):
            found = Module(name, None, package=False, own=False)
            found.why = "binary"
            return found
        return None

    def _names(self, folder: Path) -> frozenset[str]:
        """The entries of a folder, links apart."""
        if folder not in self._folders:
            try:
                with os.scandir(folder) as entries:
                    names = frozenset(one.name for one in entries if not one.is_symlink())
            except OSError:
                names = frozenset()
            self._folders[folder] = names
        return self._folders[folder]

    def children(self, module: Module) -> list[str]:
        """The dotted names of the modules directly within a package."""
        if module.file is None or not module.package:
            return []
        names = self._names(module.file.parent)
        found = {one.removesuffix(".py") for one in names if one.endswith(".py")} - {"__init__"}
        return sorted(f"{module.name}.{one}" for one in found if one.isidentifier())

    def parse(self, module: Module) -> None:
        """Fill in its tree, within the limits."""
        if module.file is None:
            return
        if self.files >= self.limits.files or self.read >= self.limits.bytes:
            module.why = "the limit of files was reached"
            return
        try:
            with open(module.file, "rb") as stream:
                data = stream.read(self.limits.file_bytes + 1)
            self.files += 1
            self.read += len(data)
            if len(data) > self.limits.file_bytes:
                module.why = "too large"
                return
            module.tree = ast.parse(data)
        except OSError as error:
            module.why = f"cannot be read: {error.strerror}"
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            module.why = f"not Python of this version: {type(error).__name__}"


def _own_modules(application: Sequence[Path]) -> dict[str, tuple[Path, bool]]:
    """Own files under every name by which they could be imported: from each folder above them.

    "app/web/views.py" is "app.web.views", "web.views" and "views"; where two files share a name, the one
    nearest to the top has it.
    """
    files: list[tuple[Path, Path]] = []
    for given in application:
        if given.is_dir():
            for folder, names, inside in os.walk(given, followlinks=False):
                names[:] = sorted(
                    name for name in names if not name.startswith(".") and name != "__pycache__"
                )
                files += [
                    (given, Path(folder, name)) for name in sorted(inside) if name.endswith((".py", ".pyw"))
                ]
        elif given.suffix in {".py", ".pyw"}:
            files.append((given.parent, given))
    if not files:
        return {}
    top = Path(os.path.commonpath([root for root, _ in files]))
    if top.name.isidentifier() and any(one.is_file() for one in application):
        top = top.parent  # files may belong to a package that is their folder
    found: dict[str, tuple[Path, bool]] = {}
    for _, file in sorted(files, key=lambda pair: (len(pair[1].parts), pair[1])):
        parts = list(file.relative_to(top).with_suffix("").parts)
        package = parts[-1] == "__init__"
        if package:
            parts.pop()
        for start in range(len(parts)):
            name = ".".join(parts[start:])
            if all(part.isidentifier() for part in parts[start:]):
                found.setdefault(name, (file, package))
    return found
