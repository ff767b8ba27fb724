"""Users in one SQLite file: roles, groups, argon2 passwords, API tokens.

    people = People(workspace.people)
    people.add("ann", role=Role.ANALYST, groups=["soc"], password="three or four words")
    people.sign_in("ann", "three or four words")

What is changed here counts from the next request on, in every process: nothing of it is remembered.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from icelos.errors import InputError
from icelos.people import passwords
from icelos.people.database import Database
from icelos.people.passwords import Passwords
from icelos.people.roles import RIGHTS, Role, Signed
from icelos.people.tokens import Tokens

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, groups TEXT NOT NULL, password TEXT NOT NULL,
  disabled INTEGER NOT NULL, epoch INTEGER NOT NULL, made REAL NOT NULL, signed_in REAL) STRICT;
CREATE TABLE IF NOT EXISTS former (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS places (
  user TEXT NOT NULL, address TEXT NOT NULL, seen REAL NOT NULL, PRIMARY KEY (user, address)) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, label TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL, made REAL NOT NULL, expires REAL NOT NULL, used REAL) STRICT;
CREATE INDEX IF NOT EXISTS tokens_of_user ON tokens (user);
"""
_COLUMNS = "name, role, groups, disabled, epoch, made, signed_in"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
GROUP_LIMIT = 100
PLACES = 20
"""Addresses that are remembered of one user."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with an account. A session holds as long as `epoch` is what it was at its beginning."""

    name: str
    role: Role
    groups: tuple[str, ...] = ()
    disabled: bool = False
    epoch: int = 0
    made: datetime
    signed_in: datetime | None = None

    def principal(self, how: str, address: str = "") -> Signed:
        """Who asks, with what their role and groups give now."""
        return Signed(self.name, frozenset(self.groups), RIGHTS[self.role], how, address, self.name)


