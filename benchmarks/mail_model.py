"""Makes the mail model that the package brings: python -m benchmarks.mail_model --output FILE

It learns from synthetic mail and from sets whose licence allows it: the SpamAssassin public corpus (CC0 as
repackaged by stdlib-js), the Enron mail (public domain) and the Nazario corpus of 2015-22 (MIT repository).
The threshold is set on other ham, of which nothing is learnt: mail of 2009-10, of 2007-19, and office mail of
a language model. Neither modern list mail nor phishing_pot has any part in it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.mail_numbers import Numbers, encoded, several
from numpy.typing import NDArray

from icelos.jobs.mail.detector.examples import synthetic_examples
from icelos.jobs.mail.detector.model import PARTS, Card, MailModel, Mixture, Thresholds, save_model
from icelos.jobs.mail.detector.thresholds import thresholds_for
from icelos.jobs.mail.detector.train import (
    FOLDS,
    Examples,
    fit_mixture,
    fit_parts,
    folds_of,
    joined,
    unseen_reading,
)
from icelos.jobs.mail.improve.loop import Corpus, log_odds
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.usual import USUAL
from icelos.llm.encoder import Encoder

PERMISSIVE = ("sa-easy", "sa-hard", "enron", "sa-spam", "nazario-new")
LICENCES = {
    "sa-easy": "SpamAssassin public corpus 2002-03, easy ham (CC0)",
    "sa-hard": "SpamAssassin public corpus 2002-03, hard ham (CC0)",
    "sa-spam": "SpamAssassin public corpus 2002-03, spam (CC0)",
    "enron": "Enron mail 1998-2002 (public domain)",
    "nazario-new": "Nazario phishing corpus 2015-22 (MIT)",
}
OTHER_HAM = ("csdmc-ham", "human-benign", "llm-office")
LANGUAGES = {"en": 5.0, "de": 2.0, "pt": 2.0, "fr": 1.5, "es": 1.5, "it": 1.2, "nl": 1.2, "pl": 0.5,
             "tr": 0.5, "ja": 0.5, "ru": 0.5, "ar": 0.5, "zh": 0.5}  # fmt: skip
SYNTHETIC = 24_000
WANTED_FPR = 0.003
"""Of ham that holds newsletters and adverts; of list mail it is a tenth of that."""
WORDS = tuple(name for name in PARTS if name != "meaning")
HARD = 10.0
"""Weight of a hard ham: there are few, and each stands for a kind of mail that looks like malice."""
SOURCES = (("sa-easy", "sa-spam", "sa-hard"), ("enron", "nazario-new"), ("phishing_pot",))
"""Sets of one place each: the mixture is fitted on what parts say that were learnt without them."""


def synthetic(n: int = SYNTHETIC, seed: int = 0, encoder: Encoder | None = None) -> Examples:
    """Synthetic mail of every intent and language, each harmful one with the chance of a harmless twin."""
    return synthetic_examples(
        synthesise(n, intents=USUAL, languages=LANGUAGES, seed=seed, twins=0.3), encoder
    )


def learnt_from(*sets: Numbers) -> Examples:
    """Real mail to learn from, with the weight that `HARD` gives to hard ham."""
    heavy = [
        np.array([HARD if one.corpus == "sa-hard" else 1.0 for one in kept.told], np.float32) for kept in sets
    ]
    return joined(
        [kept.examples._replace(weights=kept.examples.weights * weight)
         for kept, weight in zip(sets, heavy, strict=True)]
    )  # fmt: skip


def folds_by_source(examples: Examples, sets: Sequence[Numbers], seed: int) -> NDArray[np.int64]:
    """Folds for `unseen_reading`: `SOURCES` whole, all else by groups; `sets` come first in `examples`."""
    fold = folds_of(examples.groups, FOLDS, seed)
    told = [one.corpus for kept in sets for one in kept.told]
    for number, names in enumerate(SOURCES):
        fold[np.flatnonzero(np.isin(np.array(told), names))] = number
    return fold


def corpus_of(numbers: Numbers) -> Corpus:
    """Numbers as the loop takes them."""
    return Corpus(numbers.examples, numbers.signals, numbers.languages.tolist())


def fitted(
    sets: Sequence[Numbers], made: Sequence[Examples], ham: Sequence[Numbers], *, trained_on: Sequence[str],
    version: str, seed: int = 0, by_source: bool = True, wanted_fpr: float = WANTED_FPR,
    parts: Sequence[str] = WORDS,
) -> MailModel:  # fmt: skip
    """A model of real and synthetic mail, whose threshold is that of several sets of ham together.

    `by_source` fits the mixture on what parts say that were learnt without a whole source.
    """
    examples = joined([learnt_from(*sets), *made])
    fold = folds_by_source(examples, sets, seed) if by_source else None
    reading = unseen_reading(examples, seed=seed, fold=fold)
    columns = [PARTS.index(name) for name in parts]
    mixture = fit_mixture(reading.parts[:, columns], examples.labels, examples.weights, parts)
    learnt = fit_parts(examples, seed=seed)
    kind = "encoder" if "meaning" in parts else "words"
    card = Card(
        version=version, created=datetime.now(UTC).isoformat(timespec="seconds"), seed=seed,
        trained_on=trained_on, mixtures={kind: mixture}, thresholds={},
    )  # fmt: skip
    model = MailModel(card, learnt.text, learnt.intents, learnt.meaning, learnt.anatomy)
    return with_threshold(model, kind, mixture, ham, wanted_fpr)


def with_threshold(
    model: MailModel, kind: str, mixture: Mixture, ham: Sequence[Numbers], wanted_fpr: float
) -> MailModel:
    """The model with the threshold for all sets of ham together."""
    odds = np.concatenate([log_odds(model, corpus_of(one)) for one in ham])
    found: Thresholds = thresholds_for(odds, wanted_fpr)
    card = model.card
    return model._replace(
        card=Card(
            version=card.version, created=card.created, trained_on=card.trained_on, seed=card.seed,
            mixtures={**card.mixtures, kind: mixture}, thresholds={**card.thresholds, kind: found},
        )
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--encoder", action="store_true", help="learn what the sentence encoder says, too")
    chosen = parser.parse_args()
    started = time.time()
    encoder = Encoder() if chosen.encoder else None
    real, ham = several(*PERMISSIVE), [several(name) for name in OTHER_HAM]
    if encoder is not None:
        seen = np.concatenate([encoded(name, encoder) for name in PERMISSIVE])
        real = real._replace(examples=real.examples._replace(seen=seen))
        ham = [one._replace(examples=one.examples._replace(seen=encoded(name, encoder)))
               for name, one in zip(OTHER_HAM, ham, strict=True)]  # fmt: skip
    made = synthetic(encoder=encoder)
    trained_on = [f"{len(several(name).told):,} mails: {LICENCES[name]}" for name in PERMISSIVE]
    trained_on.append(f"{made.size:,} synthetic mails, composed by Icelos (Apache-2.0)")
    model = fitted([real], [made], ham, trained_on=trained_on, version="bundled")
    save_model(model, chosen.output)
    print(f"{chosen.output}: {chosen.output.stat().st_size / 1e6:.2f} MB, {time.time() - started:.0f} s")
    print(model.card)


if __name__ == "__main__":
    main()
