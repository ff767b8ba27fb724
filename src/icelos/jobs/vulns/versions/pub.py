"""Dart's order of versions: SemVer 2.0, but builds count (https://pub.dev/documentation/pub_semver)."""

from __future__ import annotations

import re
from typing import Any

_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_NONE = (2,)


def key(version: str) -> tuple[Any, ...]:
    """What compares as the version does."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"not a version: {version!r}")
    numbers = tuple(int(number) for number in found[1].split("."))
    return numbers, _parts(found[2]) if found[2] else (_NONE,), _parts(found[3]) if found[3] else ()


def _parts(text: str) -> tuple[tuple[Any, ...], ...]:
    """Numbers come before words."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))
