"""Rows of an organisation whose users, devices, addresses and sessions hang together, made here."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from icelos.data.parse.flat import flat_fields
from icelos.jobs.logs.profile.rows import Row

_START = datetime(2025, 1, 6, tzinfo=UTC)


def made_rows(number: int, seed: int) -> list[Row]:
    """Sessions of 12 users on 10 days: each has two devices and two networks."""
    rng = random.Random(seed)
    found: list[Row] = []
    while len(found) < number:
        user = min(int(rng.expovariate(0.25)), 11)
        device = user * 2 + (rng.random() < 0.3)
        place = (user % 5, "office") if rng.random() < 0.8 else (user, "home")
        moment = _START + timedelta(days=rng.randrange(10), hours=8 + user % 3 + rng.random() * 8)
        session = rng.getrandbits(64)
        for _ in range(1 + min(int(rng.expovariate(0.4)), 8)):
            moment += timedelta(seconds=rng.expovariate(1 / 90))
            failed = rng.random() < (0.5 if place[1] == "home" else 0.1)
            fields = {
                "id": f"{rng.getrandbits(128):032x}",
                "time": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "user": {"name": f"user{user:02}@example.com", "id": f"{user * 7919 + 10**7}"},
                "device": {
                    "name": f"LT-{device:03}",
                    "system": ("Windows 11", "macOS 15", "iOS 18")[device % 3],
                },
                "address": f"192.0.{place[0]}.{len(place[1])}",
                "peer": f"192.0.{place[0]}.{len(place[1])}",
                "session": f"{session:016x}",
                "result": ("failure", "timeout")[rng.random() < 0.3] if failed else "success",
                "bytes": int(rng.lognormvariate(6, 1.5)),
            }
            if failed:
                fields["reason"] = ("password", "policy", "second factor")[user % 3]
            raw = msgspec.json.encode(fields)
            found.append(Row(raw, flat_fields(fields), f"made:{len(found) + 1}"))
    rng.shuffle(found)
    return found[:number]


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return made_rows(640, seed=1)


@pytest.fixture(scope="session")
def real(rows: list[Row]) -> list[Row]:
    return rows[:320]


@pytest.fixture(scope="session")
def other(rows: list[Row]) -> list[Row]:
    return rows[320:]
