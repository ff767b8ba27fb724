"""Python's order of versions: PEP 440 by `packaging`, and before all of them what setuptools read earlier.

Old releases on PyPI have versions such as "0.1-bulbasaur". setuptools compared them part by part
(https://setuptools.pypa.io/en/latest/history.html, v8.0 and before): letters before numbers, "dev" and
pre-releases before the end.
"""

from __future__ import annotations

import re
from typing import Any

from packaging.version import InvalidVersion, Version

_LEGACY = re.compile(r"(?=.*[\d.])[\w.+!-]+")
"""A word alone ("unknown", "latest") is no version of anything."""
_PART = re.compile(r"\d+|[a-z]+|\.|-")
_SAME = {"pre": "c", "preview": "c", "rc": "c", "-": "final-", "dev": "@"}


def key(version: str) -> tuple[bool, Any]:
    """What compares as the version does; every legacy version is older than every PEP 440 one."""
    try:
        return True, Version(version)
    except InvalidVersion:
        return False, _legacy(version)


def _legacy(version: str) -> tuple[str, ...]:
    if not _LEGACY.fullmatch(version):
        raise ValueError(f"not a version: {version!r}")
    parts: list[str] = []
    for found in _PART.findall(version.lower()):
        part = _SAME.get(found, found)
        if part == ".":
            continue
        if part[0].isdigit():
            parts.append(part.zfill(8))
            continue
        if part < "final":
            while parts and parts[-1] == "*final-":
                parts.pop()
        while parts and parts[-1] == "00000000":
            parts.pop()
        parts.append("*" + part)
    return (*parts, "*final")
