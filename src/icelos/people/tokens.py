"""API tokens: random, kept as hashes, with scopes and an end.

A token is `icelos_` and 256 random bits. Who makes it sees it once. What it may do is what its user may do
at that moment and its scopes name.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from icelos.contracts import Right
from icelos.errors import InputError
from icelos.people.database import Database

PREFIX = "icelos_"
LONGEST = timedelta(days=366)
MOST = 50
"""Tokens that one user may have."""
LABEL_LIMIT = 100
USED_SECONDS = 60.0
"""How exactly the last use is kept: not every request writes."""
_COLUMNS = "id, user, label, scopes, made, expires, used"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token, its secret excepted. `user` is empty for the owner of the workspace."""

    id: str
    user: str
    label: str
    scopes: tuple[Right, ...]
    made: datetime
    expires: datetime
    used: datetime | None = None


class Tokens:
    """The tokens of all users. Raises StoreError throughout."""

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def create(
        self, user: str, *, label: str, scopes: Iterable[Right], lifetime: timedelta
    ) -> tuple[str, Token]:
        """A new token and what is known of it. `user` is empty for the owner of the workspace.

        Raises InputError for no scope, an empty label, a lifetime out of bounds, and too many tokens.
        """
        label, names = " ".join(label.split()), sorted(set(scopes))
        if not label or len(label) > LABEL_LIMIT or not label.isprintable():
            raise InputError(
                "a token needs a label", hint=f"what it is for, in 1 to {LABEL_LIMIT} characters"
            )
        if not names:
            raise InputError("a token needs a scope", hint=", ".join(Right))
        if not timedelta(0) < lifetime <= LONGEST:
            raise InputError("no lifetime for a token", hint=f"up to {LONGEST.days} days")
        secret, number = PREFIX + secrets.token_urlsafe(32), secrets.token_hex(4)
        now = self._clock()
        row = (
            number, user, label, _hash(secret), msgspec.json.encode(names).decode(), now,
            now + lifetime.total_seconds(),
        )  # fmt: skip
        with self._database.transaction() as database:
            database.execute("DELETE FROM tokens WHERE user = ? AND expires <= ?", (user, now))
            count = database.execute("SELECT count(*) FROM tokens WHERE user = ?", (user,)).fetchone()[0]
            if count >= MOST:
                raise InputError(f"{MOST} tokens are enough", hint="revoke one that is not used any more")
            database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)
        found = self._database.row(f"SELECT {_COLUMNS} FROM tokens WHERE id = ?", (number,))  # noqa: S608 - our own words
        if found is None:
            raise InputError("the token was revoked at once")
        return secret, _token(found)

    def find(self, secret: str) -> Token | None:
        """What a secret stands for; None where it is wrong, revoked or has ended."""
        if not secret.startswith(PREFIX):
            return None
        query = f"SELECT {_COLUMNS} FROM tokens WHERE hash = ? AND expires > ?"  # noqa: S608 - our own words
        row = self._database.row(query, (_hash(secret), self._clock()))
        return _token(row) if row else None

    def needs_mark(self, token: Token) -> bool:
        """Whether the last use that is known is old."""
        return token.used is None or self._clock() - token.used.timestamp() >= USED_SECONDS

    def mark_used(self, token: Token) -> None:
        """Keep that a token was used now."""
        with self._database.transaction() as database:
            database.execute("UPDATE tokens SET used = ? WHERE id = ?", (self._clock(), token.id))

    def listed(self, user: str | None = None) -> list[Token]:
        """The tokens of one user, or all, the newest first; those that have ended among them."""
        which, values = ("", ()) if user is None else ("WHERE user = ?", (user,))
        query = f"SELECT {_COLUMNS} FROM tokens {which} ORDER BY made DESC, id"  # noqa: S608 - our own words
        return [_token(row) for row in self._database.rows(query, values)]

    def revoke(self, number: str, *, user: str | None = None) -> Token:
        """Remove a token, of one user where named. Raises InputError where there is none."""
        with self._database.transaction() as database:
            query = f"DELETE FROM tokens WHERE id = ? AND user = coalesce(?, user) RETURNING {_COLUMNS}"  # noqa: S608 - our own words
            row = database.execute(query, (number, user)).fetchone()
        if row is None:
            raise InputError(f"no token {number[:40]!r}", hint="its id stands in the list of tokens")
        return _token(row)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: tuple[Any, ...]) -> Token:
    number, user, label, scopes, made, expires, used = row
    return Token(
        id=number, user=user, label=label, scopes=tuple(Right(one) for one in msgspec.json.decode(scopes)),
        made=_moment(made), expires=_moment(expires), used=None if used is None else _moment(used),
    )  # fmt: skip


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
