"""Python modules by dotted name, found as an import would find them, and parsed only when they are loaded.

Nothing is imported or run. What cannot be parsed (Python 2, say, or a binary module) is known by name only.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from icelos.jobs.vulns.reachability.names import bound_names, texts

BINARY = (".so", ".pyd")
_PART = re.compile(r"\w+")
"""A part of a module's name: `import_module` takes those that are no identifier, such as "0001_initial"."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_WORD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one analysis: files parsed, bytes of one file and of all, seconds."""

    files: int = 20_000
    file_bytes: int = 4 * 1024 * 1024
    bytes: int = 256 * 1024 * 1024
    seconds: float = 30.0


class Module:
    """One loaded module. `tree` is None where its source cannot be read; `why` then says so.

    `bound` are the names its body binds, `strings` the short texts in it, functions apart, and `words` the
    dotted names in the text of one that cannot be parsed.
    """

    def __init__(self, name: str, file: Path | None, *, package: bool, own: bool) -> None:
        self.name = name
        self.file = file
        self.package = package
        self.own = own
        self.tree: ast.Module | None = None
        self.bound: frozenset[str] = frozenset()
        self.strings: frozenset[str] = frozenset()
        self.words: frozenset[str] = frozenset()
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
        self._named = _own_modules(application)
        self._own = {**_above(application, self._named), **self._named}
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
        for name, (file, _) in self._named.items():
            if len(name) > len(best.get(file, "")):
                best[file] = name
        yield from best.values()

    def find(self, name: str) -> Module | None:
        """The module of that name, not parsed yet; None where the target does not have it."""
        if name in self._own:
            file, package = self._own[name]
            return Module(name, file, package=package, own=True)
        if name in self._own_folders:
            return Module(name, None, package=True, own=True)
        parts = name.split(".")
        if not all(_PART.fullmatch(part) for part in parts):
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
            found = self._package(name, folder / last)
            if found is not None:
                return found
        if f"{last}.py" in names:
            return Module(name, folder / f"{last}.py", package=False, own=False)
        if any(one.startswith(f"{last}.") and one.endswith(BINARY) for one in names):
            binary = Module(name, None, package=False, own=False)
            binary.why = "binary"
            return binary
        return None

    def _package(self, name: str, folder: Path) -> Module | None:
        inner = self._names(folder)
        if "__init__.py" in inner:
            return Module(name, folder / "__init__.py", package=True, own=False)
        if any(one.endswith(".py") or "." not in one for one in inner):
            return Module(name, None, package=True, own=False)
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
        found |= {one for one in names if "." not in one and one != "__pycache__"}
        return sorted(f"{module.name}.{one}" for one in found if _PART.fullmatch(one))

    def parse(self, module: Module) -> None:
        """Fill in its tree, within the limits."""
        if module.file is None:
            return
        if self.files >= self.limits.files or self.read >= self.limits.bytes:
            module.why = "the limit of files was reached"
            return
        try:
            with module.file.open("rb") as stream:
                data = stream.read(self.limits.file_bytes + 1)
        except OSError as error:
            module.why = f"cannot be read: {error.strerror}"
            return
        self.files += 1
        self.read += len(data)
        if len(data) > self.limits.file_bytes:
            module.why = "too large"
            return
        parsed = _parsed(data)
        module.tree, module.bound, module.strings, module.words, module.why = parsed


class Parsed(NamedTuple):
    """What is kept of one file, whatever name it is imported by."""

    tree: ast.Module | None
    bound: frozenset[str]
    strings: frozenset[str]
    words: frozenset[str]
    why: str


class _Cache:
    """Parsed files by the digest of their content: the least recently used go first. Used by many threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[bytes, tuple[int, Parsed]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, data: bytes) -> Parsed:
        """What the file holds, parsed where it is not known."""
        digest = hashlib.sha256(data).digest()
        with self._lock:
            found = self._held.get(digest)
            if found is not None:
                self._held.move_to_end(digest)
                return found[1]
        made = _parse(data)
        with self._lock:
            if digest not in self._held:
                self._held[digest] = (len(data), made)
                self._bytes += len(data)
            while self._bytes > self._most:
                _, (size, _) = self._held.popitem(last=False)
                self._bytes -= size
        return made


def code_words(tree: ast.Module) -> frozenset[str]:
    """Words of the texts of a module, docstrings apart: names that code which it makes up may use."""
    documented = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    return frozenset(
        word
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
        for word in _NAME.findall(node.value)
    )


def _parse(data: bytes) -> Parsed:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        words = frozenset(_WORD.findall(data.decode(errors="replace")))
        why = f"not Python of this version: {type(error).__name__}"
        return Parsed(None, frozenset(), frozenset(), words, why)
    return Parsed(tree, bound_names(tree)[0], texts(tree), frozenset(), "")


CACHE_BYTES = 16 * 1024 * 1024
"""Bytes of source whose trees are kept in memory; a tree takes about twenty times its source."""
_parsed = _Cache(CACHE_BYTES).get


def _own_modules(application: Sequence[Path]) -> dict[str, tuple[Path, bool]]:
    """Own files under every name by which they could be imported: from each folder above them.

    "app/web/views.py" is "app.web.views", "web.views" and "views"; where two files share a name, the one
    nearest to the top has it.
    """
    files = list(_own_files(application))
    if not files:
        return {}
    top = Path(os.path.commonpath([root for root, _ in files]))
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


def _above(
    application: Sequence[Path], named: Mapping[str, tuple[Path, bool]]
) -> dict[str, tuple[Path, bool]]:
    """Further names of files that were given one by one: their top folder may be a package of its own."""
    folders = [one.parent for one in application if one.is_file()]
    top = Path(os.path.commonpath(folders)).name if folders else ""
    return {f"{top}.{name}": found for name, found in named.items()} if top.isidentifier() else {}


def _own_files(application: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """(the folder given, a Python file below it); links are not followed."""
    for given in application:
        if given.is_dir():
            for folder, names, inside in os.walk(given, followlinks=False):
                names[:] = sorted(n for n in names if not n.startswith(".") and n != "__pycache__")
                for name in sorted(inside):
                    file = Path(folder, name)
                    if name.endswith((".py", ".pyw")) and not file.is_symlink():
                        yield given, file
        elif given.suffix in {".py", ".pyw"}:
            yield given.parent, given
