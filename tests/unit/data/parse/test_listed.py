"""What lock files and metadata list, family by family; anything at all ends in an InputError at most."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import catalog, node_packages, other_locks, python_packages
from icelos.data.parse.listed import Listed, Parser, line_of, listed
from icelos.data.parse.ownership import apk_owners, dpkg_owners
from icelos.errors import InputError

PARSERS: list[Parser] = [
    python_packages.metadata, python_packages.requirements, python_packages.lock,
    python_packages.pipfile_lock,
    node_packages.package_json, node_packages.package_lock, node_packages.yarn_lock, node_packages.pnpm_lock,
    other_locks.cargo_lock, other_locks.composer_lock, other_locks.gemfile_lock, other_locks.go_mod,
]  # fmt: skip

UV = b"""
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }

[[package]]
name = "Jinja2"
version = "2.11.3"
source = { registry = "https://example.org/simple" }
"""
YARN = b"""# yarn lockfile v1

"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.2.2"
  dependencies:
    lodash "^4.0.0"

lodash@^4.17.10:
  version "4.17.11"
"""
BERRY = b"""__metadata:
  version: 6

"app@workspace:.":
  version: 0.0.0-use.local

"lodash@npm:^4.17.10":
  version: 4.17.21
  resolution: "lodash@npm:4.17.21"
"""
PNPM = b"""lockfileVersion: '9.0'

importers:
  .:
    dependencies:
      left:
        version: 1.0.0

packages:

  '@types/node@20.1.0':
    resolution: {integrity: x}

  /lodash/4.17.21:
    resolution: {integrity: x}

  vue@3.4.0(typescript@5.0.0):
    resolution: {integrity: x}

snapshots:

  other@1.0.0: {}
"""
GEMS = b"""GEM
  remote: https://example.org/
  specs:
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1)

DEPENDENCIES
  nokogiri
"""
MOD = b"""module example.org/app

go 1.21

require github.com/single/one v1.0.0

require (
\tgithub.com/gin-gonic/gin v1.9.1 // indirect
\tgolang.org/x/net v0.10.0
\texample.org/local v0.0.0
)

replace golang.org/x/net => golang.org/x/net v0.17.0
replace example.org/local => ../local
"""
NPM1 = {
    "lockfileVersion": 1,
    "dependencies": {
        "a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}},
        "git": {"version": "github:a/b#c"},
    },
}
COMPOSER = {"packages": [{"name": "symfony/yaml", "version": "v5.0.0"}], "packages-dev": []}
PIPFILE = {"default": {"flask": {"version": "==1.0"}, "local": {"path": "."}}, "develop": {}}


@pytest.mark.parametrize(
    ("parser", "data", "purls"),
    [
        (python_packages.metadata, b"Name: Zope.Interface\r\nVersion: 5.0\r\n\r\nName: other\r\n",
         ["pkg:pypi/zope.interface@5.0"]),
        (python_packages.requirements, b"a[x]==1.0  # why\nb === 2\n--hash=x\nc==3 \\\n",
         ["pkg:pypi/a@1.0", "pkg:pypi/b@2", "pkg:pypi/c@3"]),
        (python_packages.lock, UV, ["pkg:pypi/jinja2@2.11.3"]),
        (python_packages.pipfile_lock, json.dumps(PIPFILE).encode(), ["pkg:pypi/flask@1.0"]),
        (node_packages.package_lock, json.dumps(NPM1).encode(), ["pkg:npm/a@1.0.0", "pkg:npm/b@2.0.0"]),
        (node_packages.yarn_lock, YARN, ["pkg:npm/%40babel/core@7.2.2", "pkg:npm/lodash@4.17.11"]),
        (node_packages.yarn_lock, BERRY, ["pkg:npm/lodash@4.17.21"]),
        (node_packages.pnpm_lock, PNPM,
         ["pkg:npm/%40types/node@20.1.0", "pkg:npm/lodash@4.17.21", "pkg:npm/vue@3.4.0"]),
        (node_packages.package_json, b'{"type": "module"}', []),
        (other_locks.composer_lock, json.dumps(COMPOSER).encode(), ["pkg:composer/symfony/yaml@v5.0.0"]),
        (other_locks.gemfile_lock, GEMS, ["pkg:gem/nokogiri@1.15.4", "pkg:gem/racc@1.7.1"]),
        (other_locks.go_mod, MOD,
         ["pkg:golang/github.com/single/one@v1.0.0", "pkg:golang/github.com/gin-gonic/gin@v1.9.1",
          "pkg:golang/golang.org/x/net@v0.17.0"]),
    ],
)  # fmt: skip
def test_what_is_listed(parser: Parser, data: bytes, purls: list[str]) -> None:
    assert [item.purl for item in parser(data) if isinstance(item, Listed)] == purls


@pytest.mark.parametrize("parser", PARSERS)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_is_read_or_refused(parser: Parser, data: bytes) -> None:
    with suppress(InputError):
        for item in parser(data):
            assert isinstance(item, Listed | InputError)


@pytest.mark.parametrize(
    "open_", [b"[" * 100_000, b'{"packages":' * 50_000, b'{"dependencies":{"a":' * 20_000]
)
@pytest.mark.parametrize("parser", PARSERS)
def test_deep_nesting_is_refused(parser: Parser, open_: bytes) -> None:
    with suppress(InputError):
        assert not [item for item in parser(open_) if isinstance(item, Listed)]


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [("", "1", "without name"), ("a", "", "without version"), ("a b", "1", "not a package"),
     ("a" * 600, "1", "not a package")],
)  # fmt: skip
def test_what_is_no_package(name: str, version: str, says: str) -> None:
    found = listed("pypi", name, version)
    assert isinstance(found, InputError)
    assert says in found.message


def test_lines() -> None:
    assert line_of(b"a\nb\nc\nb\n", "c", "b") == 4
    assert line_of(b"a", "z") == 0


@pytest.mark.parametrize(
    ("find", "path", "found"),
    [
        (catalog.installed, "usr/lib/python3/dist-packages/a-1.egg-info", True),
        (catalog.installed, "x/a.dist-info/METADATA", True),
        (catalog.installed, "x/METADATA", False),
        (catalog.installed, "node_modules/a/package.json", True),
        (catalog.installed, "node_modules/.package-lock.json", False),
        (catalog.locked, "requirements-dev.txt", True),
        (catalog.locked, "go.mod", True),
        (catalog.locked, "vendor/x/go.mod", False),
        (catalog.locked, "notes.txt", False),
    ],
)
def test_which_files_are_read(find: Callable[[str], Parser | None], path: str, found: bool) -> None:
    assert (find(path) is not None) == found


def test_owners() -> None:
    lists = [("var/lib/dpkg/info/python3-yaml:amd64.list", b"/.\n/usr/a.egg-info\n/usr/b\n")]
    assert dpkg_owners(lists, {"usr/a.egg-info"}) == {"usr/a.egg-info": "deb:python3-yaml"}
    database = b"P:py3-yaml\nF:usr/lib\nR:a.egg-info\n\nP:musl\nF:lib\nR:ld\n"
    assert apk_owners(database, {"usr/lib/a.egg-info", "lib/none"}) == {"usr/lib/a.egg-info": "apk:py3-yaml"}
