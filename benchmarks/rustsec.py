"""RustSec's own records as OSV advisories, for what is measured on its repository rather than on its feed.

Bounds are half-open: "> 1.2.3" and "<= 1.2.3" turn at 1.2.4, as no release lies between
(https://github.com/rustsec/advisory-db, "Advisory Format").
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Version = tuple[int, int, int, bool, str]
Interval = tuple[Version, Version]

START: Version = (0, 0, 0, False, "")
END: Version = (10**9, 0, 0, True, "")
_PART = re.compile(r"(>=|<=|>|<|=|\^|~)?\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\w.-]+))?")


def advisories(path: Path) -> Iterator[dict[str, Any]]:
    """OSV advisories of a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            told, affected = record["advisory"], record.get("affected") or {}
            events = list(_events(_unaffected(record["versions"])))
            yield {
                "id": told["id"], "aliases": told.get("aliases", []), "details": record["markdown"],
                "withdrawn": told.get("withdrawn"), "modified": told["date"],
                "affected": [{
                    "package": {"ecosystem": "crates.io", "name": told["package"]},
                    "ranges": [{"type": "SEMVER", "events": events}] if events else [],
                    "ecosystem_specific": {"affects": {"os": affected.get("os", [])}},
                }],
            }  # fmt: skip


def _unaffected(versions: dict[str, list[str]]) -> list[Interval]:
    """What is patched or never was affected, in order."""
    texts = [*versions.get("patched", []), *versions.get("unaffected", [])]
    return sorted(_interval(text) for text in texts)


def _interval(text: str) -> Interval:
    low, high = START, END
    for part in text.split(","):
        found = _PART.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"not a requirement: {text!r}")
        sign, numbers, before = found[1] or "^", [int(n or 0) for n in found.groups()[1:4]], found[5] or ""
        version: Version = (numbers[0], numbers[1], numbers[2], not before, before)
        after: Version = (numbers[0], numbers[1], numbers[2] + 1, False, "")
        if sign in {">=", "=", "^", "~"}:
            low = version
        if sign == ">":
            low = after
        high = {"<": version, "<=": after, "=": after, "^": _next(numbers), "~": _minor(numbers)}.get(
            sign, high
        )
    return low, high


def _next(numbers: list[int]) -> Version:
    """Before what a caret ends: the next change of the first number that is not zero."""
    if numbers[0]:
        return numbers[0] + 1, 0, 0, False, ""
    return (0, numbers[1] + 1, 0, False, "") if numbers[1] else (0, 0, numbers[2] + 1, False, "")


def _minor(numbers: list[int]) -> Version:
    return numbers[0], numbers[1] + 1, 0, False, ""


def _events(unaffected: list[Interval]) -> Iterator[dict[str, str]]:
    """What lies between."""
    at = START
    for low, high in unaffected:
        if low > at:
            yield {"introduced": _text(at) if at != START else "0"}
            yield {"fixed": _text(low)}
        at = max(at, high)
    if at < END:
        yield {"introduced": _text(at) if at != START else "0"}


def _text(version: Version) -> str:
    numbers = ".".join(map(str, version[:3]))
    return f"{numbers}-{version[4]}" if version[4] else numbers
