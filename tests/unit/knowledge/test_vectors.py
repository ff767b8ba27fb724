from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from icelos.errors import StoreError
from icelos.knowledge.vectors import Matrix, Vectors, of_chunks, pack, signs_of, unpack


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    opened.execute(
        "CREATE TABLE vectors (seq INTEGER PRIMARY KEY AUTOINCREMENT, chunk INTEGER UNIQUE, data BLOB)"
    )
    opened.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    opened.execute("INSERT INTO meta VALUES ('generation', '0')")
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
    before = matrix.refresh(database, "e")
    assert before is not None
    insert(database, 9)
    after = matrix.refresh(database, "e")
    assert after is not None
    assert after.chunks.tolist() == [7, 8, 9]
    assert after.rows[:, 0].tolist() == [7, 8, 9]
    assert before.chunks.tolist() == [7, 8], "a search under way keeps what it has"
    assert matrix.refresh(database, "e") is not None


def test_another_encoder_starts_anew(database: sqlite3.Connection) -> None:
    matrix = Matrix(2)
    insert(database, 7)
    matrix.refresh(database, "e")
    database.execute("DELETE FROM vectors")
    insert(database, 7)
    found = matrix.refresh(database, "f")
    assert found is not None
    assert found.chunks.tolist() == [7]


def test_more_than_fits_is_read_from_the_store(database: sqlite3.Connection) -> None:
    insert(database, *range(10, 20))
    assert Matrix(2, most=5).refresh(database, "e") is None
    found = of_chunks(database, [15, 12, 99], 2)
    assert found.chunks.tolist() == [12, 15]
    assert found.rows[:, 0].tolist() == [12, 15]
    assert of_chunks(database, [], 2).chunks.tolist() == []


def test_screening_by_signs_keeps_the_nearest() -> None:
    dice = np.random.default_rng(0)
    rows = dice.standard_normal((5_000, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = Vectors(np.arange(5_000), rows.astype(np.float16), signs_of(rows))
    asked = rows[17] + 0.03 * dice.standard_normal(384).astype(np.float32)
    visible = np.ones(5_000, bool)
    exact = set(np.argsort(-(rows @ asked))[:10].tolist())
    assert exact <= set(vectors.screened(asked, visible, 1_500).tolist())
    assert np.allclose(vectors.cosines(np.array([17]), asked), rows[17] @ asked, atol=1e-3)
    visible[17] = False
    assert 17 not in vectors.screened(asked, visible, 1_500).tolist()
    visible[:] = False
    assert vectors.screened(asked, visible).tolist() == []


def test_signs_of_any_width() -> None:
    rows = np.array([[1.0, -1.0, 2.0]], np.float32)
    assert signs_of(rows).shape == (1, 1)
    assert signs_of(np.ones((2, 384), np.float32)).shape == (2, 6)
