"""Python packages: installed ones by their metadata, wanted ones by pinned requirements and lock files.

Core metadata (https://packaging.python.org/specifications/core-metadata), `requirements.txt` lines with
"==", and the lock files of Poetry, uv, PDM (`[[package]]`), Pipenv and PEP 751 (`[[packages]]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from email.policy import compat32

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

HEADER_LIMIT = 256 * 1024
_PINNED = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*(?P<version>[^\s;#,\\]+)\s*(?:[;#\\].*)?"
)
_NAMED = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


def metadata(data: bytes) -> Iterator[Listed | InputError]:
    """The package of a METADATA or PKG-INFO file."""
    head = data[:HEADER_LIMIT].split(b"\n\n", 1)[0].split(b"\r\n\r\n", 1)[0]
    fields = BytesHeaderParser(policy=compat32).parsebytes(head + b"\n\n")
    name, version = str(fields.get("Name") or "").strip(), str(fields.get("Version") or "").strip()
    yield listed(
        "pypi", name, version, line=line_of(data, "\nVersion:") + 1, quote=f"Name: {name} Version: {version}"
    )


def requirements(data: bytes) -> Iterator[Listed | InputError]:
    """The pinned lines of a requirements file; what is not pinned names no version, and is said."""
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines()[:MAX_LISTED], 1):
        line = raw.strip()
        if not line or line.startswith(("#", "-")):
            continue
        if found := _PINNED.fullmatch(line):
            yield listed("pypi", found["name"], found["version"], line=number, quote=line[:200])
        elif named := _NAMED.match(line):
            yield InputError(f"{named['name'][:80]} is not pinned to one version", source=str(number))


def lock(data: bytes) -> Iterator[Listed | InputError]:
    """poetry.lock, uv.lock, pdm.lock and pylock.toml."""
    table = toml_table(data)
    for item in objects(table.get("package") or table.get("packages")):
        name, version = word(item.get("name")), word(item.get("version"))
        source = item.get("source")
        if isinstance(source, dict) and {"virtual", "editable", "directory"} & set(source):
            continue  # the project itself
        yield listed("pypi", name, version, line=line_of(data, f'name = "{name}"', "version"))


def pipfile_lock(data: bytes) -> Iterator[Listed | InputError]:
    """Pipfile.lock: what is installed by default and for development."""
    table = json_object(data)
    for part in ("default", "develop"):
        packages = table.get(part)
        for name, item in (packages if isinstance(packages, dict) else {}).items():
            version = word(item.get("version")) if isinstance(item, dict) else ""
            if version:
                yield listed("pypi", name, version.removeprefix("=="), line=line_of(data, f'"{name}"'))
