from __future__ import annotations

import sqlite3

import pytest

from icelos.contracts import Principal
from icelos.errors import StoreError
from icelos.knowledge.store import KnowledgeStore


@pytest.mark.parametrize("chunk", ["", "c", "1", "c-1", "c1 OR 1=1", "c" + "9" * 40, "c²", "x1", "c99"])
def test_ids_that_are_none_find_nothing(store: KnowledgeStore, ann: Principal, chunk: str) -> None:
    assert store.passage(chunk, principal=ann) is None


def test_passages_come_in_order(store: KnowledgeStore, ann: Principal) -> None:
    found = store.passages("T1110", principal=ann)
    assert [hit.chunk_id for hit in found] == ["c1"]
    assert store.passages("nobody knows", principal=ann) == []


def test_a_broken_body_is_named(store: KnowledgeStore, ann: Principal) -> None:
    database = sqlite3.connect(store.path)
    database.execute("UPDATE bodies SET body = x'00' WHERE vid = 1")
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="'T1110' is broken"):
        store.document("T1110", principal=ann)
    assert store.search("brute force", principal=ann), "search does not need it"
