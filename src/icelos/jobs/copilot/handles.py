"""Opaque handles for one answer ("K7f2"): never ordinals, so that a model cannot guess them.

They follow from the question and the passage, so that the same question of the same passages is the same
prompt, and a cache of replies can answer it.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_UPPER = "ABDEFHJKLNPQRUVWXYZ"  # without the letters that begin ATT&CK identifiers (C G M S T) and I, O
_LOWER = "abcdefghjkmnpqrstuvwxyz"
_DIGITS = "23456789"
HANDLE = re.compile(r"[A-Z][0-9][a-z][0-9]")
_BRACKETS = re.compile(r"\s?[\[【(]([A-Za-z0-9,;\s]{1,80})[\]】)]")


class Handles:
    """The handles of one answer: key (a chunk and its quote) <-> handle."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._by_key: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def of(self, key: str) -> str:
        """The handle of a key, made when first asked for."""
        if key not in self._by_key:
            attempt = 0
            while (handle := _derived(self._seed, key, attempt)) in self._keys:
                attempt += 1
            self._by_key[key] = handle
            self._keys[handle] = key
        return self._by_key[key]

    def key(self, handle: str) -> str | None:
        """What a handle stands for; None for one that was never given out."""
        return self._keys.get(handle)


def _derived(*parts: object) -> str:
    digest = blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).digest()
    number, letters = int.from_bytes(digest), []
    for alphabet in (_UPPER, _DIGITS, _LOWER, _DIGITS):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def cited(text: str, handles: Handles) -> tuple[str, tuple[str, ...]]:
    """A model's sentence without its bracketed handles, and those of them that exist.

    Brackets that hold nothing like a handle (an ordinal such as "[1]" does count as one) stay.
    """
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        names = [name for name in re.split(r"[,;\s]+", match.group(1)) if name]
        if not all(HANDLE.fullmatch(name) or _is_ordinal(name, match.group()) for name in names):
            return match.group()
        found.extend(name for name in names if handles.key(name) and name not in found)
        return ""

    return re.sub(r"\s+([.!?])$", r"\1", _BRACKETS.sub(take, text).strip()), tuple(found)


def _is_ordinal(name: str, bracketed: str) -> bool:
    return name.isdigit() and len(name) <= 2 and bracketed.strip()[0] in "[【"
