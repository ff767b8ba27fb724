"""Rows of three kinds, with all that a grammar can learn: order, optional keys, types, formats, arrays."""

from __future__ import annotations

import json
import random
import uuid

import pytest

USERS = [("Ada Löw", "ada@example.org"), ("Bo Ek", "bo@example.org"), ("Cy Ng", "cy@example.org")]


def json_rows(count: int = 300, seed: int = 0) -> list[bytes]:
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        name, address = rng.choice(USERS)
        row: dict[str, object] = {
            "id": str(uuid.UUID(int=rng.getrandbits(128))),
            "time": f"2024-02-{rng.randint(1, 29):02}T{n % 24:02}:{n % 60:02}:07.{rng.randint(100, 999)}Z",
            "name": name,
            "user": address,
            "ip": f"{rng.randint(1, 223)}.{rng.randint(0, 255)}.0.{rng.randint(1, 254)}",
            "code": rng.choice([0, 0, 0, 50126]),
            "status": {"ok": rng.random() < 0.8, "took": rng.randint(3, 900), "note": None},
            "tags": rng.choice([[], ["a"], ["a", "b"]]),
        }
        if rng.random() < 0.3:
            row["agent"] = f'app/{rng.randint(1, 99)}.{rng.randint(0, 999)} ("x"; é\t)' * rng.randint(1, 2)
        rows.append(json.dumps(row, ensure_ascii=rng.random() < 0.5).encode())
    return rows


def cef_rows(count: int = 200) -> list[bytes]:
    rng = random.Random(1)
    rows = []
    for n in range(count):
        src = f"10.0.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
        extra = f" msg=from {src} to host\\={n}" if n % 3 else ""
        rows.append(
            f"Feb {n % 28 + 1} 10:00:{n % 60:02} fw1 CEF:0|Acme|Wall|1.0|{rng.choice('15')}00|drop|{n % 9}|"
            f"src={src} spt={rng.randint(1024, 65535)} suser=ada{extra}".encode()
        )
    return rows


def csv_rows(count: int = 200) -> list[bytes]:
    rng = random.Random(2)
    return [
        f'{1_700_000_000 + n},{rng.choice("xyz")},"a, {rng.randint(1, 9)}",{rng.random():.3f},'.encode()
        for n in range(count)
    ]


@pytest.fixture(scope="session")
def rows() -> list[bytes]:
    return json_rows()
