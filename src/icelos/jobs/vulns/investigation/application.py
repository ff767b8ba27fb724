"""The application within a target: its own source, the packages beside it, and how it is started."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from icelos.findings import Evidence, How

MAX_FILES = 200_000
MAX_TEXT = 2 * 1024 * 1024
TEXTS = frozenset(
    """
    .py .pyw .html .htm .jinja .jinja2 .j2 .mako .txt .xml .yaml .yml .toml .ini .cfg .conf .json .env
    .sh .service .properties .tpl .tmpl .md .rst
    """.split()
)
NAMES = frozenset({"Dockerfile", "Containerfile", "Procfile", "Makefile", ".env", "entrypoint", "Pipfile"})
PROSE = frozenset({".md", ".rst"})
_MANIFEST = re.compile(
    r"(^|/)(requirements[^/]*\.(txt|in)|constraints[^/]*\.txt|Pipfile(\.lock)?|poetry\.lock|uv\.lock|pdm\.lock|"
    r"pyproject\.toml|setup\.(py|cfg)|package(-lock)?\.json|yarn\.lock|environment\.ya?ml|LICEN[CS]E[^/]*)$",
    re.IGNORECASE,
)
_FOREIGN = frozenset(
    {
        "site-packages",
        "dist-packages",
        "node_modules",
        "__pycache__",
        ".git",
        ".hg",
        ".tox",
        ".nox",
        "proc",
        "sys",
    }
)
_SYSTEM = re.compile(
    r"^(?:usr/(?:lib|lib64|libexec|share|include|sbin)|lib|lib64|bin|sbin|boot|dev|run|var/(?:lib|cache|log))/"
    r"|(?:^|/)lib(?:64)?/python\d"
)


_TEMPLATES = frozenset(".html .htm .jinja .jinja2 .j2 .txt .xml .tpl .tmpl".split())
_BRACES = re.compile(r"\{[{%][^{}]{1,2000}[%}]\}")
_FILTER = re.compile(r"\|\s*([A-Za-z_]\w*)")
_TAG = re.compile(r"^\{%-?\s*([A-Za-z_]\w*)")


class Start(msgspec.Struct, frozen=True):
    """One command by which something of the target is started, and where it stands."""

    command: str
    place: str


class Application:
    """What the target's owner wrote, apart from installed packages. Nothing of it is run.

    `root` is the target's folder. `packages` are folders such as site-packages. `files` are own text
    files by their path in the target, manifests and prose apart.
    """

    def __init__(self, root: Path, installed: Sequence[str] = (), commands: Sequence[Start] = ()) -> None:
        """`installed` are places of components ("…/x-1.0.dist-info/METADATA"); `commands` an image's own."""
        self.root = root
        self.whole = True
        folders = {_above_metadata(place) for place in installed}
        self.packages = tuple(sorted(root / folder for folder in folders if folder is not None))
        self._owned = frozenset(_recorded(root, self.packages))
        self.files: dict[str, Path] = {}
        self.manifests: dict[str, Path] = {}
        for name, path in self._own(folders - {None, ""}):
            kind = self.manifests if _MANIFEST.search(name) or path.suffix in PROSE else self.files
            kind[name] = path
        self.starts = (*commands, *self._starts())

    @property
    def sources(self) -> list[Path]:
        """Own Python files."""
        return [path for name, path in self.files.items() if name.endswith((".py", ".pyw"))]

    def text(self, name: str) -> str:
        """The beginning of an own file, at most `MAX_TEXT` bytes; "" where it cannot be read."""
        path = self.files.get(name) or self.manifests.get(name)
        try:
            with (path or Path(os.devnull)).open("rb") as stream:
                return stream.read(MAX_TEXT).decode("utf-8", "replace")
        except OSError:
            return ""

    def mentions(self, pattern: re.Pattern[str], *, limit: int = 20, python: bool = True) -> list[Evidence]:
        """Lines of own files that a pattern finds; `python` false leaves Python's own files out."""
        found: list[Evidence] = []
        for name in self.files:
            if not python and name.endswith((".py", ".pyw")):
                continue
            text = self.text(name)
            for match in pattern.finditer(text):
                number = text.count("\n", 0, match.start()) + 1
                start = text.rfind("\n", 0, match.start()) + 1
                line = text[start : text.find("\n", match.start()) if "\n" in text[match.start() :] else None]
                found.append(Evidence(line.strip()[:300], f"{name}:{number}", How.TOOL))
                if len(found) >= limit:
                    return found
        return found

    def template_words(self) -> list[str]:
        """The filters and tags that own templates use: `{{ text|urlize }}`, `{% debug %}`."""
        found: set[str] = set()
        for name, path in self.files.items():
            if path.suffix.lower() in _TEMPLATES or name.endswith((".py", ".pyw")):
                found.update(_in_braces(self.text(name)))
        return sorted(found)

    def _own(self, foreign: set[str | None]) -> Iterator[tuple[str, Path]]:
        count = 0
        for folder, names, files in os.walk(self.root, followlinks=False):
            place = os.path.relpath(folder, self.root).replace(os.sep, "/")
            prefix = "" if place == "." else f"{place}/"
            names[:] = sorted(n for n in names if self._is_own_folder(prefix, n, foreign, Path(folder, n)))
            for name in sorted(files):
                path = Path(folder, name)
                count += 1
                if count > MAX_FILES:
                    self.whole = False
                    return
                wanted = path.suffix.lower() in TEXTS or name in NAMES
                if (
                    wanted
                    and f"{prefix}{name}" not in self._owned
                    and path.is_file()
                    and not path.is_symlink()
                ):
                    yield f"{prefix}{name}", path

    def _is_own_folder(self, prefix: str, name: str, foreign: set[str | None], path: Path) -> bool:
        place = f"{prefix}{name}"
        if name in _FOREIGN or name.endswith((".dist-info", ".egg-info", ".data")) or place in foreign:
            return False
        if _SYSTEM.search(f"{place}/") or (path / "pyvenv.cfg").exists() or path.is_symlink():
            return False
        return f"{place}/" not in self._owned

    def _starts(self) -> Iterator[Start]:
        for name in (*self.files, *self.manifests):
            text = self.text(name)
            for command, position in _commands(name, text):
                yield Start(command, f"{name}:{text.count(chr(10), 0, position) + 1}")


