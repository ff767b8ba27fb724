"""Nobody finds what they may not read: generated questions by generated principals over a fixed store."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.contracts import Hit, Principal, Where
from icelos.knowledge.access import matching, readable
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder
from icelos.records import Document, Relation, Section

Make = Callable[..., Document]

GROUPS = ("soc", "admins", "legal", "board", "it's; DROP TABLE scopes --")
COLLECTIONS = {"open": (), "cases": ("soc", "legal"), "hr": ("board",)}
WORDS = ("password", "account", "overflow", "phishing", "invoice", "merger", "salary", "beacon", "driver")


class World:
    """The store, and what is true of it, kept apart from the store's own tables."""

    def __init__(self, store: KnowledgeStore) -> None:
        self.store = store
        self.groups: dict[str, tuple[str, ...]] = {}
        self.collection: dict[str, str] = {}
        self.chunks: dict[str, str] = {}
        self.times = [datetime.now(UTC)]

    def readable(self, document: str, principal: Principal) -> bool:
        both = (self.groups[document], COLLECTIONS[self.collection[document]])
        return all(not groups or principal.groups & set(groups) for groups in both)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, make: Make, encoder: Encoder) -> Iterator[World]:
    path = tmp_path_factory.mktemp("access") / "k.sqlite"
    with KnowledgeStore(path, encoder=encoder) as store:
        yield _filled(World(store), make)


def _filled(world: World, make: Make) -> World:
    """60 documents with random readers; half are changed once, some are moved to other readers by hand."""
    dice = random.Random(7)
    everyone = Principal("everyone", frozenset(GROUPS))
    for name, groups in COLLECTIONS.items():
        world.store.set_groups(groups, collection=name)
    for number in range(60):
        identity = f"D-{number}"
        world.groups[identity] = tuple(sorted(dice.sample(GROUPS, dice.choice((0, 0, 1, 2)))))
        world.collection[identity] = dice.choice(list(COLLECTIONS))
        document = make(
            identity, sections=(Section("One", _text(dice)), Section("Two", _text(dice))),
            identifiers=(identity,), aliases=(f"alias {number}",), groups=world.groups[identity],
            relations=tuple(Relation("see", f"D-{dice.randrange(60)}") for _ in range(3)), title=_text(dice),
        )  # fmt: skip
        world.store.add([document], collection=world.collection[identity], path=f"p{number % 5}")
        if number % 2:
            changed = msgspec.structs.replace(document, sections=(Section("One", _text(dice)),))
            world.store.add([changed], collection=world.collection[identity], path=f"p{number % 5}")
        if number % 10 == 0:
            world.groups[identity] = (dice.choice(GROUPS),)
            world.store.set_groups(world.groups[identity], document_id=identity)
        world.times.append(datetime.now(UTC))
    world.store.embed_pending()
    for identity in world.groups:
        for version in (1, 2):
            for hit in world.store.passages(identity, version=version, principal=everyone):
                world.chunks[hit.chunk_id] = identity
    assert set(world.chunks.values()) == set(world.groups), "the test must know every passage"
    return world


def _text(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=8))


principals = st.builds(
    Principal,
    st.sampled_from(["ann", "bob", "", "D-1"]),
    st.frozensets(st.sampled_from((*GROUPS, "", "none")), max_size=3),
)


@st.composite
def wheres(draw: st.DrawFn) -> Where:
    return Where(
        kinds=draw(st.sampled_from([(), ("document",)])),
        collections=draw(st.sampled_from([(), ("hr",), ("cases", "hr")])),
        as_of=draw(st.one_of(st.none(), st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)))),
    )


@pytest.mark.timeout(300)
@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    principal=principals,
    where=wheres(),
    query=st.one_of(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
        st.integers(0, 59).map(lambda n: f"what about D-{n} and password"),
    ),
    number=st.integers(0, 59),
    version=st.sampled_from([None, 1, 2]),
    moment=st.integers(0, 60),
    data=st.data(),
)
def test_no_leaks(
    world: World, principal: Principal, where: Where, query: str, number: int, version: int | None,
    moment: int, data: st.DataObject,
) -> None:  # fmt: skip
    """1,500 examples of 7 queries each: more than 10,000 generated queries."""
    store, identity = world.store, f"D-{number}"
    if where.as_of is not None:
        where = msgspec.structs.replace(where, as_of=world.times[moment])
    may = world.readable(identity, principal)

    def check(hits: list[Hit]) -> None:
        for hit in hits:
            assert world.readable(hit.document_id, principal), f"{principal} saw {hit.document_id}"

    check(store.search(query, k=60, where=where, principal=principal))
    check(store.lookup(identity, where=where, principal=principal))
    check([related.hit for related in store.related(identity, principal=principal)])
    check(store.passages(identity, version=version, principal=principal))
    found = store.document(identity, version=version, principal=principal)
    assert found is None or may
    assert (store.document(identity, principal=principal) is not None) == may, (
        "what may be read must be there"
    )
    chunk = data.draw(st.sampled_from(sorted(world.chunks)))
    passage = store.passage(chunk, principal=principal)
    assert (passage is not None) == world.readable(world.chunks[chunk], principal)
    counted = sum(source.documents for source in store.sources(principal=principal))
    assert counted == sum(world.readable(each, principal) for each in world.groups)


def test_what_may_be_read_is_found(world: World) -> None:
    """Failing closed is no excuse for finding nothing."""
    for principal in (Principal("x"), Principal("y", frozenset({"soc"})), Principal("z", frozenset(GROUPS))):
        found = {hit.document_id for hit in world.store.search(" ".join(WORDS), k=60, principal=principal)}
        assert found == {each for each in world.groups if world.readable(each, principal)}


def test_equal_filters_of_unlike_principals_are_cached_apart() -> None:
    same = [readable(Principal("a", frozenset({"x", "y"}))), readable(Principal("b", frozenset({"y", "x"})))]
    assert same[0].key == same[1].key
    assert readable(Principal("a")).key != same[0].key
    assert matching(Principal("a"), Where(kinds=("x",))).key != matching(Principal("a"), None).key


def test_encoder_of_the_fixture_is_used(world: World, tmp_path: Path, encoder: Encoder) -> None:
    assert world.store.stats()["dense"] is True
    assert encoder.name == world.store.stats()["encoder"]
