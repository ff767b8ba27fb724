"""What a verdict rests on, as digests of contents: they hold in the next build of an image where nothing
of it has changed, wherever that is laid out and whatever its times are.

An affected verdict rests on the files of the way that it shows; every other one on all that was searched: the
application's files, how it is started, and the packages' versions and source.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import msgspec

from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.verdicts import Label

MAX_FILES = 2_000_000
_READ = frozenset(".py .pyi .pyw .pth .txt .json .toml .cfg .ini .html .htm .jinja .jinja2 .j2 .xml".split())
_LEFT_OUT = frozenset(("__pycache__", ".git"))
_CODE = frozenset(
    ("version", "imports", "reach", "fix", "symbol", "text", "code_search", "setting", "runtime")
)
"""Tools that read nothing but what `Contents.code` covers."""


class Scope(StrEnum):
    """How much of a target a verdict rests on."""

    FILES = "files"
    CODE = "code"
    NAMES = "names"
    ALL = "all"


def searched(found: Investigation) -> Scope:
    """What the tools of an investigation looked at."""
    tools = {one.observation.tool for one in found.asked}
    if tools <= _CODE:
        return Scope.CODE
    return (
        Scope.NAMES if tools <= {*_CODE, "arguments", "inputs"} else Scope.ALL
    )  # a call may name a shipped file


def scope_of(case: Case, found: Investigation) -> Scope:
    """What a verdict rests on: an affected one without conditions on the files that it names."""
    affected = found.conclusion.label is Label.VULNERABLE
    return Scope.FILES if affected and not case.conditions and not case.options else searched(found)


class Contents:
    """Digests of one target's contents, each made when it is first asked for."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def digest(self, scope: Scope, files: Iterable[str] = ()) -> str:
        """Of one scope; `files` are the places that `Scope.FILES` is about ("app/main.py:7")."""
        if scope is Scope.FILES:
            return self._of_files(files)
        if scope is Scope.CODE:
            return self._of_code
        return self._of_names if scope is Scope.NAMES else self._of_all

    def _of_files(self, places: Iterable[str]) -> str:
        """Of the files at these places; what names no file of the target does not count."""
        names = sorted({place.rpartition(":")[0] or place for place in places})
        return digest_of([(name, content) for name in names if (content := self._content(name))])

    def _content(self, name: str) -> str:
        path = self._target.tree.local(name)
        return _hashed(path) if path is not None and path.is_file() else ""

    @cached_property
    def _of_code(self) -> str:
        application, tree = self._target.application, self._target.tree
        own = {**application.files, **application.manifests}
        config = tree.config
        started = (config.entrypoint, config.cmd, config.env, config.exposed_ports, config.user)
        packages = [
            sorted(
                (one.purl, one.location, one.owner) for one in self._target.components if _is_python(one.purl)
            ),
            [
                (self._target.place(str(folder)), list(_package_files(folder)))
                for folder in application.packages
            ],
        ]
        parts = [
            [(_storable(name), _hashed(path)) for name, path in sorted(own.items())],
            [(one.command, one.place) for one in application.starts],
            started, config.working_dir, tree.problems, packages, self._target.system_name,
        ]  # fmt: skip
        return digest_of([*parts, "" if application.whole else os.urandom(16).hex()])

    @cached_property
    def _of_names(self) -> str:
        names = [path.relative_to(self._target.root).as_posix() for path in _walked(self._target.root)]
        links = sorted(self._target.tree.links.items())
        return digest_of([self._of_code, [_storable(name) for name in names], links])

    @cached_property
    def _of_all(self) -> str:
        digest = hashlib.sha256(self._of_names.encode())
        for path in _walked(self._target.root):
            digest.update(_hashed(path).encode())
        digest.update(digest_of([self._target.tree.config, list(self._target.components)]).encode())
        return digest.hexdigest()


def digest_of(value: object) -> str:
    """Of a value by its JSON, 32 hexadecimal digits."""
    data = msgspec.json.encode(value, order="sorted", enc_hook=repr)
    return hashlib.sha256(data).hexdigest()[:32]


def _is_python(purl: str) -> bool:
    return purl.startswith("pkg:pypi/")


def _package_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Source and metadata by their contents, other files by their size."""
    for path in _walked(folder):
        name = _storable(path.relative_to(folder).as_posix())
        if (
            path.suffix in _READ
            or path.parent.name.endswith((".dist-info", ".egg-info"))
            or path.is_symlink()
        ):
            yield name, _hashed(path)
        else:
            yield name, str(path.lstat().st_size)


def _walked(root: Path) -> Iterator[Path]:
    """Files and links in a stable order; links are not followed, and what Python compiled is left out."""
    number = 0
    for folder, folders, files in os.walk(root, followlinks=False):
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted((*files, *linked)):
            number += 1
            if number > MAX_FILES:
                yield root / os.urandom(16).hex()  # what is not looked at may change: nothing is used again
                return
            yield Path(folder, name)


def _hashed(path: Path) -> str:
    """The digest of a file's content or a link's target; never read is what is neither."""
    try:
        if path.is_symlink():
            return _storable(f"link {path.readlink()}")
        if not path.is_file():
            return "no file"
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable {error.errno} {os.urandom(8).hex()}"


def _storable(name: str) -> str:
    """Names need not be text."""
    return name.encode("utf-8", "backslashreplace").decode()
