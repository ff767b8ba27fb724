"""What stays in the tables after writes: nothing of what has been deleted."""

from __future__ import annotations

import sqlite3

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section

TABLES = (
    "documents", "versions", "bodies", "chunks", "names", "tags", "relations", "vectors", "words_docsize",
    "pages_docsize",
)  # fmt: skip


def test_deleting_everything_leaves_nothing(store: KnowledgeStore, catalogue: list[Document]) -> None:
    changed = msgspec.structs.replace(catalogue[0], sections=(Section("", "Rewritten."),))
    store.add([changed], collection="attack")
    store.delete([document.id for document in catalogue])
    database = sqlite3.connect(store.path)
    counts = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    for index in ("words", "pages"):
        database.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
        assert database.execute(f"SELECT rowid FROM {index} WHERE {index} MATCH 'password'").fetchall() == []
    database.close()
    assert set(counts.values()) == {0}, counts


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.text(max_size=40), st.booleans()), max_size=12))
def test_any_sequence_of_writes_leaves_one_current_version_each(
    store: KnowledgeStore, steps: list[tuple[int, str, bool]]
) -> None:
    expected: dict[str, str] = {}
    for number, text, removed in steps:
        identity = f"d{number}"
        if removed:
            store.delete([identity])
            expected.pop(identity, None)
        else:
            store.add([Document(id=identity, source="x", title="t", sections=(Section("", text),))])
            expected[identity] = text
    database = sqlite3.connect(store.path)
    found = database.execute(
        "SELECT d.id, count(*) FROM documents d JOIN versions v ON v.doc = d.doc AND v.valid_to IS NULL"
        " WHERE d.id LIKE 'd_' GROUP BY d.id"
    ).fetchall()
    database.close()
    assert dict(found) == dict.fromkeys(expected, 1)
    store.delete([f"d{n}" for n in range(4)])
