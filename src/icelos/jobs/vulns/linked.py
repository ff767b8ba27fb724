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
_ALWAYS = (b"\x00runtime.main\x00", b"\x00runtime.goexit\x00")
"""Functions of every program; where their names are not there, names were made unreadable."""


class Programs:
    """The programs of one target, each looked into once for each advisory."""

    def __init__(self, tree: FileTree, components: Iterable[Component]) -> None:
        self._tree = tree
        self._places: dict[str, list[str]] = {}
        for one in components:
            if one.purl.startswith(_GO):
                self._places.setdefault(one.purl, []).append(one.location.partition(":")[0])
        self._holds = lru_cache(maxsize=4096)(self._searched)

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
        return _has_any(path, imports)


def _imports(statements: Sequence[Statement]) -> tuple[tuple[str, str], ...]:
    """The packages and functions of the flaw; () where a statement of a publisher who gives them has none."""
    giving = {one.advisory.id.partition("-")[0] for one in statements if one.affected.imports}
    if any(not one.affected.imports for one in statements if one.advisory.id.partition("-")[0] in giving):
        return ()
    return tuple(dict.fromkeys(each for one in statements for each in one.affected.imports))


def _has_any(path: Path, imports: Sequence[tuple[str, str]]) -> bool | None:
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if any(data.find(name) < 0 for name in _ALWAYS):
                return None
            names = b"|".join(name for each in imports for name in _spelt(*each))
            return re.search(rb"(?:\x00|/vendor/)(?:" + names + rb")", data) is not None
    except (OSError, ValueError):
        return None


def _spelt(path: str, symbol: str) -> list[bytes]:
    """Patterns of a function as the table has it; of a package without a symbol, any function of it.

    The dots of a path's last part are escaped there, a method is `(*Type).Method` or `Type.Method`, one with
    type parameters goes on with `[...]`, and a function within it with `.func1`.
    """
    parent, slash, last = path.rpartition("/")
    paths = {path, f"{parent}{slash}{last.replace('.', '%2e')}"}
    if not symbol:
        return [re.escape(f"{one}.".encode()) for one in paths]
    owner, _, method = symbol.rpartition(".")
    forms = [f".{symbol}", f".(*{owner}).{method}"] if owner else [f".{symbol}"]
    end = rb"(?:\x00|\[|\.func\d|-fm\x00|\.\(\*)" if owner else rb"(?:\x00|\[|\.func\d|-fm\x00)"
    return [re.escape((one + form).encode()) + end for one in paths for form in forms]
