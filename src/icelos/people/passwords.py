"""Passwords: argon2id hashes (RFC 9106), and which ones are refused.

The rules follow NIST SP 800-63B: length counts, composition does not.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING

from icelos.errors import InputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1024
"""Characters."""
BESIDE_NAME = 8
"""Characters that must be left of a password without the user's name."""
DISTINCT = 5
AT_ONCE = 2
"""Hashes under way at once: each takes 64 MiB."""


class Passwords:
    """Hashes and checks. A check of nobody's password takes what a check of somebody's does."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._given = hasher
        self._turns = threading.Semaphore(AT_ONCE)

    def hashed(self, password: str) -> str:
        """The hash, with its parameters and salt, as argon2 writes it."""
        with self._turns:
            return self._hasher.hash(normal(password))

    def matches(self, known: str | None, password: str) -> bool:
        """Whether this is the password of a hash; without one, false after the same work."""
        from argon2.exceptions import InvalidHashError, VerificationError

        nobody = self._nobody  # made before it is told whether it is needed
        with self._turns:
            try:
                self._hasher.verify(nobody if known is None else known, normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return known is not None

    def outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(known)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        if self._given is not None:
            return self._given
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the password of nobody")


def normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")


def check(password: str, name: str) -> None:
    """Raises InputError for a password that is too short, or little more than the user's name."""
    text = normal(password)
    if len(text) < SHORTEST:
        raise InputError(f"the password is shorter than {SHORTEST} characters", hint="a few words are good")
    if len(text) > LONGEST:
        raise InputError(f"the password is longer than {LONGEST} characters")
    if len(text.casefold().replace(name.casefold(), "")) < BESIDE_NAME:
        raise InputError("the password is little more than the name")
    if len(set(text.casefold())) < DISTINCT:
        raise InputError("the password repeats itself", hint="a few words are good")
