"""Learning from simulated analysts: `python -m benchmarks.learning CATALOGUES CACHE [tune|test] [seeds]`.

Twenty analysts of one group ask what they are given, see ten sources, and mark them: a quarter of the careful
marks are wrong, six are lazy, two do harm. Their marks go through the log, the replay and the promotion as
anyone's. Judged are questions that nobody asked, by labels that nobody saw: nDCG@10 before and after, on
held-out paraphrases and elsewhere. Then k colluders push one document, and the lift of it is measured: for
their own group against the cap, for others against nothing.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from benchmarks.learning_cases import Split, split
from benchmarks.learning_people import Analyst, marks, team

from icelos.contracts import Hit, Principal, Right, Where
from icelos.evaluate.cases import Case, Half
from icelos.evaluate.metrics import estimate, ndcg_at, percentile
from icelos.evaluate.remembered import RememberingEncoder
from icelos.jobs.copilot.answers import Answer, Citation, Status
from icelos.jobs.copilot.history import History
from icelos.jobs.copilot.learning.learned import Learned, rules_of
from icelos.jobs.copilot.learning.priors import Rules
from icelos.jobs.copilot.learning.teaching import Teaching
from icelos.jobs.copilot.retrieve import Reader
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.encoder import Encoder
from icelos.settings import Settings

GROUP = "soc"
JUDGE = Principal("judge", frozenset({GROUP}))
STRANGER, OUTSIDER = Principal("eve", frozenset({"other"})), Principal("zoe")
EACH = 150
"""Questions that each analyst asks."""
MOST = 150
"""Questions of each set that are judged."""
K = 10


def main(root: Path, cache: Path, wanted: Half, seeds: int, words: bool) -> None:
    """Print a table for each seed, then the means."""
    cases = split(root, wanted, most=MOST)
    cache.mkdir(parents=True, exist_ok=True)
    encoder = None if words else RememberingEncoder(Encoder(), cache / "vectors.sqlite")
    with KnowledgeStore(cache / f"learning-{'words' if words else 'both'}.sqlite", encoder=encoder) as store:
        store.add(cases.documents)
        store.embed_pending(batch=256)
        counts = (
            f"{len(cases.taught)} questions to ask; half {wanted!r}; {'words only' if words else 'vectors'}"
        )
        print(f"{len(cases.documents)} documents, {counts}", flush=True)
        before = ranked(store, cases, None, JUDGE)
        gains = [one_seed(store, cases, before, seed) for seed in range(seeds)]
    for name in ("held out", "elsewhere"):
        values = [gain[name] for gain in gains]
        print(f"{name}: {np.mean(values):+.1%} over {seeds} seeds ({min(values):+.1%} to {max(values):+.1%})")


Ranks = Mapping[str, list[float]]


def one_seed(store: KnowledgeStore, cases: Split, before: Ranks, seed: int) -> dict[str, float]:
    """Teach, learn, measure; the relative gains."""
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.sqlite")
        print(f"seed {seed}: {taught(store, history, cases.taught, seed)}")
        teaching = Teaching(history, store, Settings())
        for outcome in teaching.learn():
            print(f"  {outcome.scope} {outcome.state}: {outcome.report.why}")
        learned = Learned(history, rules_of(Settings()))
        after = ranked(store, cases, learned, JUDGE)
        gains = {
            name: told(name, {k: before[k] for k in some}, {k: after[k] for k in some})
            for name, some in (("held out", cases.held_out), ("elsewhere", cases.elsewhere))
        }
        others = [
            ranked_ids(store, case, learned, who)
            for case in cases.taught[:20]
            for who in (STRANGER, OUTSIDER)
        ]
        plain = [
            ranked_ids(store, case, None, who) for case in cases.taught[:20] for who in (STRANGER, OUTSIDER)
        ]
        print(f"  for other groups and outsiders: {'the same' if others == plain else 'CHANGED'}")
        print(
            f"  what it costs: {cost(store, cases, learned)}; {time.perf_counter() - started:.0f} s",
            flush=True,
        )
    for number in (1, 2, 4, 8):
        print(f"  {number} colluders: {collusion(store, cases, number, seed)}", flush=True)
    return gains


def ranked(store: KnowledgeStore, cases: Split, learned: Learned | None, who: Principal) -> Ranks:
    """nDCG@10 of every judged question, by set."""
    sets = {**cases.held_out, **cases.elsewhere}
    return {
        name: [ndcg_at(ranked_ids(store, case, learned, who), case.gold, K) for case in some]
        for name, some in sets.items()
    }


def ranked_ids(store: KnowledgeStore, case: Case, learned: Learned | None, who: Principal) -> list[str]:
    """As the copilot searches."""
    reader = Reader(store, who, Where(), taught=learned)
    return [hit.document_id for hit in reader.search(case.query, k=K)]


def told(name: str, before: Ranks, after: Ranks) -> float:
    """Print the sets; the relative gain of the mean over all questions."""
    for one in before:
        difference = estimate(list(np.subtract(after[one], before[one])))
        was, now = np.mean(before[one]), np.mean(after[one])
        print(f"  {name:10} {one:32} {was:.3f} -> {now:.3f} ({now / was - 1:+.1%}); difference {difference}")
    was_all, now_all = (np.concatenate(list(some.values())) for some in (before, after))
    interval = estimate(list(now_all - was_all))
    gain = float(now_all.mean() / was_all.mean() - 1)
    low, high = interval.low / was_all.mean(), interval.high / was_all.mean()
    told = f"{was_all.mean():.3f} -> {now_all.mean():.3f} ({gain:+.1%} [{low:+.1%}, {high:+.1%}])"
    print(f"  {name:10} {'all':32} {told}")
    return gain


def taught(store: KnowledgeStore, history: History, cases: Sequence[Case], seed: int) -> str:
    """Everyone asks and marks; how many marks there were, and how many of them were wrong."""
    people = team(20, seed=seed)
    randomness = random.Random(f"asking{seed}")
    counts = dict.fromkeys(("up", "wrong up", "wrong_citation", "wrong wrong_citation", "opened"), 0)
    for turn in range(EACH * len(people)):
        analyst, case = people[turn % len(people)], randomness.choice(cases)
        principal = Principal(analyst.name, frozenset({GROUP}), frozenset(Right))
        hits = asked(store, case.query)
        answer = shown(hits, f"{turn}", case.query)
        history.add(answer, resolved=case.query, principal=principal)
        for kind, chunk in marks(analyst, hits, case.gold, randomness):
            history.feedback(answer.answer_id, kind, principal=principal, citation=chunk)
            counts[kind] += 1
            good = next(hit.document_id for hit in hits if hit.chunk_id == chunk) in case.gold
            if kind != "opened" and good != (kind == "up"):
                counts[f"wrong {kind}"] += 1
    return ", ".join(f"{number} {name}" for name, number in counts.items())


_ASKED: dict[str, list[Hit]] = {}


def asked(store: KnowledgeStore, query: str) -> list[Hit]:
    """What everyone is shown before anything is learned: looked for once."""
    if query not in _ASKED:
        _ASKED[query] = store.search(query, k=K, principal=JUDGE)
    return _ASKED[query]


def shown(hits: Sequence[Hit], answer_id: str, question: str) -> Answer:
    """A list of sources as an answer that cites them."""
    citations = tuple(
        Citation(
            handle=f"K{n}a{n}", chunk_id=hit.chunk_id, document_id=hit.document_id, version=hit.version,
            title=hit.title, heading=hit.heading, quote=hit.text[:80], source=hit.source, place=hit.place,
            kind=hit.kind, collection=hit.collection, url=hit.url, indexed=hit.indexed, modified=hit.modified,
        )
        for n, hit in enumerate(hits)
    )  # fmt: skip
    return Answer(
        question=question, status=Status.ANSWERED, citations=citations, answer_id=answer_id, conversation="c"
    )


def cost(store: KnowledgeStore, cases: Split, learned: Learned) -> str:
    """Milliseconds that the priors take for a question, its vector being made anyway."""
    spent = []
    name = store.encoder.name if store.encoder is not None else ""
    for case in next(iter(cases.held_out.values()))[:100]:
        vector = store.encoder.encode([case.query[:600]])[0] if store.encoder is not None else None
        started = time.perf_counter()
        lifts = learned.lifts(case.query, JUDGE, name)
        if lifts is not None:
            lifts(vector, lambda ids: dict.fromkeys(ids, 1))
        spent.append(1000 * (time.perf_counter() - started))
    spent = spent[5:]  # the first one reads what is in force
    return f"p50 {percentile(spent, 0.5):.2f} ms, p95 {percentile(spent, 0.95):.2f} ms"


def collusion(store: KnowledgeStore, cases: Split, number: int, seed: int) -> str:
    """Colluders of twenty mark one document as good wherever it is shown, and the others vote as they do.

    Nothing is left to the replay: their votes are put into force, which is the worst that can happen.
    """
    randomness = random.Random(f"collusion{seed}")
    some = randomness.sample(list(cases.taught), 200)
    pushed = randomness.choice(asked(store, some[0].query)[3:]).document_id
    people = [Analyst(f"soc-{n}", "careful", 0.25, 0.08) for n in range(20)]
    with TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.sqlite")
        for turn, case in enumerate(some):
            for place, analyst in enumerate(people if turn == 0 else [people[turn % 20]]):
                principal = Principal(analyst.name, frozenset({GROUP}), frozenset(Right))
                hits = asked(store, case.query)
                answer = shown(hits, f"{turn}-{analyst.name}", case.query)
                history.add(answer, resolved=case.query, principal=principal)
                chunk = next((hit.chunk_id for hit in hits if hit.document_id == pushed), "")
                if place < number and turn == 0:
                    history.feedback(answer.answer_id, "up", principal=principal, citation=chunk)
                    continue
                for kind, one in marks(analyst, hits, case.gold, randomness):
                    history.feedback(answer.answer_id, kind, principal=principal, citation=one)
        lift = {name: lifted(store, history, some[0].query, pushed, who) for name, who in SEEN.items()}
    return ", ".join(f"{name} {value:+.3f}" for name, value in lift.items()) + f" (cap {Rules().cap})"


SEEN = {"own group": JUDGE, "other group": STRANGER, "outside": OUTSIDER}


def lifted(store: KnowledgeStore, history: History, query: str, document: str, who: Principal) -> float:
    """What a document gains for a question and a reader, with everything in force that was learned."""
    teaching = Teaching(history, store, Settings())
    teaching.force()
    learned = Learned(history, rules_of(Settings()))
    hits = Reader(store, who, Where(), taught=learned).search(query, k=100)
    return next((hit.why.get("learned", 0.0) for hit in hits if hit.document_id == document), 0.0)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]), Path(sys.argv[2]), "test" if "test" in sys.argv else "tune",
        next((int(a) for a in sys.argv[3:] if a.isdigit()), 3), "words" in sys.argv,
    )  # fmt: skip
