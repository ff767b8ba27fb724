"""The text of the installed packages' source and templates, made ready for a search of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from icelos.jobs.vulns.investigation.definitions import Definition, Kind, read_definitions

MAX_BYTES = 128 * 1024 * 1024
MAX_FILE = 4 * 1024 * 1024
_TEMPLATES = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2", ".txt", ".xml"})
_DOCUMENT = re.compile(r'^[ \t]*[rRuUbB]{0,2}("""|\'\'\')(?:.*?)\1', re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\([^)]*\)|(?:[^\n\\]|\\\n)*)|import[ \t]+[^\n]*)",
    re.MULTILINE,
)
_EXPORTED = re.compile(r"^__all__\s*\+?=\s*(?:\([^)]*\)|\[[^\]]*\])", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
_ALIAS = re.compile(r"(\w+)[ \t]+as[ \t]+(\w+)")


class SourceFile:
    """One module: its text without imports, documents and lists of exports, lines kept in their places."""

    def __init__(self, module: str, text: str) -> None:
        self.module = module
        found = [(text.count("\n", 0, one.start()) + 1, one.group(0)) for one in _IMPORT.finditer(text)]
        self.imports_at = found
        """(line, text) of its imports."""
        self.imports = "\n".join(one for _, one in found)
        for pattern in (_DOCUMENT, _IMPORT, _EXPORTED, _COMMENT):
            text = pattern.sub(lambda match: "\n" * match.group(0).count("\n"), text)
        self.text = text

    @cached_property
    def definitions(self) -> list[Definition]:
        """What it defines, in the order of lines."""
        found = [one for one in read_definitions(self.module, "", self.text) if one.line]
        return sorted(found, key=lambda one: one.line)

    def names_of(self, symbol: str) -> set[str]:
        """The names by which this module's code may call a symbol without a dot before it."""
        name = symbol.rpartition(".")[2]
        if symbol.startswith(f"{self.module}."):
            return {name}
        if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)|\bimport[ \t]+\*", self.imports):
            return set()
        return {name, *(alias for first, alias in _ALIAS.findall(self.imports) if first == name)}

    def unit_at(self, position: int) -> Definition | None:
        """The innermost function or class around a position, or the top-level value that it stands in."""
        line = self.text.count("\n", 0, position) + 1
        depth = _depth(self._lines[line - 1])
        for one in reversed([one for one in self.definitions if one.line <= line]):
            own = _depth(self._lines[one.line - 1])
            if one.kind is Kind.VALUE and not own:
                if all(_goes_on(row) for row in self._lines[one.line : line]):
                    return one
            elif one.line == line or own < depth:
                return one
            depth = min(depth, own + 1)
        return None

    def function_around(self, line: int, statement: str) -> str:
        """The symbol of the function that an indented statement stands in, "" for none."""
        depth = _depth(statement)
        above = [one for one in self.definitions if one.line < line and one.kind is Kind.FUNCTION]
        for one in reversed(above):
            if _depth(self._lines[one.line - 1]) < depth:
                return one.symbol
        return ""

    def line(self, number: int) -> str:
        """A line with those after it that a list of parameters may go on in; numbers begin with 1."""
        return " ".join(self._lines[number - 1 : number + 4])

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Beginnings of names that it puts together: `"visit_" + kind`, `"do_%s"`, `f"handle_{kind}"`."""
        return frozenset(first or second for first, second in _BEGINNING.findall(self.text))

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _goes_on(line: str) -> bool:
    """Whether a line belongs to the statement that began above it at the margin."""
    return not line.strip() or line[0] in " \t)]}'\""


class PackageText:
    """The modules and templates below folders of packages; read when they are first asked for."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)

    @property
    def whole(self) -> bool:
        """False where they are too many to be read."""
        return self._read[2]

    @property
    def modules(self) -> list[SourceFile]:
        """The modules with their text."""
        return self._read[0]

    @property
    def templates(self) -> list[tuple[str, str]]:
        """(package that brings it, text) of templates."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[list[SourceFile], list[tuple[str, str]], bool]:
        modules: list[SourceFile] = []
        templates: list[tuple[str, str]] = []
        size = 0
        for folder in self._folders:
            for path in _files(folder):
                data = path.read_bytes()
                size += len(data)
                if size > MAX_BYTES:
                    return modules, templates, False
                name, text = path.relative_to(folder), data.decode("utf-8", "replace")
                if path.suffix == ".py":
                    module = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
                    modules.append(SourceFile(module, text))
                else:
                    templates.append((".".join(name.parts[: name.parts.index("templates")]), text))
        return modules, templates, True

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """Those of all modules."""
        return tuple({beginning for one in self.modules for beginning in one.beginnings})


_BEGINNING = re.compile(r"[\"'](_?[A-Za-z]\w*_)[\"']|[\"'](_?[A-Za-z]\w*_)(?:%s|\{)")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        wanted = path.suffix == ".py" or (path.suffix in _TEMPLATES and "templates" in path.parts)
        if wanted and not path.is_symlink() and path.is_file() and path.stat().st_size <= MAX_FILE:
            yield path
