from __future__ import annotations

import numpy as np

from icelos.contracts import Principal, Where
from icelos.knowledge import reading
from icelos.knowledge.access import matching
from icelos.knowledge.scope import Scope, Scopes
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder


def test_a_scope_holds_what_may_be_seen_and_nothing_outside(
    store: KnowledgeStore, ann: Principal, bob: Principal
) -> None:
    with store._reading() as database:
        whole, part = (Scope(database, matching(who, None)) for who in (ann, bob))
        nothing = Scope(database, matching(ann, Where(kinds=("none",))))
    assert (whole.chunks, part.chunks, nothing.chunks) == (5, 4, 0)
    ids = np.arange(20)
    assert whole.documents(ids).tolist()[:7] == [0, 1, 2, 3, 4, 5, 0]
    assert part.documents(ids).tolist()[:7] == [0, 1, 2, 0, 4, 5, 0]
    assert part.of_versions(ids).tolist()[:7] == [0, 1, 2, 0, 4, 5, 0]
    assert nothing.documents(ids).sum() == 0


def test_scopes_are_kept_by_state_and_filter(store: KnowledgeStore, ann: Principal, bob: Principal) -> None:
    scopes = Scopes(most=2)
    with store._reading() as database:
        first = scopes.get(database, 1, matching(ann, None))
        assert scopes.get(database, 1, matching(ann, None)) is first
        assert scopes.get(database, 1, matching(bob, None)) is not first
        assert scopes.get(database, 2, matching(ann, None)) is not first


def test_making_vectors_keeps_the_generation(store: KnowledgeStore, encoder: Encoder, bob: Principal) -> None:
    with KnowledgeStore(store.path, encoder=encoder) as other:
        with other._reading() as database:
            before = reading.generation(database)
        assert other.embed_pending() == 5
        with other._reading() as database:
            assert reading.generation(database) == before
        assert other.search("passwords", principal=bob)[0].why["dense"] > 0