def _in_braces(text: str) -> Iterator[str]:
    for part in _BRACES.findall(text):
        yield from _FILTER.findall(part)
        yield from _TAG.findall(part)


def _above_metadata(place: str) -> str | None:
    """The folder of a distribution's metadata: "a/site-packages" of "a/site-packages/x.dist-info/RECORD"."""
    parts = place.split(":")[0].split("/")
    for number, part in enumerate(parts):
        if part.endswith((".dist-info", ".egg-info")):
            return "/".join(parts[:number])
    return None


def _recorded(root: Path, folders: Sequence[Path]) -> Iterator[str]:
    """What installed packages brought into the target's own top folder (`pip install --target .`)."""
    if root not in folders:
        return
    for record in sorted(root.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", errors="replace") as stream:
            for line in stream.read(MAX_TEXT).splitlines():
                name = line.rsplit(",", 2)[0].strip('"')
                yield name
                if "/" in name and not name.startswith(".."):
                    yield f"{name.split('/')[0]}/"


_DOCKER = re.compile(r"^\s*(?:CMD|ENTRYPOINT)\s+(.+)$", re.MULTILINE | re.IGNORECASE)
_PROC = re.compile(r"^[\w-]+:\s*(.+)$", re.MULTILINE)
_SERVICE = re.compile(r"^ExecStart\s*=\s*(.+)$", re.MULTILINE)
_COMPOSE = re.compile(r"^\s*(?:command|entrypoint):\s*(.+)$", re.MULTILINE)
_MAIN = re.compile(r"^if __name__ == [\"']__main__[\"']:", re.MULTILINE)
_RUNS = re.compile(
    r"^(?!def |class |async |@|import |from |#)\S[^\n]*\b"
    r"(?:main|run|serve|serve_forever|run_forever|mainloop)\(",
    re.MULTILINE,
)
_SCRIPT = re.compile(r"^(?!\s*#)\s*(?:exec\s+)?([\w./-]+(?:[ \t]+[^\n]+)?)$", re.MULTILINE)


def _commands(name: str, text: str) -> Iterator[tuple[str, int]]:
    last = name.rpartition("/")[2]
    pattern = None
    if last.startswith(("Dockerfile", "Containerfile")):
        pattern = _DOCKER
    elif last == "Procfile":
        pattern = _PROC
    elif last.endswith(".service"):
        pattern = _SERVICE
    elif last.endswith((".yml", ".yaml")):
        pattern = _COMPOSE
    elif last.endswith(".sh"):
        pattern = _SCRIPT
    elif last.endswith(".py"):
        if main := _MAIN.search(text) or _RUNS.search(text):
            yield f"python {name}", main.start()
        return
    for match in pattern.finditer(text) if pattern else ():
        yield _as_shell(match.group(1)), match.start(1)


def _as_shell(command: str) -> str:
    """Docker's JSON form as words."""
    try:
        parts = json.loads(command) if command.startswith("[") else None
    except ValueError:
        parts = None
    return " ".join(map(str, parts)) if isinstance(parts, list) else command.strip()
