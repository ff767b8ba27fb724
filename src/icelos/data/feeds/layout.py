"""Which files a feed has, and where its publisher keeps them.

A layout gets what was asked for (`parts`), the settings and the names of the files that are here, and gives
name -> address. Without parts it gives the files of the settings and those that are here already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from icelos.errors import SettingsError
from icelos.settings import FeedSettings

Layout = Callable[[Sequence[str], FeedSettings, Iterable[str]], dict[str, str]]

OSV = "https://osv-vulnerabilities.storage.googleapis.com"
NVD = "https://nvd.nist.gov/feeds/json/cve/2.0"
ALPINE = "https://secdb.alpinelinux.org"
NVD_FIRST = 2002
"""NVD's first yearly file; it holds the years before as well."""
_ECOSYSTEM = re.compile(r"[A-Za-z][A-Za-z0-9 .:_-]{0,60}")
_RELEASE = re.compile(r"v\d{1,2}\.\d{1,3}|edge")


def fixed(name: str, files: Mapping[str, str]) -> Layout:
    """Always the same files; `parts` are beginnings of their names."""

    def choose(parts: Sequence[str], settings: FeedSettings, held: Iterable[str]) -> dict[str, str]:
        del settings, held
        for part in parts:
            if not any(file.startswith(part) for file in files):
                raise SettingsError(f"feed {name} has no part {part!r}", hint=f"files: {', '.join(files)}")
        return {f: url for f, url in files.items() if not parts or any(f.startswith(p) for p in parts)}

    return choose


def osv(parts: Sequence[str], settings: FeedSettings, held: Iterable[str]) -> dict[str, str]:
    """One zip for each ecosystem ("PyPI", "Debian:12"): https://google.github.io/osv.dev/data/"""
    here = [file.removesuffix("/all.zip") for file in held if file.endswith("/all.zip")]
    chosen = parts or dict.fromkeys((*settings.osv_ecosystems, *here))
    for ecosystem in chosen:
        if not _ECOSYSTEM.fullmatch(ecosystem):
            raise SettingsError(
                f"not an ecosystem of OSV: {ecosystem[:60]!r}", hint="such as PyPI or Debian:12"
            )
    return {f"{e}/all.zip": f"{OSV}/{quote(e, safe=':')}/all.zip" for e in chosen}


def alpine(parts: Sequence[str], settings: FeedSettings, held: Iterable[str]) -> dict[str, str]:
    """Two files for each release ("v3.20")."""
    here = [file.partition("/")[0] for file in held if re.fullmatch(r"[^/]+/(main|community)\.json", file)]
    chosen = parts or dict.fromkeys((*settings.alpine_releases, *here))
    for release in chosen:
        if not _RELEASE.fullmatch(release):
            raise SettingsError(f"not a release of Alpine: {release[:60]!r}", hint="such as v3.20")
    files = [f"{release}/{repository}.json" for release in chosen for repository in ("main", "community")]
    return {file: f"{ALPINE}/{file}" for file in files}


def nvd(parts: Sequence[str], settings: FeedSettings, held: Iterable[str]) -> dict[str, str]:
    """One file for each year."""
    del held
    this_year = datetime.now(UTC).year
    years = [str(year) for year in range(max(NVD_FIRST, settings.nvd_first_year), this_year + 1)]
    for part in parts:
        if not (part.isascii() and part.isdecimal() and NVD_FIRST <= int(part) <= this_year):
            raise SettingsError(f"feed nvd has no part {part!r}", hint=f"years: {NVD_FIRST} to {this_year}")
    return {f"nvdcve-2.0-{year}.json.gz": f"{NVD}/nvdcve-2.0-{year}.json.gz" for year in parts or years}
