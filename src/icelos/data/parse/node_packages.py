"""npm's packages: installed ones by package.json below node_modules, wanted ones by lock files.

Lock files of npm (https://docs.npmjs.com/cli/configuring-npm/package-lock-json, versions 1 to 3), Yarn (1 and
later) and pnpm (5 to 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from icelos.data.parse.listed import MAX_LISTED, Listed, json_object, line_of, listed, word
from icelos.errors import InputError

DEPTH = 64
_YARN_HEAD = re.compile(r'^"?((?:@[^/"\s]+/)?[^@"\s/]+)@[^:]*:\s*$|^"?((?:@[^/"\s]+/)?[^@"\s/]+)@')
_YARN_VERSION = re.compile(r'^\s+version:?\s+"?([^"\s]+)"?\s*$')
_PNPM_KEY = re.compile(
    r"^ {2}['\"]?/?((?:@[^/@'\"\s]+/)?[^/@'\"\s]+)[@/]([0-9][^('\"\s:_]*)[^:\s]*['\"]?:\s*(?:\{\}|\{.*)?$"
)


def package_json(data: bytes) -> Iterator[Listed | InputError]:
    """An installed package. Files without name and version only mark a folder's module type."""
    table = json_object(data)
    name, version = word(table.get("name")), word(table.get("version"))
    if name and version:
        yield _package(name, version, line_of(data, '"version"'))


def package_lock(data: bytes) -> Iterator[Listed | InputError]:
    """package-lock.json and npm-shrinkwrap.json."""
    table = json_object(data)
    packages = table.get("packages")
    if isinstance(packages, dict):
        for path, item in list(packages.items())[:MAX_LISTED]:
            name = path.rpartition("node_modules/")[2]
            if name and isinstance(item, dict) and not item.get("link"):
                version = word(item.get("version"))
                yield _package(word(item.get("name")) or name, version, line_of(data, f'"{path}"'))
        return
    yield from _nested(table.get("dependencies"), data, DEPTH)


def _nested(packages: object, data: bytes, depth: int) -> Iterator[Listed | InputError]:
    """Version 1 of npm's lock file, in which dependencies hold dependencies."""
    if not isinstance(packages, dict) or depth == 0:
        return
    for name, item in packages.items():
        if isinstance(item, dict):
            version = word(item.get("version"))
            if version[:1].isdigit():  # else a link to a repository or a file
                yield _package(name, version, line_of(data, f'"{name}": {{'))
            yield from _nested(item.get("dependencies"), data, depth - 1)


def yarn_lock(data: bytes) -> Iterator[Listed | InputError]:
    """yarn.lock: a block for each package, its names in the first line."""
    name, start = "", 0
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if head := _YARN_HEAD.match(line):
            name, start = head[1] or head[2], number
            if "@workspace:" in line or "@patch:" in line:
                name = ""
        elif name and (found := _YARN_VERSION.match(line)):
            yield _package(name, found[1], start)
            name = ""


def pnpm_lock(data: bytes) -> Iterator[Listed | InputError]:
    """pnpm-lock.yaml, whose keys below "packages" are name and version. Read as lines: no YAML is built."""
    inside = False
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line[:1].strip():
            inside = line.startswith("packages:")
        elif inside and (found := _PNPM_KEY.match(line)):
            yield _package(found[1], found[2], number)


def _package(name: str, version: str, line: int) -> Listed | InputError:
    namespace, slash, rest = name.partition("/")
    if not slash:
        namespace, rest = "", name
    return listed("npm", rest, version, line=line, quote=f"{name} {version}", namespace=namespace)
