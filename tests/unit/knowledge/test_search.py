from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.contracts import Principal
from icelos.knowledge.search import Tuning
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section

Make = Callable[..., Document]


@pytest.fixture
def mixed(make: Make) -> list[Document]:
    """A technique with many like examples, one with a single nearer example, and a short runbook."""
    many = tuple(
        Section("Example", f"Actor {n} dumped credentials from memory with a tool.") for n in range(8)
    )
    one = (Section("Example", "Actor dumped credentials from a browser cache quietly."),)
    return [
        make("many", title="Memory", sections=many),
        make("one", title="Browser", sections=one),
        make(
            "runbook", "When credentials were dumped from memory, reset them all.", title="Reset stolen keys"
        ),
        *(make(f"other-{n}", f"Unrelated text number {n} quietly about weather.") for n in range(20)),
    ]


def best(store: KnowledgeStore, query: str) -> str:
    return store.search(query, principal=Principal("x"))[0].document_id


def test_passages_that_agree_outvote_one(tmp_path: Path, mixed: list[Document]) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(mixed)
        vague = "somebody quietly dumped credentials out of process space using malware yesterday"
        assert best(store, vague) == "many"
    alone = Tuning(votes=(1.0,), page_weights=(0.0, 0.0))
    with KnowledgeStore(tmp_path / "alone.sqlite", tuning=alone) as store:
        store.add(mixed)
        assert best(store, vague) == "one", "by its best passage alone the other one is nearer"


def test_one_passage_that_says_it_all_is_not_outvoted(tmp_path: Path, mixed: list[Document]) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(mixed)
        assert best(store, "credentials were dumped from memory reset them all") == "runbook"
        assert best(store, "reset stolen keys") == "runbook"


def test_the_power_goes_with_the_coverage() -> None:
    tuning = Tuning(powers=(2.0, 10.0), coverages=(0.5, 1.0))
    assert [tuning.power(c) for c in (0.0, 0.5, 0.75, 1.0, 2.0)] == [2.0, 2.0, 6.0, 10.0, 10.0]


def test_several_passages_of_one_document_on_demand(tmp_path: Path, mixed: list[Document]) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(mixed)
        hits = store.search("credentials from memory", k=5, per_document=3, principal=Principal("x"))
        assert [hit.document_id for hit in hits].count("many") == 3
        assert len(store.search("credentials", k=2, principal=Principal("x"))) == 2


def test_every_hit_says_why(tmp_path: Path, mixed: list[Document]) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(mixed)
        for hit in store.search("credentials from memory", principal=Principal("x")):
            assert set(hit.why) <= {"exact", "lexical", "dense", "page", "name"}
            assert hit.why


def test_a_named_document_that_shares_no_word_is_still_first(tmp_path: Path, make: Make) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add([make("a", "credentials from memory", identifiers=("KB-1",)), make("b", "KB-2 in text")])
        assert best(store, "kb-1") == "a"
        assert best(store, "what does KB-2 say") == "b"


def test_a_principal_who_may_read_little_is_not_starved(tmp_path: Path, make: Make) -> None:
    """The best matches of all are hidden; the few that may be read are found below thousands of them."""
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(make(f"s{n}", "password " * 5, groups=("soc",)) for n in range(3_000))
        store.add([make("open", "a password among very many other words of a long text " * 5)])
        assert [h.document_id for h in store.search("password", principal=Principal("x"))] == ["open"]
