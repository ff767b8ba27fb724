"""The user's own labelled mail as a corpus for the loop, and synthetic mail that is near none of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from icelos.data.parse.mail import mail_id
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.mail.detector.examples import Labelled, examples_of, synthetic_examples
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.improve.loop import Corpus
from icelos.jobs.mail.intents.taxonomy import BENIGN
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.senders.style import language
from icelos.jobs.mail.signals.signals import Known, signals
from icelos.jobs.mail.synthesis.bank import load_bank
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.near_copies import NearCopies, Refusals
from icelos.jobs.mail.synthesis.usual import USUAL
from icelos.jobs.mail.synthesis.writer import Writer
from icelos.llm.encoder import Encoder
from icelos.records import Mail, Record

SAME = 0.6
"""Similarity of shingles from which two mails are one case: it may not be learnt from and measured by."""
MOST_MAILS = 200_000
REPORTED = 10.0
"""Weight of ham that people reported as wrongly flagged: there is little, and each stands for a kind."""
_WORD = re.compile(r"\w+")


class Mailboxes(NamedTuple):
    """Labelled mail as numbers, the hashes of its texts, and how many could not be read."""

    corpus: Corpus
    copies: NearCopies
    failures: int


Source = Iterable[Record | Failure]
Told = Callable[[int], None]


def read_mailboxes(
    malicious: Source,
    ham: Source,
    *,
    reported: Source = (),
    known: Known | None = None,
    encoder: Encoder | None = None,
    progress: Told | None = None,
) -> Mailboxes:
    """Read and number labelled mail; what cannot be read is counted and left out.

    `reported` is ham that people said was wrongly flagged: it may be empty, and weighs more than other ham.
    `known` is what signals are told of the organisation; `progress` is told how many mails have been read.
    Raises InputError where one of the two holds no mail; `malicious` may be () for ham alone.
    """
    found: list[Labelled] = []
    languages: list[str] = []
    weights: list[float] = []
    copies, cases = NearCopies(), _Cases()
    failures = 0
    importance: list[float] = []
    for label, source, weight in ((1, malicious, 1.0), (0, ham, 1.0), (0, reported, REPORTED)):
        before = len(found)
        for record in source:
            try:
                if not isinstance(record, Mail):
                    raise InputError("not a mail")
                message = read_message(record.raw)
            except InputError:
                failures += 1
                continue
            text = message.seen
            copies.add(text, record.id, real=True)
            found.append(Labelled(message, label, cases.of(text, mail_id(record.raw))))
            languages.append(language(_WORD.findall(text[:4000].lower())))
            weights.append(sum(signal.weight for signal in signals(message, known=known)))
            if progress is not None:
                progress(len(found))
            if len(found) >= MOST_MAILS:
                break
        importance += [weight] * (len(found) - before)
        if len(found) == before and weight != REPORTED and not (label and malicious == ()):
            raise InputError("no mail to learn from" if label else "no ham to learn from")
    examples = examples_of(found, encoder)
    examples = examples._replace(weights=examples.weights * np.array(importance, np.float32))
    return Mailboxes(Corpus(examples, np.array(weights, np.float32), languages), copies, failures)


class _Cases:
    """Names for cases: near-duplicates have one."""

    def __init__(self) -> None:
        self._seen = NearCopies(threshold=SAME)
        self._case: dict[str, str] = {}

    def of(self, text: str, name: str) -> str:
        near = self._seen.near(text)
        case = self._case[near.name] if near is not None else name
        self._case[name] = case
        self._seen.add(text, name)
        return case


def synthesiser(
    number: int,
    copies: NearCopies | None,
    *,
    seed: int = 0,
    writer: Writer | None = None,
    encoder: Encoder | None = None,
    refusals: Refusals | None = None,
    organisations: Sequence[str] = (),
    intent_free: bool = False,
    progress: Told | None = None,
) -> Callable[[Mapping[str, float], Mapping[str, float]], Examples]:
    """What makes `number` synthetic mails of given intents and languages, none near the `copies`.

    Half of it is harmless: twins of the harmful mails, and mail of every harmless topic.
    """

    def make(intents: Mapping[str, float], languages: Mapping[str, float]) -> Examples:
        chosen = _spoken(languages)
        total = sum(intents.values()) or 1.0
        harmless = [name for name in BENIGN if any(load_bank().of(one, name) for one in chosen)]
        weights = {name: 0.5 * weight / total for name, weight in intents.items()}
        usual = sum(USUAL[name] for name in harmless)
        weights |= {name: 0.5 * USUAL[name] / usual for name in harmless}
        made = []
        for mail in synthesise(
            number, intents=weights, languages=chosen, seed=seed, writer=writer, twins=0.3, refuse=copies,
            refusals=refusals, organisations=organisations, intent_free=intent_free,
        ):  # fmt: skip
            made.append(mail)
            if progress is not None:
                progress(len(made))
        return synthetic_examples(made, encoder)

    return make


def _spoken(languages: Mapping[str, float]) -> dict[str, float]:
    """Weights of the languages that there are phrases for; English and all others a little, so that none is
    odd."""
    available = sorted({scene.language for scene in load_bank().scenes})
    total = sum(languages.get(one, 0.0) for one in available) or 1.0
    return {one: languages.get(one, 0.0) / total + (0.2 if one == "en" else 0.02) for one in available}
