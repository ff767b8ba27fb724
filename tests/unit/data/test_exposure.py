from __future__ import annotations

import pytest

from icelos.data.exposure import listens, runs_as_root


@pytest.mark.parametrize(
    ("user", "root"),
    [("", True), ("root", True), ("0", True), ("0:0", True), ("root:staff", True), (" 00 ", True),
     ("1000", False), ("nobody", False), ("65532:0", False), ("rooty", False), ("٠", False)],
)  # fmt: skip
def test_root(user: str, root: bool) -> None:
    assert runs_as_root(user) is root


def test_no_exposed_port_proves_nothing() -> None:
    assert listens(("8080/tcp",)) is True
    assert listens(()) is None
