"""Lock files of Rust, PHP, Ruby, Go, .NET, Elixir and Dart: what will be built in, version by version.

Cargo.lock (TOML), composer.lock (JSON), Gemfile.lock (indented text), go.mod
(https://go.dev/ref/mod#go-mod-file; since Go 1.17 it lists indirect modules too; go.sum also names versions
that were not chosen, and is not read), packages.lock.json, mix.lock and pubspec.lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from icelos.data.parse.limits import load_yaml
from icelos.data.parse.listed import (
    MAX_LISTED,
    Listed,
    json_object,
    line_of,
    listed,
    objects,
    toml_table,
    word,
)
from icelos.errors import InputError

_GEM = re.compile(r"^ {4}([A-Za-z0-9._-]+) \(([^)\s,]+)\)$")
_GEM_NAME = re.compile(r"^\s*s\.name = \"([A-Za-z0-9._-]{1,200})\"", re.MULTILINE)
_GEM_VERSION = re.compile(r"^\s*s\.version = \"([A-Za-z0-9._-]{1,200})\"", re.MULTILINE)
_MIX = re.compile(r'\s*"[\w.-]+":\s*\{:hex,\s*:"?([\w.-]+)"?,\s*"([^"\s]+)"')
_PLATFORM = re.compile(r"-(?:x86|x64|arm|aarch64|java|universal|musl|mingw|darwin|linux)[\w.-]*$")
_MODULE = re.compile(r"^(?:require\s+)?([^\s()]+)\s+(v[^\s]+)(?:\s*//.*)?$")
_REPLACED = re.compile(r"^(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\S+)(?:\s+(v\S+))?\s*$")


def cargo_lock(data: bytes) -> Iterator[Listed | InputError]:
    """The packages of Cargo.lock that come from somewhere; the workspace's own have no source."""
    for item in objects(toml_table(data).get("package")):
        if item.get("source"):
            name, version = word(item.get("name")), word(item.get("version"))
            yield listed("cargo", name, version, line=line_of(data, f'name = "{name}"', f'"{version}"'))


def composer_lock(data: bytes) -> Iterator[Listed | InputError]:
    """composer.lock and vendor/composer/installed.json."""
    table = json_object(data)
    for part in ("packages", "packages-dev"):
        for item in objects(table.get(part)):
            whole, version = word(item.get("name")), word(item.get("version"))
            namespace, _, name = whole.rpartition("/")
            yield listed(
                "composer", name, version, namespace=namespace, line=line_of(data, f'"{whole}"'),
                quote=f"{whole} {version}",
            )  # fmt: skip


def gemfile_lock(data: bytes) -> Iterator[Listed | InputError]:
    """The gems of Gemfile.lock, without the platform at the end of a version."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines()[:MAX_LISTED], 1):
        if found := _GEM.match(line):
            yield listed("gem", found[1], _PLATFORM.sub("", found[2]), line=number, quote=line.strip())


def go_mod(data: bytes) -> Iterator[Listed | InputError]:
    """The modules that go.mod requires, replaced ones as what replaces them."""
    required: dict[str, tuple[str, int]] = {}
    replaced: dict[str, tuple[str, str, int]] = {}
    block = ""
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines()[:MAX_LISTED], 1):
        line = raw.strip()
        if line.endswith("(") and not line.startswith("//"):
            block = line[:-1].strip()
        elif line == ")":
            block = ""
        elif (block or line.split(" ")[0]) == "replace":
            if swap := _REPLACED.match(line):
                replaced[swap[1]] = (swap[2], swap[3] or "", number)
        elif (block or line.split(" ")[0]) == "require" and (found := _MODULE.match(line)):
            required[found[1]] = (found[2], number)
    for path, (version, number) in required.items():
        target, other, place = replaced.get(path, (path, version, number))
        if target.startswith((".", "/")):
            continue  # a folder of the project itself
        namespace, _, name = target.rpartition("/")
        yield listed(
            "golang", name, other, namespace=namespace, line=place, quote=f"{target} {other}"
        )  # fmt: skip


def nuget_lock(data: bytes) -> Iterator[Listed | InputError]:
    """packages.lock.json: packages by target framework, as they were resolved."""
    frameworks = json_object(data).get("dependencies")
    seen: set[tuple[str, str]] = set()
    for packages in frameworks.values() if isinstance(frameworks, dict) else ():
        for name, item in packages.items() if isinstance(packages, dict) else ():
            version = word(item.get("resolved")) if isinstance(item, dict) else ""
            if version and (name, version) not in seen:
                seen.add((name, version))
                yield listed("nuget", name, version, line=line_of(data, f'"{name}"'))


def mix_lock(data: bytes) -> Iterator[Listed | InputError]:
    """mix.lock: what comes from Hex, a package a line."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines()[:MAX_LISTED], 1):
        if found := _MIX.match(line):
            yield listed("hex", found[1], found[2], line=number, quote=f"{found[1]} {found[2]}")


def pubspec_lock(data: bytes) -> Iterator[Listed | InputError]:
    """pubspec.lock: what comes from a registry; the SDK and the project's own folders do not."""
    table = load_yaml(data.decode("utf-8", "replace"), typed=False)
    packages = table.get("packages") if isinstance(table, dict) else None
    for name, item in packages.items() if isinstance(packages, dict) else ():
        if isinstance(item, dict) and item.get("source") == "hosted":
            yield listed("pub", str(name), word(item.get("version")), line=line_of(data, f"\n  {name}:") + 1)


def gemspec(data: bytes) -> Iterator[Listed | InputError]:
    """An installed gem's specification, as RubyGems writes it; it is Ruby, and not run."""
    text = data[:65536].decode("utf-8", "replace")
    name, version = _GEM_NAME.search(text), _GEM_VERSION.search(text)
    if name and version:
        yield listed("gem", name[1], version[1], line=line_of(data, ".version = "))
