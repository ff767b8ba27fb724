"""How well the knowledge store finds what it should: questions whose answer the catalogues know.

    report = measure(Path("corpora"), cache=Path("cache"), encoder=Encoder())

Beside every figure stands plain FTS5 on the same documents and questions in the same run: one row a
document, default tokenizer, all words of the question joined by OR, bm25.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from icelos import __version__
from icelos.contracts import Principal
from icelos.evaluate import corpora
from icelos.evaluate.cases import Case, Half, of_half
from icelos.evaluate.corpora import SETS, CaseSet
from icelos.evaluate.metrics import estimate, ndcg_at, recall_at
from icelos.evaluate.remembered import RememberingEncoder
from icelos.evaluate.report import Report, Row, row
from icelos.knowledge.schema import SCHEMA_VERSION
from icelos.knowledge.search import Tuning
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder
from icelos.records import Document

MEASURER = Principal("evaluate")
K = 10

BARS: Mapping[tuple[str, str], float] = {
    ("identifiers", "R@1"): 1.0,
    ("attack-procedures", "R@1"): 0.55,
    ("attack-procedures", "R@10"): 0.90,
    ("cve-to-cwe", "R@10"): 0.70,
}
"""The least that these figures must be; every other one must not be below plain FTS5."""

Search = Callable[[str], Sequence[str]]
"""A question to document ids, the best first."""
Progress = Callable[[str], None]


def measure(
    root: Path, *, cache: Path, encoder: Encoder | None, half: Half = "test", most: int = 1000,
    names: Iterable[str] | None = None, tuning: Tuning | None = None, progress: Progress = lambda _: None,
) -> Report:  # fmt: skip
    """Measure one half of the cases, at most `most` of each set. Indexes are kept in `cache`.

    Raises InputError where the corpora are not there.
    """
    with _remembering(encoder, cache) as remembering:
        rows = _rows(root, cache, remembering, half, most, names, tuning, progress)
    return Report(
        name="Retrieval",
        rows=tuple(rows),
        about={
            "icelos": __version__,
            "half": half,
            "encoder": encoder.name if encoder is not None else "none: by words only",
        },
    )


@contextmanager
def _remembering(encoder: Encoder | None, cache: Path) -> Iterator[Encoder | None]:
    if encoder is None:
        yield None
        return
    cache.mkdir(parents=True, exist_ok=True)
    remembering = RememberingEncoder(encoder, cache / "vectors.sqlite")
    try:
        yield remembering
    finally:
        remembering.close()


def _rows(
    root: Path, cache: Path, encoder: Encoder | None, half: Half, most: int, names: Iterable[str] | None,
    tuning: Tuning | None, progress: Progress,
) -> list[Row]:  # fmt: skip
    rows: list[Row] = []
    for name in names or ("identifiers", *SETS):
        progress(f"{name}: reading")
        if name == "identifiers":
            rows.append(_identifiers(root, cache, half, most))
            continue
        case_set = SETS[name](root)
        cases = of_half(case_set.cases, half, most=most)
        progress(f"{name}: indexing {len(case_set.documents)} documents, asking {len(cases)} questions")
        with _indexed(case_set, cache, encoder, tuning) as store:
            found = rank(cases, lambda query, store=store: searched(store, query))  # type: ignore[misc]
        with plain_fts5(case_set.documents) as database:
            plain = rank(cases, lambda query, database=database: plain_search(database, query))  # type: ignore[misc]
        rows += compare(name, cases, found, plain)
    return rows


def rank(cases: Sequence[Case], search: Search) -> list[Sequence[str]]:
    """The documents found for each question."""
    return [search(case.query) for case in cases]


def compare(
    name: str, cases: Sequence[Case], found: Sequence[Sequence[str]], plain: Sequence[Sequence[str]]
) -> list[Row]:
    """R@1, R@10 and nDCG@10 of a set, beside the baseline's."""
    measures: Mapping[str, Callable[[Sequence[str], Case], float]] = {
        "R@1": lambda ranked, case: recall_at(ranked, case.gold, 1),
        "R@10": lambda ranked, case: recall_at(ranked, case.gold, K),
        "nDCG@10": lambda ranked, case: ndcg_at(ranked, case.gold, K),
    }
    rows = []
    for measure_name, value in measures.items():
        ours = estimate([value(r, c) for r, c in zip(found, cases, strict=True)])
        base = estimate([value(r, c) for r, c in zip(plain, cases, strict=True)])
        bar = BARS.get((name, measure_name))
        rows.append(row(name, measure_name, ours, baseline=base.value, bar=bar))
    return rows


def searched(store: KnowledgeStore, query: str, k: int = K) -> list[str]:
    """Document ids as the store ranks them."""
    return [hit.document_id for hit in store.search(query, k=k, principal=MEASURER)]


# ---- the store under test


def _indexed(
    case_set: CaseSet, cache: Path, encoder: Encoder | None, tuning: Tuning | None
) -> KnowledgeStore:
    """A store with the documents of a set, made once for each content and kept."""
    digest = hashlib.blake2b(digest_size=8)
    for document in case_set.documents:
        digest.update(msgspec.msgpack.encode(document))
    path = cache / f"retrieval-{SCHEMA_VERSION}-{digest.hexdigest()}.sqlite"
    store = KnowledgeStore(path, encoder=encoder, tuning=tuning or Tuning())
    store.add(case_set.documents)
    store.embed_pending(batch=256)
    return store


# ---- plain FTS5


@contextmanager
def plain_fts5(documents: Sequence[Document]) -> Iterator[sqlite3.Connection]:
    """A full-text table with one row a document, as a first attempt would make it."""
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE VIRTUAL TABLE plain USING fts5(id UNINDEXED, title, body)")
        rows = [(d.id, d.title, d.text) for d in documents]
        database.executemany("INSERT INTO plain VALUES (?, ?, ?)", rows)
        yield database
    finally:
        database.close()


def plain_search(database: sqlite3.Connection, query: str, k: int = K) -> list[str]:
    """The baseline: every word of the question, joined by OR."""
    words = dict.fromkeys(re.findall(r"\w+", query.casefold()))
    if not words:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    rows = database.execute("SELECT id FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT ?", (match, k))
    return [row[0] for row in rows]


# ---- identifiers


def _identifiers(root: Path, cache: Path, half: Half, most: int) -> Row:
    """The first hit for an identifier in every form, over all catalogues."""
    documents = corpora.everything(root)
    chosen = of_half(_named(documents), half, most=most)
    with _indexed(CaseSet("identifiers", documents, []), cache, None, None) as store:
        found = estimate([float(_first_in_all_forms(store, case)) for case in chosen])
    return row("identifiers", "R@1", found, bar=BARS["identifiers", "R@1"])


def _named(documents: Iterable[Document]) -> list[Case]:
    """Each identifier with the documents whose own it is, or that have it where it is nobody's own."""
    owners: dict[str, set[str]] = {}
    holders: dict[str, set[str]] = {}
    for document in documents:
        for position, name in enumerate(document.identifiers):
            (holders if position else owners).setdefault(name, set()).add(document.id)
    return [Case(name, name, frozenset(gold)) for name, gold in {**holders, **owners}.items()]


FORMS = ("{}", "what is {}?", "Which sources mention {}, and since when?")


def _first_in_all_forms(store: KnowledgeStore, case: Case) -> bool:
    texts = [form.format(name) for form in FORMS for name in (case.query, case.query.lower())]
    return all(recall_at(searched(store, text, 1), case.gold, 1) for text in texts)
