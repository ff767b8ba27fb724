from __future__ import annotations

from icelos.contracts import Principal, Where
from icelos.jobs.copilot import relations
from icelos.jobs.copilot.facets import BY_NAME
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.subjects import subject
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
