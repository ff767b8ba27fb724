"""The copilot's figures on cases out of public catalogues: answers, handles, lies, honesty, latency.

Everything runs through `Copilot.ask` on a store made for the purpose in a temporary folder.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from icelos import __version__
from icelos.contracts import LLM, Message, Principal, Reply
from icelos.evaluate.cases import Half, half
from icelos.evaluate.metrics import Estimate, estimate, percentile
from icelos.evaluate.report import Report, Row, row
from icelos.jobs.copilot import hostile, planted, verify
from icelos.jobs.copilot.answer import Copilot
from icelos.jobs.copilot.answers import Answer, Status
from icelos.jobs.copilot.cases import Question, answers, bare_title, documents, flat, questions
from icelos.jobs.copilot.planted import HELD_OUT, LIES, TUNING, Liar, Pool
from icelos.knowledge.store import KnowledgeStore
from icelos.llm.output import shown
from icelos.records import Document
from icelos.settings import CopilotSettings, KnowledgeSettings, Settings

ASKER = Principal("evaluation")
LIMIT_S = 0.3
MOST_SENTENCES = 5
LIED_ABOUT = (
    "technique", "software", "group", "weakness", "attack-pattern", "advisory", "vulnerability", "rule",
    "campaign",
)  # fmt: skip
Progress = Callable[[str], None]


def measure(
    root: Path, *, wanted: Half = "test", number: int = 200, honest: int = 300, lies: int = 300,
    progress: Progress = lambda _: None,
) -> Report:  # fmt: skip
    """All figures for one half of the cases below `root`. Raises InputError where there are none."""
    progress("reading the catalogues")
    found = documents(root)
    with TemporaryDirectory(prefix="icelos-evaluate-") as folder:
        with KnowledgeStore(Path(folder) / "knowledge.sqlite") as store:
            progress(f"indexing {len(found)} documents")
            store.add(found)
            asked = questions(found, wanted, most=max(number, honest))
            rows = [
                *_answers(store, asked[:number], progress),
                *_lies(store, found, wanted, lies, progress),
                *_honesty(store, found, asked[:honest], progress),
            ]
        rows += hostile.rows(root, Path(folder))
    about = {"icelos": __version__, "half": wanted, "documents": str(len(found)), "search": "words only"}
    return Report(name="Copilot", rows=tuple(rows), about=about)


def _copilot(store: KnowledgeStore, llm: LLM | None = None, *, sentences: int = 5) -> Copilot:
    settings = Settings(
        copilot=CopilotSettings(max_sentences=sentences), knowledge=KnowledgeSettings(encoder="off")
    )
    return Copilot(store, llm=llm, settings=settings)


# ---- answers, handles, latency


def _answers(store: KnowledgeStore, asked: Sequence[Question], progress: Progress) -> Iterator[Row]:
    progress(f"asking {len(asked)} questions")
    copilot = _copilot(store)
    right: dict[str, list[float]] = defaultdict(list)
    resolved: list[float] = []
    seconds: list[float] = []
    for question in asked:
        answer, first = _timed(copilot, question.text)
        seconds.append(first)
        good = (
            answer.status is Status.ANSWERED and len(answer.sentences) <= 5 and answers(question, answer.text)
        )
        right[question.kind].append(float(good))
        resolved += [float(ok) for ok in _resolve(answer, store)]
    yield row("answers", "fact in at most 5 sentences", estimate(_flat(right.values())), bar=0.75)
    for kind, values in sorted(right.items()):
        yield row("answers", f"  {kind}", estimate(values))
    yield row("citations", "handles resolve to what carries the sentence", estimate(resolved), bar=1.0)
    yield row(
        "latency", "first sentence under 300 ms", estimate([float(s < LIMIT_S) for s in seconds]), bar=0.95
    )
    yield row("latency", "p95 seconds to the first sentence", _one(percentile(seconds, 0.95), len(seconds)))


def _timed(copilot: Copilot, question: str) -> tuple[Answer, float]:
    """The answer, and seconds to its first sentence (to its end, where there is none)."""
    started, first = time.perf_counter(), 0.0
    for event in copilot.stream(question, principal=ASKER):
        if event.sentence is not None and not first:
            first = time.perf_counter() - started
        if event.answer is not None:
            return event.answer, first or time.perf_counter() - started
    raise AssertionError("a stream ends with its answer")


def _resolve(answer: Answer, store: KnowledgeStore) -> Iterator[bool]:
    """For each sentence: the passages of its handles are there, hold the quotes, and carry the sentence.

    All three are compared as they are shown: "<v9" of a source is no tag there.
    """
    citations = {citation.handle: citation for citation in answer.citations}
    for sentence in answer.sentences:
        passages = [
            store.passage(citations[h].chunk_id, principal=ASKER) for h in sentence.handles if h in citations
        ]
        held = [
            msgspec.structs.replace(hit, text=shown(hit.text, sources=[hit.text]))
            for hit in passages if hit is not None
        ]  # fmt: skip
        whole = len(held) == len(sentence.handles) > 0
        quoted = whole and all(
            citations[h].quote in hit.text for h, hit in zip(sentence.handles, held, strict=True)
        )
        yield quoted and verify.check(sentence.text, [verify.as_passage(hit) for hit in held], lines=16).ok


def _flat(groups: Iterable[Sequence[float]]) -> list[float]:
    return [value for group in groups for value in group]


def _one(value: float, number: int) -> Estimate:
    return Estimate(value, value, value, number)


# ---- a model that lies


class _Speaking:
    """A model whose replies a function makes; the whole reply is one piece of its stream."""

    name = "scripted"

    def __init__(self, speak: planted.Speak) -> None:
        self._speak = speak

    def reply(self, messages: Sequence[Message], **_: object) -> Reply:
        return Reply(text=self._speak(messages), model=self.name)

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        yield self._speak(messages)


def _lies(
    store: KnowledgeStore, found: Sequence[Document], wanted: Half, number: int, progress: Progress
) -> Iterator[Row]:
    progress(f"{number} answers of a model that plants one lie each")
    table = TUNING if wanted == "tune" else HELD_OUT
    gone: list[float] = []
    kept: dict[str, list[float]] = defaultdict(list)
    shuffled = random.Random(1).sample(list(found), len(found))  # noqa: S311 - a measurement
    pool = Pool.of(shuffled)
    for index, document in enumerate(_about(found, wanted)):
        liar = Liar(pool, document.kind, LIES[index % len(LIES)], index, table)
        copilot = _copilot(store, _Speaking(liar), sentences=50)
        said = copilot.ask(f"What is {document.identifiers[0]}?", principal=ASKER).sentences
        if not any(one.is_lie for one in liar.said):
            continue
        texts = {sentence.text.rstrip(".") for sentence in said}
        for one in liar.said:
            present = one.text.rstrip(".") in texts
            (gone if one.is_lie else kept[one.how]).append(float(present != one.is_lie))
        if len(gone) >= number:
            break
    yield row("verification", "planted lies removed", estimate(gone), bar=0.95)
    yield row("verification", "true sentences kept", estimate(_flat(kept.values())), bar=0.95)
    for how, values in sorted(kept.items()):
        yield row("verification", f"  {how} kept", estimate(values))


def _about(found: Sequence[Document], wanted: Half) -> Iterator[Document]:
    """Documents of one half, a kind after the other in turn."""
    randomness = random.Random(5)  # noqa: S311 - a measurement
    by_kind: dict[str, list[Document]] = defaultdict(list)
    for document in sorted(found, key=lambda d: d.id):
        if document.kind in LIED_ABOUT and document.identifiers and half(document.id) == wanted:
            by_kind[document.kind].append(document)
    for pool in by_kind.values():
        randomness.shuffle(pool)
    for index in range(max((len(pool) for pool in by_kind.values()), default=0)):
        yield from (pool[index] for pool in by_kind.values() if index < len(pool))


# ---- honesty


def _honesty(
    store: KnowledgeStore, found: Sequence[Document], asked: Sequence[Question], progress: Progress
) -> Iterator[Row]:
    progress(f"asking {len(asked)} questions again without the documents that answer them")
    copilot = _copilot(store)
    texts = {d.id: flat(" ".join((d.title, *d.identifiers, *d.aliases, d.text))) for d in found}
    by_id = {d.id: d for d in found}
    abstained, answered = [], []
    for question in asked:
        answered.append(float(_status(copilot, question.text) is Status.ANSWERED))
        holders = _holders(question, found, texts)
        store.delete(holders)
        abstained.append(float(_status(copilot, question.text) is not Status.ANSWERED))
        store.add([by_id[one] for one in holders])
    yield row("honesty", "abstains where the fact was removed", estimate(abstained), bar=0.8)
    yield row("honesty", "answers where the fact is there", estimate(answered), bar=0.9)
    unknown = [_status(copilot, text) is Status.UNKNOWN_IDENTIFIER for text in _unknown(found)]
    yield row("honesty", "unknown identifiers named as such", estimate([float(u) for u in unknown]), bar=1.0)


def _status(copilot: Copilot, text: str) -> Status:
    return copilot.ask(text, principal=ASKER).status


def _holders(question: Question, found: Sequence[Document], texts: dict[str, str]) -> set[str]:
    """The documents of what is asked about, and every other one that states the fact of it."""
    names, gold = [flat(name) for name in question.names], [flat(one) for one in question.gold]
    own = {d.id for d in found if set(d.identifiers) & set(question.names) or bare_title(d) in question.names}
    if question.kind.startswith("which"):
        return own | {d.id for d in found if question.gold[0] in d.identifiers[:1]}
    if question.kind == "steps":
        return {d.id for d in found if d.kind == "runbook" and names[0] in flat(d.title)}
    stated = {
        one for one, text in texts.items()
        if any(g in text for g in gold) and any(name in text for name in names)
    }  # fmt: skip
    return own | stated


WORDINGS = ("What is {x}?", "Who uses {x}?", "How do we detect {x}?", "Is {x} fixed, and when is it due?")


def _unknown(found: Sequence[Document], *, number: int = 100) -> Iterator[str]:
    """Questions on identifiers of the known families that no document has."""
    known = {name.upper() for d in found for name in d.identifiers}
    randomness = random.Random(7)  # noqa: S311 - a measurement
    shapes = ("CVE-20{0:02}-{1:05}", "T{1:04}.{0:03}", "CWE-{1:05}", "CAPEC-{1:05}", "G{1:04}", "S{1:04}")
    given = 0
    while given < number:
        name = randomness.choice(shapes).format(randomness.randint(10, 40), randomness.randint(5000, 9999))
        if name not in known:
            given += 1
            yield randomness.choice(WORDINGS).format(x=name)
