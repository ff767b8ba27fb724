from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from icelos.errors import StoreError
from icelos.knowledge.vectors import Matrix, of_chunks, pack, unpack


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    opened.execute(
        "CREATE TABLE vectors (seq INTEGER PRIMARY KEY AUTOINCREMENT, chunk INTEGER UNIQUE, data BLOB)"
    )
    yield opened
    opened.close()


def insert(database: sqlite3.Connection, *chunks: int) -> None:
    rows = np.array([[chunk, 1.0] for chunk in chunks], np.float32)
    database.executemany(
        "INSERT INTO vectors (chunk, data) VALUES (?, ?)", zip(chunks, pack(rows), strict=True)
    )


def test_what_is_packed_comes_back() -> None:
    rows = np.array([[0.5, -0.25], [1.0, 0.0]], np.float32)
    assert unpack(pack(rows), 2).tolist() == rows.tolist()
    with pytest.raises(StoreError):
        unpack(pack(rows), 3)


def test_the_matrix_follows_the_store(database: sqlite3.Connection) -> None:
    matrix = Matrix(2)
    insert(database, 7, 8)
    found = matrix.refresh(database, "e")
    assert found is not None
    kept, _ = found
    insert(database, 9)
    again = matrix.refresh(database, "e")
    assert again is not None
    assert again[0].tolist() == [7, 8, 9]
    assert again[1][:, 0].tolist() == [7, 8, 9]
    assert kept.tolist() == [7, 8], "a search under way keeps what it has"


def test_another_encoder_starts_anew(database: sqlite3.Connection) -> None:
    matrix = Matrix(2)
    insert(database, 7)
    matrix.refresh(database, "e")
    database.execute("DELETE FROM vectors")
    insert(database, 7)
    found = matrix.refresh(database, "f")
    assert found is not None
    assert found[0].tolist() == [7]


def test_more_than_fits_is_read_from_the_store(database: sqlite3.Connection) -> None:
    insert(database, *range(10, 20))
    assert Matrix(2, most=5).refresh(database, "e") is None
    chunks, rows = of_chunks(database, [12, 15, 99], 2)
    assert sorted(chunks.tolist()) == [12, 15]
    assert sorted(rows[:, 0].tolist()) == [12, 15]
    assert of_chunks(database, [], 2)[0].tolist() == []
