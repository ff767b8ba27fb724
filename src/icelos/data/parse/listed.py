"""What a package manager's own files list: one package with the line that says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from packageurl import PackageURL

from icelos.errors import InputError

MAX_LISTED = 500_000
MAX_NAME = 512

Parser = Callable[[bytes], Iterator["Listed | InputError"]]
"""From the bytes of a file to its packages; an entry that cannot be read is an InputError in its place."""


class Listed(msgspec.Struct, frozen=True):
    """One package: its package URL, the line (from 1, 0 where there is none) and the file's own words.

    `inner` is the place inside of an archive ("lib/x.jar!/META-INF/MANIFEST.MF").
    """

    purl: str
    line: int
    quote: str
    inner: str = ""


def listed(
    kind: str, name: str, version: str, *, line: int = 0, quote: str = "", namespace: str = ""
) -> Listed | InputError:
    """A checked package of a kind of package URL ("pypi", "npm")."""
    if not name or not version:
        return InputError(f"a package without {'version' if name else 'name'}: {(quote or name)[:80]!r}")
    if max(len(name), len(version), len(namespace)) > MAX_NAME or re.search(
        r"\s", name + version + namespace
    ):
        return InputError(f"not a package: {name[:80]!r} {version[:80]!r}")
    try:
        purl = PackageURL(kind, namespace or None, name, version).to_string()
    except ValueError as error:
        return InputError(f"not a package: {error}")
    return Listed(purl, line, quote or f"{name} {version}")


def json_object(data: bytes) -> Mapping[str, Any]:
    """A whole file as one JSON object. Raises InputError."""
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not a JSON object: {error}") from error


def toml_table(data: bytes) -> Mapping[str, Any]:
    """A whole file as TOML. Raises InputError."""
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeError, RecursionError) as error:
        raise InputError(f"not TOML: {' '.join(str(error).split())[:200]}") from error


def line_of(data: bytes, *words: str) -> int:
    """The first line that holds the last of the words after all before it, 0 where none does."""
    place = 0
    for word in words:
        place = data.find(word.encode(), place)
        if place < 0:
            return 0
    return data.count(b"\n", 0, place) + 1


def objects(values: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, at most `MAX_LISTED`."""
    for value in values[:MAX_LISTED] if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield value


def word(value: object) -> str:
    """A string, or "" for anything else."""
    return value.strip() if isinstance(value, str) else ""
