"""Intents against labels that were given by reading: python -m benchmarks.mail_intents [--model FILE]

The labels are those of tests/quality/mail_intents.json (guidelines: docs/mail-intents.md). Counted are
harmful intents
and benign topics alike, from a probability that is chosen on every second label and measured on the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from benchmarks.mail_numbers import numbers
from numpy.typing import NDArray

from icelos.jobs.mail.detector.model import MailModel, load_model
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS

LABELS = Path(__file__).parents[1] / "tests/quality/mail_intents.json"
Rows = NDArray[np.float32]


def labelled(model: MailModel) -> tuple[NDArray[np.bool_], Rows, list[str]]:
    """Labels (n, intents), probabilities (n, intents) and the corpora of the labelled mails."""
    truth, found, corpora = [], [], []
    wanted: dict[str, dict[str, list[str]]] = {}
    for label in json.loads(LABELS.read_text("utf-8")):
        wanted.setdefault(label["corpus"], {})[label["id"]] = label["intents"]
    for corpus, labels in wanted.items():
        mails = numbers(corpus)
        mine = mails.take(np.array([one.id in labels for one in mails.told]))
        found.append(model.read_vectors(mine.examples.rows, mine.examples.anatomy).intents)
        truth += [[name in labels[one.id] for name in ALL] for one in mine.told]
        corpora += [f"{corpus} {one.year}" if corpus == "phishing_pot" else corpus for one in mine.told]
    return np.array(truth), np.concatenate(found), corpora


def chosen(probabilities: Rows, least: float) -> NDArray[np.bool_]:
    """The intents from `least` on, the likeliest always."""
    hit = probabilities >= least
    hit[np.arange(len(hit)), probabilities.argmax(1)] = True
    return hit


def micro_f1(truth: NDArray[np.bool_], hit: NDArray[np.bool_]) -> float:
    """F1 over all decisions (van Rijsbergen, 1979)."""
    right = int((truth & hit).sum())
    return 2 * right / max(1, int(truth.sum()) + int(hit.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    truth, found, corpora = labelled(load_model(given.model) if given.model else bundled())
    tune = np.arange(len(truth)) % 2 == 0
    least = max(np.arange(0.1, 0.95, 0.05), key=lambda one: micro_f1(truth[tune], chosen(found[tune], one)))
    hit = chosen(found, float(least))
    dice = np.random.default_rng(0)
    rest = np.flatnonzero(~tune)
    draws = [dice.choice(rest, len(rest)) for _ in range(1000)]
    scores = [micro_f1(truth[picks], hit[picks]) for picks in draws]
    low, high = np.quantile(scores, [0.025, 0.975])
    print(f"{len(truth)} mails; named from {least:.2f}; micro-F1 on the half it was not chosen on "
          f"{micro_f1(truth[rest], hit[rest]):.3f} ({low:.3f}-{high:.3f})")  # fmt: skip
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
