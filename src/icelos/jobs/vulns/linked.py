"""Programs of Go: which of an advisory's functions the linker has left in them.

The linker drops what nothing can call (https://go.dev/src/cmd/link/internal/ld/deadcode.go), and a program
names every function that it has, or that was inlined, in the table by which it prints stack traces
(https://go.dev/src/debug/gosym/pclntab.go), a stripped one too. What has no name there is not in it.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from icelos.data.file_tree import FileTree
from icelos.data.statement import Statement
from icelos.findings import Evidence, How
from icelos.jobs.vulns.platform import Elsewhere
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.records import Component

MAX_PROGRAM = 2**30
"""Bytes of a program that is looked into."""
_GO = "pkg:golang/"
MAX_HELD = 4
"""Programs whose names are held at once: 10 to 50 MiB each."""
_NAME = re.compile(rb"(?<=\x00)([\x21-\x7e\x80-\xff]{3,500})(?=\x00)")
_INNER = re.compile(rb"(?:\[|\.func\d|-fm$|\.gowrap\d|\.deferwrap\d).*$")
_ALWAYS = frozenset({b"runtime.main", b"runtime.goexit"})
"""Functions of every program; where their names are not there, names were made unreadable."""


class Programs:
    """The programs of one target; the names in each are read once."""

    def __init__(self, tree: FileTree, components: Iterable[Component]) -> None:
        self._tree = tree
        self._places: dict[str, list[str]] = {}
        for one in components:
            if one.purl.startswith(_GO):
                self._places.setdefault(one.purl, []).append(one.location.partition(":")[0])
        self._holds = lru_cache(maxsize=4096)(self._searched)
        self._names = lru_cache(maxsize=MAX_HELD)(_names)

    def not_linked(
        self, record: Component, statements: Sequence[Statement], reading: Reading
    ) -> Elsewhere | None:
        """That no program with a component has a function of the flaw; None where that is not certain."""
        if not record.purl.startswith(_GO) or reading.standing not in {Standing.AFFECTED, Standing.UNDECIDED}:
            return None
        imports = _imports(statements)
        places = list(dict.fromkeys(self._places.get(record.purl, ())))
        if not imports or not places or any(self._holds(place, imports) is not False for place in places):
            return None
        named = ", ".join(f"{path}.{symbol}" if symbol else path for path, symbol in imports[:5])
        more = f" and {len(imports) - 5} more" if len(imports) > 5 else ""
        why = f"the linker left none of the vulnerable functions in it: {named}{more}"
        said = next(one for one in statements if one.affected.imports)
        quote = Evidence(f"symbols: {named}{more}"[:300], said.advisory.source, How.RETRIEVAL)
        looked = (Evidence("table of functions", place, How.TOOL) for place in places[:5])
        return Elsewhere(why, (quote, *looked), Label.CODE_NOT_PRESENT)

    def _searched(self, place: str, imports: tuple[tuple[str, str], ...]) -> bool | None:
        """Whether a program has one of the functions; None for what is no readable program of Go."""
        path = self._tree.local(place)
        if path is None or not path.is_file() or not 0 < path.stat().st_size <= MAX_PROGRAM:
            return None
        names = self._names(path)
        return None if names is None else any(_has(names, *one) for one in imports)


def _imports(statements: Sequence[Statement]) -> tuple[tuple[str, str], ...]:
    """The packages and functions of the flaw; () where a statement of a publisher who gives them has none."""
    giving = {one.advisory.id.partition("-")[0] for one in statements if one.affected.imports}
    if any(not one.affected.imports for one in statements if one.advisory.id.partition("-")[0] in giving):
        return ()
    return tuple(dict.fromkeys(each for one in statements for each in one.affected.imports))


class _Names(NamedTuple):
    """The functions of a program, and their packages, as its table spells them."""

    functions: frozenset[bytes]
    packages: frozenset[bytes]


def _names(path: Path) -> _Names | None:
    """The names in a program, those of functions within functions and of instances as the outer's.

    None for what is no readable program of Go.
    """
    functions: set[bytes] = set()
    packages: set[bytes] = set()
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for match in _NAME.finditer(data):
                name = _INNER.sub(b"", match.group(1).rpartition(b"/vendor/")[2])
                start = name.rfind(b"/", 0, (name.find(b"(") + 1 or len(name) + 1) - 1) + 1
                dot = name.find(b".", start)
                if dot > 0:
                    functions.add(name)
                    packages.add(name[:dot])
    except (OSError, ValueError):
        return None
    return _Names(frozenset(functions), frozenset(packages)) if functions >= _ALWAYS else None


def _has(names: _Names, path: str, symbol: str) -> bool:
    """Whether a function is among them; of a package without a symbol, any function of it.

    The dots of a path's last part are escaped there, and a method is `(*Type).Method` or `Type.Method`.
    """
    parent, slash, last = path.rpartition("/")
    paths = [one.encode() for one in (path, f"{parent}{slash}{last.replace('.', '%2e')}")]
    if not symbol:
        return any(one in names.packages for one in paths)
    owner, _, method = symbol.rpartition(".")
    forms = [f".{symbol}".encode(), f".(*{owner}).{method}".encode()] if owner else [f".{symbol}".encode()]
    return any(one + form in names.functions for one in paths for form in forms)
