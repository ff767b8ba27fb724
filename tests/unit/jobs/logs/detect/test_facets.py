"""Which fields of a log are watched."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from icelos.errors import InputError
from icelos.jobs.logs.detect.facets import learn_layout
from icelos.jobs.logs.profile.rows import Row


def rows(*, towns: int, at_home: float = 0.9) -> Iterator[Row]:
    """Rows of twenty users of some towns, each with a machine of their own."""
    rng = random.Random(1)
    for number in range(4000):
        user = rng.randrange(20)
        fields: dict[str, str | int | float | bool | None] = {
            "time": f"2026-01-{1 + number // 200:02d}T10:00:00Z", "user": f"user{user}",
            "town": f"town{user % towns if rng.random() < at_home else rng.randrange(towns)}",
            "machine": f"machine{user}", "operation": rng.choice(["read", "write", "send"]),
        }  # fmt: skip
        yield Row(msgspec.json.encode(fields), fields, f"log:{number + 1}")


def test_peers_are_users_of_the_same_town() -> None:
    layout = learn_layout(rows(towns=4))
    assert layout.user == "user"
    assert {"town", "operation"} <= set(layout.facets)
    assert layout.peers == "town"


@pytest.mark.parametrize(("towns", "at_home"), [(20, 1.0), (1, 1.0), (4, 0.3)])
def test_there_are_no_peers_where_nothing_is_shared_by_some(towns: int, at_home: float) -> None:
    assert learn_layout(rows(towns=towns, at_home=at_home)).peers == ""


def test_no_rows_and_no_user() -> None:
    with pytest.raises(InputError, match="no rows"):
        learn_layout([])
    with pytest.raises(InputError, match="names a user"):
        learn_layout([Row(b'{"a":"b"}', {"a": "b"}, "log:1")])