class People:
    """The users of a workspace. Safe to share between threads; raises StoreError throughout."""

    def __init__(
        self, path: Path, *, clock: Callable[[], float] = time.time, hashing: Passwords | None = None
    ) -> None:
        self._clock = clock
        self._passwords = hashing or Passwords()
        self._database = Database(path, SCHEMA)
        self.tokens = Tokens(self._database, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # ---- who there is

    def user(self, name: str) -> User | None:
        """One by name."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM users WHERE name = ?", (name,))  # noqa: S608 - our own words
        return _user(row) if row else None

    def users(self) -> list[User]:
        """All, by name."""
        return [_user(row) for row in self._database.rows(f"SELECT {_COLUMNS} FROM users ORDER BY name")]  # noqa: S608 - our own words

    def add(
        self, name: str, *, role: Role, groups: Iterable[str] = (), password: str, returns: bool = False
    ) -> User:  # fmt: skip
        """A new user. A name that somebody had before is given again only where they return.

        Raises InputError for a name, group or password that is refused.
        """
        name, names = checked_name(name), checked_groups(groups)
        passwords.check(password, name)
        hashed = self._passwords.hashed(password)
        with self._database.transaction() as database:
            if database.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone():
                raise InputError(f"there is a user {name!r} already")
            former = database.execute("SELECT epoch FROM former WHERE name = ?", (name,)).fetchone()
            if former and not returns:
                hint = "what they left behind is kept by name: give another one, or say that they return"
                raise InputError(f"{name!r} was somebody's name", hint=hint)
            row = (name, role.value, _json(names), hashed, former[0] + 1 if former else 0, self._clock())
            database.execute("INSERT INTO users VALUES (?, ?, ?, ?, 0, ?, ?, NULL)", row)
        return self._found(name)

    def change(
        self, name: str, *, role: Role | None = None, groups: Iterable[str] | None = None,
        disabled: bool | None = None,
    ) -> User:  # fmt: skip
        """Change what is given; who is disabled is signed out. Raises InputError for no such user."""
        names = None if groups is None else _json(checked_groups(groups))
        with self._database.transaction() as database:
            found = database.execute(
                "UPDATE users SET role = coalesce(?, role), groups = coalesce(?, groups),"
                " disabled = coalesce(?, disabled), epoch = epoch + coalesce(?, 0) WHERE name = ?",
                (role and role.value, names, disabled, disabled, name),
            ).rowcount
            _check_found(found, name)
        return self._found(name)

    def remove(self, name: str) -> None:
        """Remove a user with their tokens. Raises InputError where there is no such user."""
        with self._database.transaction() as database:
            row = database.execute("SELECT epoch FROM users WHERE name = ?", (name,)).fetchone()
            _check_found(row, name)
            database.execute("INSERT OR REPLACE INTO former VALUES (?, ?)", (name, row[0]))
            for table, column in (("users", "name"), ("places", "user"), ("tokens", "user")):
                database.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608 - our own words

    # ---- signing in

    def sign_in(self, name: str, password: str) -> User | None:
        """The user, where the password is theirs and they are not disabled.

        It takes as long for a name that nobody has.
        """
        row = self._database.row("SELECT password FROM users WHERE name = ?", (name,))
        if not self._passwords.matches(row[0] if row else None, password):
            return None
        user = self.user(name)
        if user is None or user.disabled or row is None:
            return None
        renewed = self._passwords.hashed(password) if self._passwords.outdated(row[0]) else row[0]
        with self._database.transaction() as database:
            database.execute("UPDATE users SET signed_in = ? WHERE name = ?", (self._clock(), name))
            database.execute(
                "UPDATE users SET password = ? WHERE name = ? AND password = ?", (renewed, name, row[0])
            )
        return user

    def set_password(self, name: str, password: str) -> User:
        """A new password; every session ends. Raises InputError for one that is refused."""
        self._found(name)
        passwords.check(password, name)
        hashed = self._passwords.hashed(password)
        with self._database.transaction() as database:
            query = "UPDATE users SET password = ?, epoch = epoch + 1 WHERE name = ?"
            _check_found(database.execute(query, (hashed, name)).rowcount, name)
        return self._found(name)

    def sign_out_everywhere(self, name: str) -> None:
        """End every session of a user. Raises InputError where there is no such user."""
        with self._database.transaction() as database:
            query = "UPDATE users SET epoch = epoch + 1 WHERE name = ?"
            _check_found(database.execute(query, (name,)).rowcount, name)

    def remember_place(self, name: str, address: str) -> None:
        """Somebody has signed in from this address: the wrong tries of others do not keep them out there."""
        with self._database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (name, address, self._clock()))
            database.execute(
                "DELETE FROM places WHERE user = ?1 AND address NOT IN"
                " (SELECT address FROM places WHERE user = ?1 ORDER BY seen DESC LIMIT ?2)",
                (name, PLACES),
            )

    def knows_place(self, name: str, address: str) -> bool:
        """Whether a user has signed in from this address before."""
        return (
            self._database.row("SELECT 1 FROM places WHERE user = ? AND address = ?", (name, address))
            is not None
        )

    def _found(self, name: str) -> User:
        user = self.user(name)
        _check_found(user, name)
        assert user is not None  # noqa: S101 - for the type checker
        return user


def checked_name(name: str) -> str:
    """A name as it is kept, in lower case. Raises InputError."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        hint = "1 to 64 of: a to z, 0 to 9, and . _ @ + - behind the first"
        raise InputError(f"no name for a user: {name[:70]!r}", hint=hint)
    return name


def checked_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """Groups, each once and in order. Raises InputError for one that is empty, too long or not printable."""
    names = {group.strip() for group in groups}
    for name in names:
        if not name or len(name) > GROUP_LIMIT or not name.isprintable() or "," in name:
            raise InputError(f"no name for a group: {name[:40]!r}", hint="1 to 100 characters, no comma")
    return tuple(sorted(names))


def _check_found(found: object, name: str) -> None:
    if not found:
        raise InputError(f"no user {name[:70]!r}", hint="`icelos users list` names all")


def _json(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _user(row: tuple[Any, ...]) -> User:
    name, role, groups, disabled, epoch, made, signed_in = row
    return User(
        name=name, role=Role(role), groups=tuple(msgspec.json.decode(groups)), disabled=bool(disabled),
        epoch=epoch, made=moment(made), signed_in=None if signed_in is None else moment(signed_in),
    )  # fmt: skip


def moment(seconds: float) -> datetime:
    """A time of the store."""
    return datetime.fromtimestamp(seconds, UTC)
