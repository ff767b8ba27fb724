"""Which files of a target name packages, and who reads them.

Installed packages are looked for everywhere; lock files only in source trees, and not in what a package
manager has put there: a package that was installed with its own lock file does not install that.
"""

from __future__ import annotations

import re

from icelos.data.parse import (
    java_locks,
    node_packages,
    other_locks,
    python_packages,
)
from icelos.data.parse.listed import Parser

_INSTALLED: tuple[tuple[re.Pattern[str], Parser], ...] = (
    (
        re.compile(r"(?:^|/)[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg/EGG-INFO/PKG-INFO|egg-info)$"),
        python_packages.metadata,
    ),
    (re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/@.][^/]*/package\.json$"), node_packages.package_json),
    (re.compile(r"(?:^|/)vendor/composer/installed\.json$"), other_locks.composer_lock),
    (re.compile(r"(?:^|/)specifications/(?:default/)?[^/]+\.gemspec$"), other_locks.gemspec),
)
_LOCKS: dict[str, Parser] = {
    "poetry.lock": python_packages.lock, "uv.lock": python_packages.lock, "pdm.lock": python_packages.lock,
    "pylock.toml": python_packages.lock, "Pipfile.lock": python_packages.pipfile_lock,
    "package-lock.json": node_packages.package_lock, "npm-shrinkwrap.json": node_packages.package_lock,
    "yarn.lock": node_packages.yarn_lock, "pnpm-lock.yaml": node_packages.pnpm_lock,
    "Cargo.lock": other_locks.cargo_lock, "composer.lock": other_locks.composer_lock,
    "Gemfile.lock": other_locks.gemfile_lock, "go.mod": other_locks.go_mod,
    "packages.lock.json": other_locks.nuget_lock, "mix.lock": other_locks.mix_lock,
    "pubspec.lock": other_locks.pubspec_lock, "gradle.lockfile": java_locks.gradle_lock,
    "pom.xml": java_locks.pom_xml,
}  # fmt: skip
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")
_FOREIGN = re.compile(r"(?:^|/)(?:node_modules|site-packages|dist-packages|vendor|\.tox|\.venv|venv)/")


def installed(path: str) -> Parser | None:
    """The reader of a file that says what is installed."""
    return next((parser for pattern, parser in _INSTALLED if pattern.search(path)), None)


def locked(path: str) -> Parser | None:
    """The reader of a file that says what will be installed."""
    if _FOREIGN.search(path):
        return None
    name = path.rpartition("/")[2]
    return _LOCKS.get(name) or (python_packages.requirements if _REQUIREMENTS.fullmatch(name) else None)
