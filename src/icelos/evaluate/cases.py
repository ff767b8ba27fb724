"""Labelled questions, and how they are split: by hash, so that every run and machine splits alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

Half = Literal["tune", "test"]


class Case(msgspec.Struct, frozen=True):
    """One question and the documents that answer it. `id` is stable: the split hangs on it."""

    id: str
    query: str
    gold: frozenset[str]


def half(identity: str, *, salt: str = "half") -> Half:
    """Which half something belongs to: "tune" may be looked at, "test" is only ever measured."""
    return "tune" if _bucket(identity, salt) % 2 else "test"


def _bucket(identity: str, salt: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{salt}\0{identity}".encode(), digest_size=8).digest(), "big")


Item = TypeVar("Item", bound=Case)


def of_half(cases: Iterable[Item], wanted: Half, *, most: int | None = None) -> list[Item]:
    """The cases of one half in an order that is random and always the same, at most `most` of them."""
    chosen = [case for case in cases if half(case.id) == wanted]
    return sorted(chosen, key=lambda case: _bucket(case.id, "order"))[:most]
