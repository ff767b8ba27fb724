"""Roles and the rights that they give, and a principal that says how it signed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from icelos.contracts import Principal, Right
from icelos.errors import InputError


class Role(StrEnum):
    """What somebody is here for."""

    ADMIN = "admin"
    ANALYST = "analyst"
    READ_ONLY = "read-only"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.ANALYST: frozenset({Right.READ, Right.ASK, Right.WRITE, Right.RUN}),
    Role.READ_ONLY: frozenset({Right.READ, Right.ASK}),
}


class Signed(Principal, frozen=True):
    """A principal with how it signed in ("link", "password", "token 3fa9c1d2") and from which address.

    `user` is the name of an account, empty for the owner of the workspace.
    """

    how: str = ""
    address: str = ""
    user: str = ""

    @property
    def is_owner(self) -> bool:
        """Whether this is the owner of the workspace."""
        return not self.user


def role_of(name: str) -> Role:
    """Raises InputError for no role."""
    try:
        return Role(name)
    except ValueError as error:
        raise InputError(f"no role {name[:40]!r}", hint=", ".join(Role)) from error


def rights_of(names: Iterable[str]) -> frozenset[Right]:
    """Rights by their names. Raises InputError for what is none."""
    found = set()
    for name in names:
        try:
            found.add(Right(name))
        except ValueError as error:
            raise InputError(f"no right {name[:40]!r}", hint=", ".join(Right)) from error
    return frozenset(found)
