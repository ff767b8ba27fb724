from __future__ import annotations

from icelos.contracts import Principal, Where
from icelos.jobs.copilot import relations
from icelos.jobs.copilot.facets import BY_NAME, Edge
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.subjects import called, subject
from icelos.jobs.copilot.understand import name_entities
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section


def test_between_two_named_things(reader: Reader) -> None:
    left, right = name_entities("Quiet Otter LockSnail", reader.lookup)
    texts = [draft.text for draft in relations.between(left, right, reader, most=3)]
    assert texts == ["S9055 LockSnail: Used by: Quiet Otter (G9007)."]


def test_a_relation_that_no_line_states_is_not_told(store: KnowledgeStore) -> None:
    store.add([
        Document(
            id="rule/x", source="x", title="Silent Rule", kind="rule", identifiers=("x-1-rule",),
            sections=(Section("Description", "Says nothing of what it is for."),),
            relations=(Relation("detects", "S9055"),),
        )
    ])  # fmt: skip
    reader = Reader(store, Principal("ann"), Where())
    thing = subject(name_entities("S9055", reader.lookup)[0], reader)
    assert relations.related(thing, BY_NAME["rules"], reader, most=5) == []


def test_many_are_listed_and_the_rest_is_said_to_be_there(store: KnowledgeStore) -> None:
    store.add(
        Document(
            id=f"rule/{n}", source="x", title=f"Door Rule {n}", kind="rule", identifiers=(f"r-{n}-rule",),
            sections=(Section("Details", "Techniques: T9001.002"),),
            relations=(Relation("detects", "T9001.002"),),
        )
        for n in range(40)
    )  # fmt: skip
    reader = Reader(store, Principal("ann"), Where())
    thing = subject(name_entities("T9001.002", reader.lookup)[0], reader)
    drafts = relations.related(thing, BY_NAME["rules"], reader, most=2)
    assert len(drafts) == 2
    assert drafts[0].text.startswith("T9001.002 is detected by: ")
    assert drafts[-1].text.endswith(", and more.")
    assert len(drafts[0].quotes) == relations.NAMES_IN_LIST


def test_a_list_calls_a_thing_by_the_name_that_its_quotes_hold(store: KnowledgeStore) -> None:
    store.add(
        Document(
            id=f"technique/T80{n}", source="x", title=f"T80{n} Window {n}", kind="technique",
            identifiers=(f"T80{n}",),
            sections=(Section("Procedure examples", f"LockSnail (S9055): LockSnail opened window {n}."),),
            relations=(Relation("used-by", "S9055"),),
        )
        for n in range(10, 15)
    )  # fmt: skip
    store.add([
        Document(
            id="software/S9056", source="x", title="S9056", kind="software", identifiers=("S9056",),
            sections=(Section("Description", "It has no name of its own but a number."),),
        )
    ])  # fmt: skip
    reader = Reader(store, Principal("ann"), Where())
    hit = reader.lookup("S9055")[0]
    stated = relations._statements(
        subject(name_entities("S9055", reader.lookup)[0], reader), hit, Edge("used-by"), reader, most=9
    )
    told = relations._listed(stated, hit, Edge("uses", "out"), BY_NAME["techniques"])
    assert told.text.startswith("LockSnail (S9055) uses: T8010 Window 10, ")
    assert called(reader.lookup("S9056")[0]) == "S9056"
