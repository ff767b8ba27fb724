"""Names in questions, kin and quotations, by what search then ranks first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import snowballstemmer

from icelos.contracts import Principal
from icelos.knowledge.called import by_kin, name_stems, stem, stem_weights
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Relation, Section

ANYONE = Principal("x")


def document(name: str, title: str, text: str, **more: object) -> Document:
    values = {"id": name, "source": f"file:{name}", "title": title, "sections": (Section("", text),)}
    return Document(**values, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    filler = [
        document(f"f{n}", f"Note {n}", f"An attacker sends requests to device {n} and a service stops.")
        for n in range(40)
    ]
    weaknesses: list[Document] = [
        document("w1", "CWE-121 Stack-based Buffer Overflow", "Writes past the end.",
                 identifiers=("CWE-121",)),
        document("w2", "CWE-400 Uncontrolled Resource Consumption",
                 "An attacker sends requests so that a service of the device stops after a buffer fills.",
                 identifiers=("CWE-400",), aliases=("Resource exhaustion",)),
    ]  # fmt: skip
    store = KnowledgeStore(tmp_path / "k.sqlite")
    store.add([*filler, *weaknesses])
    return store


def first(store: KnowledgeStore, question: str) -> str:
    with store:
        return store.search(question, k=3, principal=ANYONE)[0].document_id


def test_a_name_in_the_question_outweighs_more_words_in_a_text(store: KnowledgeStore) -> None:
    question = "An attacker sends requests to the device and causes a stack-based buffer overflow"
    assert first(store, question) == "w1"


def test_an_alias_is_a_name(store: KnowledgeStore) -> None:
    with store:
        hits = store.search("resource exhaustion of a device by an attacker", k=1, principal=ANYONE)
    assert hits[0].document_id == "w2"
    assert hits[0].why["name"] > 0


def test_a_question_found_word_for_word_comes_first(store: KnowledgeStore) -> None:
    with store:
        hits = store.search("SENDS requests to device 7 and a service", k=2, principal=ANYONE)
    assert hits[0].document_id == "f7"
    assert hits[0].why["quoted"] == 1.0
    assert "quoted" not in hits[1].why


@pytest.mark.parametrize(
    "question", ['say "and" or NEAR( now', 'a" OR text:b* four words', "one\0two three four"]
)
def test_a_quotation_is_no_query_language(store: KnowledgeStore, question: str) -> None:
    with store:
        assert isinstance(store.search(question, k=2, principal=ANYONE), list)


def test_a_child_lifts_its_parent(tmp_path: Path) -> None:
    family = [
        document("child", "Heap overflow", "The heap buffer is written past its end by long input.",
                 identifiers=("CWE-122",), relations=(Relation("child-of", "CWE-119"),)),
        document("parent", "Memory bounds", "Operations past the end.", identifiers=("CWE-119",)),
        document("other", "Something else", "Operations past the end.", identifiers=("CWE-1",)),
    ]  # fmt: skip
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        store.add(family)
        hits = store.search("heap buffer written past its end", k=3, principal=ANYONE)
    assert [hit.document_id for hit in hits][:2] == ["child", "parent"]


def test_identifiers_are_no_part_of_a_name() -> None:
    assert name_stems("CWE-79 Improper Neutralization of Input") == {"improp", "neutral", "input"}


def test_words_of_one_stem_weigh_as_the_lighter() -> None:
    assert stem_weights([("overflows", 5.0), ("overflow", 3.0)]) == {"overflow": 3.0}


def test_the_best_of_the_kin_counts() -> None:
    assert by_kin({1: 0.5, 2: 0.9, 3: 0.1}, [(1, 2), (1, 3)]) == {1: 0.9, 2: 0.5, 3: 0.5}


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that are changed a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_threads_do_not_mix_their_words() -> None:
    words = [
        f"{start}{number}{end}"
        for number in range(700)
        for start in ("in", "ov")
        for end in ("ations", "ingly")
    ]
    words += [f"{word}nesses" for word in words]
    alone = snowballstemmer.stemmer("porter")
    wanted = [alone.stemWord(word) for word in words]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda first: [stem(word) for word in words[first::8]], range(8)))
    assert [parts[place % 8][place // 8] for place in range(len(words))] == wanted
