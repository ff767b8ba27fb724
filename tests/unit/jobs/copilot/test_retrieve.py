from __future__ import annotations

from icelos.contracts import Principal, Where
from icelos.jobs.copilot import retrieve
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.understand import understand
from icelos.knowledge.store import KnowledgeStore


def test_evidence_says_what_was_found_and_why(reader: Reader) -> None:
    query = understand("slow rattling on doors", lookup=reader.lookup)
    evidence = retrieve.gather(query, reader, passages=4)
    explained = evidence.explained()
    assert explained[0]["title"].startswith("T9001.002")
    assert explained[0]["why"]
    assert evidence.weights["rattl"] > 0


def test_names_written_small(reader: Reader) -> None:
    assert reader.is_name("locksnail")
    assert not reader.is_name("door")


def test_mentions_are_not_names(store: KnowledgeStore) -> None:
    reader = Reader(store, Principal("ann"), Where())
    query = understand("what is CWE-9121 and CWE-9122?", lookup=reader.lookup)
    told = retrieve.with_mentions(query, reader)
    assert told.mentioned == ("CWE-9121",)
    assert told.unknown == ("CWE-9122",)


def test_filters_hold_for_relations(store: KnowledgeStore) -> None:
    reader = Reader(store, Principal("ann"), Where(kinds=("group",)))
    assert {one.hit.kind for one in reader.related("T9001.002")} == {"group"}


def test_empty_for_who_may_read_nothing(store: KnowledgeStore) -> None:
    store.set_groups(["soc"], collection="field")
    assert Reader(store, Principal("eve"), Where()).is_empty()
    assert not Reader(store, Principal("ann", frozenset({"soc"})), Where()).is_empty()
