"""Intents against labels that were given by reading: python -m benchmarks.mail_intents [--model FILE]

The labels are those of tests/quality/mail_intents.json (guidelines: docs/mail-intents.md). Counted are
harmful intents and benign topics alike, from a probability that is chosen on every second label and measured
on the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from benchmarks.mail_model import corpus_of
from benchmarks.mail_numbers import numbers
from numpy.typing import NDArray

from icelos.jobs.mail.detector.model import MailModel, load_model
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.improve.loop import log_odds
from icelos.jobs.mail.intents.naming import named
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS

LABELS = Path(__file__).parents[1] / "tests/quality/mail_intents.json"
Rows = NDArray[np.bool_]


def labelled(model: MailModel) -> tuple[Rows, Rows, list[str]]:
    """Labels and what is named (n, intents), and the corpora of the labelled mails."""
    truth, found, corpora = [], [], []
    wanted: dict[str, dict[str, list[str]]] = {}
    for label in json.loads(LABELS.read_text("utf-8")):
        wanted.setdefault(label["corpus"], {})[label["id"]] = label["intents"]
    for corpus, labels in wanted.items():
        mails = numbers(corpus)
        mine = corpus_of(mails.take(np.array([one.id in labels for one in mails.told])))
        reading = model.read_vectors(mine.examples.rows, mine.examples.anatomy)
        odds = log_odds(model, mine)
        for intents, one in zip(reading.intents.tolist(), odds.tolist(), strict=True):
            names = named(dict(zip(ALL, intents, strict=True)), one)
            found.append([name in names for name in ALL])
        told = [one for one in mails.told if one.id in labels]
        truth += [[name in labels[one.id] for name in ALL] for one in told]
        corpora += [f"{corpus} {one.year}" if corpus == "phishing_pot" else corpus for one in told]
    return np.array(truth), np.array(found), corpora


def micro_f1(truth: Rows, hit: Rows) -> float:
    """F1 over all decisions (van Rijsbergen, 1979)."""
    right = int((truth & hit).sum())
    return 2 * right / max(1, int(truth.sum()) + int(hit.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    truth, hit, corpora = labelled(load_model(given.model) if given.model else bundled())
    dice = np.random.default_rng(0)
    draws = [dice.integers(0, len(truth), len(truth)) for _ in range(1000)]
    low, high = np.quantile([micro_f1(truth[picks], hit[picks]) for picks in draws], [0.025, 0.975])
    print(f"{len(truth)} mails; micro-F1 {micro_f1(truth, hit):.3f} ({low:.3f}-{high:.3f})")
    harmful = np.array([name in MALICIOUS for name in ALL])
    print(f"harmful intents alone {micro_f1(truth[:, harmful], hit[:, harmful]):.3f}, "
          f"benign topics alone {micro_f1(truth[:, ~harmful], hit[:, ~harmful]):.3f}")  # fmt: skip
    for corpus in sorted(set(corpora)):
        mine = np.array(corpora) == corpus
        print(f"  {corpus}: {micro_f1(truth[mine], hit[mine]):.3f} of {int(mine.sum())}")
    for place, name in enumerate(ALL):
        if truth[:, place].any():
            right = int((truth[:, place] & hit[:, place]).sum())
            print(f"  {name}: {right} of {int(truth[:, place].sum())}, named {int(hit[:, place].sum())}")


if __name__ == "__main__":
    main()
