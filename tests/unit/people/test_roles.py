"""Names of roles and rights are checked."""

from __future__ import annotations

import pytest

from icelos.contracts import Right
from icelos.errors import InputError
from icelos.people.roles import RIGHTS, Role, rights_of, role_of


def test_every_role_has_rights_and_only_admins_administer() -> None:
    assert set(RIGHTS) == set(Role)
    assert [role for role, rights in RIGHTS.items() if Right.ADMIN in rights] == [Role.ADMIN]


def test_unknown_ones_are_refused() -> None:
    assert rights_of(["read", "ask"]) == {Right.READ, Right.ASK}
    with pytest.raises(InputError, match="no right 'root'"):
        rights_of(["read", "root"])
    with pytest.raises(InputError, match="admin, analyst, read-only"):
        role_of("superuser")
