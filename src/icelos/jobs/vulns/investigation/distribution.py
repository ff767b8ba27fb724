"""One installed Python distribution: the modules it brings, its scripts, and where its metadata stands."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from icelos.jobs.vulns.investigation.definitions import Definitions

MAX_METADATA = 4 * 1024 * 1024
MAX_SOURCE = 4 * 1024 * 1024
MAX_BINARY = 64 * 1024 * 1024
MAX_SOURCES = 256 * 1024 * 1024


class Distribution(msgspec.Struct, frozen=True):
    """What the metadata says. `modules` are import names ("yaml", "google.cloud.storage"), `files` those
    of the distribution by path below `folder`, `systems` the operating systems of a binary wheel. `commands`
    are the functions ("pkg.main:run") by the names of their scripts."""

    name: str
    folder: Path
    metadata: str
    modules: tuple[str, ...]
    files: tuple[str, ...]
    groups: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()

    @property
    def scripts(self) -> tuple[str, ...]:
        """The names of its commands."""
        return tuple(name for name, _ in self.commands)

    def sources(self) -> Iterator[tuple[str, str, str]]:
        """(dotted module, path, text) of its Python files, within bounds."""
        room = MAX_SOURCES
        for name in self.files:
            if not name.endswith((".py", ".pyi")) or room <= 0 or not _is_importable(name):
                continue
            text = _text(self.folder / name, min(MAX_SOURCE, room))
            room -= len(text)
            yield _dotted(name), name, text

    def binaries(self) -> Iterator[tuple[str, str, bytes]]:
        """(dotted module, path, bytes) of its binary modules, within bounds."""
        room = MAX_SOURCES
        for name in self.files:
            if name.endswith((".so", ".pyd")) and room > 0:
                try:
                    with (self.folder / name).open("rb") as stream:
                        data = stream.read(min(MAX_BINARY, room))
                except OSError:
                    continue
                room -= len(data)
                yield _dotted(name), name, data

    def definitions(self) -> Definitions:
        """All that its Python files define."""
        return Definitions(self.sources(), self.binaries())


def read_distribution(root: Path, location: str, name: str) -> Distribution | None:
    """The distribution whose metadata stand at `location` ("a/site-packages/x-1.dist-info/METADATA:2").

    None where its metadata folder is not there: then nothing can be said of its modules.
    """
    path = root / location.split(":")[0]
    metadata = next((p for p in (path, *path.parents) if p.name.endswith((".dist-info", ".egg-info"))), None)
    if metadata is None or not metadata.is_dir() or not metadata.resolve().is_relative_to(root.resolve()):
        return None
    folder = metadata.parent
    files = tuple(sorted(_files(folder, metadata)))
    commands, groups = _entry_points(_text(metadata / "entry_points.txt", MAX_METADATA))
    return Distribution(
        name,
        folder,
        metadata.relative_to(root).as_posix(),
        tuple(sorted(_modules(files))),
        files,
        groups,
        tuple(sorted(_systems(_text(metadata / "WHEEL", MAX_METADATA)))),
        commands,
    )


def _text(path: Path, limit: int) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def _files(folder: Path, metadata: Path) -> Iterator[str]:
    """From RECORD or egg-info's lists; a module that they do not list is found by its top-level name."""
    listed = [
        row.rsplit(",", 2)[0].strip('"') for row in _text(metadata / "RECORD", MAX_METADATA).splitlines()
    ]
    inside = [
        name for name in listed if name and not name.startswith(("..", "/")) and (folder / name).is_file()
    ]
    if inside:
        yield from inside
        return
    tops = _text(metadata / "top_level.txt", MAX_METADATA).split() or _same_name(folder, metadata)
    for top in tops:
        module = folder / top
        if ".." in top or top.startswith("/"):
            continue
        if module.with_suffix(".py").is_file():
            yield f"{top}.py"
        for path, _, names in os.walk(module, followlinks=False):
            for name in names:
                yield Path(path, name).relative_to(folder).as_posix()


def _same_name(folder: Path, metadata: Path) -> list[str]:
    """Modules that are called as the distribution is, where it lists none."""
    wanted = re.sub(r"[-_.]+", "_", metadata.name.split("-")[0].removesuffix(".egg")).lower()
    try:
        names = [one.name.removesuffix(".py") for one in folder.iterdir()]
    except OSError:
        return []
    return sorted({name for name in names if name.lower() == wanted and name.isidentifier()})


def _modules(files: tuple[str, ...]) -> set[str]:
    """Top-level import names: packages, modules, binary modules; namespace packages by their children."""
    found: set[str] = set()
    packages = {name.rpartition("/")[0] for name in files if name.endswith("/__init__.py")}
    for name in files:
        if not name.endswith((".py", ".so", ".pyd")) or ".dist-info/" in name or ".data/" in name:
            continue
        parts = name.split("/")
        if len(parts) == 1:
            found.add(parts[0].split(".")[0])
            continue
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in packages:
                found.add(".".join(parts[:depth]))
                break
        else:
            found.add(_dotted(name))
    return {name for name in found if all(part.isidentifier() for part in name.split("."))}


def _is_importable(name: str) -> bool:
    """Whether a file can be a module: scripts and data of a wheel, and examples with odd names, cannot."""
    return all(part.isidentifier() for part in name.rsplit(".", 1)[0].split(".")[0].split("/"))


def _dotted(name: str) -> str:
    parts = name.rsplit(".", 1)[0].split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    parts[-1] = parts[-1].split(".")[0]
    return ".".join(parts)


def _entry_points(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """((script, "module:function") of each command, the other groups)."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return (), ()
    scripts = [key for key in ("console_scripts", "gui_scripts") if parser.has_section(key)]
    commands = tuple((name, target) for key in scripts for name, target in parser.items(key))
    return commands, tuple(section for section in parser.sections() if section not in scripts)


def _systems(wheel: str) -> set[str]:
    tags = [line.partition(":")[2].strip() for line in wheel.splitlines() if line.startswith("Tag:")]
    platforms = [tag.split("-")[-1] for tag in tags]
    names = {
        "win": "windows",
        "macosx": "macos",
        "manylinux": "linux",
        "musllinux": "linux",
        "linux": "linux",
    }
    return {system for platform in platforms for start, system in names.items() if platform.startswith(start)}
