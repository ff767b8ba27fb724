"""The loop on real mail: python -m benchmarks.mail_gap [--seeds 3] [--misses FILE]

A base of mail before 2011 meets phishing_pot of 2022-23. What it misses there is known by its intents and
languages only; synthetic mail of those is learnt, and phishing_pot of 2024 (other clusters) measures. The gap
is that between the base and a model that has learnt from the real mail of 2022-23. Controls: synthetic mail
without the intents, and the base with a threshold that flags as much ham as the new model does.

Each model is measured at as many false alarms as the new one has over all ham, and at two thresholds: "other
ham", which flags 0.3 % of ham of other sources, and "brand mail", which besides flags at most 1 of half of
the templates of receipts and resets. The other half of the templates and modern list mail tell what each
costs: a model that calls genuine brand mail malicious has no recall to boast of. `--misses` names a JSON file
of what SpamAssassin and rspamd missed (`mail_peers`): the same loop on theirs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.mail_detector import earlier, later, told
from benchmarks.mail_model import LANGUAGES, OTHER_HAM, SYNTHETIC, WANTED_FPR, corpus_of, fitted
from benchmarks.mail_numbers import Numbers, several
from numpy.typing import NDArray

from icelos.jobs.mail.detector.examples import synthetic_examples
from icelos.jobs.mail.detector.model import Floats, MailModel
from icelos.jobs.mail.detector.thresholds import thresholds_for
from icelos.jobs.mail.detector.train import Examples
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.improve.loop import Corpus, flagged, intents_of, log_odds, weights_of
from icelos.jobs.mail.improve.mailboxes import synthesiser
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.usual import USUAL

BEFORE_2011 = ("sa-easy", "sa-hard", "enron", "sa-spam", "csdmc-spam", "nazario-old")
SPOKEN = {"other": "", "": ""}
POINTS = ("other ham", "brand mail")
Hits = NDArray[np.bool_]


class Measured(NamedTuple):
    """What a model flags of 2024, and of all ham, at each of `POINTS`."""

    late: Sequence[Hits]
    flags: Sequence[int]


class Yardstick:
    """The mail that every model is measured by."""

    def __init__(self) -> None:
        self.late = corpus_of(later())
        self.ham = [several(name) for name in OTHER_HAM]
        templates = several("templates")
        side = np.random.default_rng(0).permutation(len(templates.told)) % 2 == 0
        self.chosen_on, self.apart = corpus_of(templates.take(side)), corpus_of(templates.take(~side))
        self.lists = corpus_of(several("usrp"))

    def thresholds(self, model: MailModel) -> list[float]:
        """The least log-odds that are flagged, at each of `POINTS`."""
        other = np.concatenate([log_odds(model, corpus_of(one)) for one in self.ham])
        usual = thresholds_for(other, WANTED_FPR).review
        second = float(np.sort(log_odds(model, self.chosen_on))[-2])
        return [usual, max(usual, np.nextafter(second, np.inf))]

    def clean(self, model: MailModel) -> Floats:
        """Log-odds of all ham."""
        parts = [*map(corpus_of, self.ham), self.lists, self.apart]
        return np.concatenate([log_odds(model, one) for one in parts])

    def measure(self, what: str, model: MailModel) -> Measured:
        """Measure and print."""
        late, lists, apart = (log_odds(model, one) for one in (self.late, self.lists, self.apart))
        clean, hits, flags = self.clean(model), [], []
        for point, least in zip(POINTS, self.thresholds(model), strict=True):
            hits.append(late >= least)
            flags.append(int((clean >= least).sum()))
            false = [f"{int((odds >= least).sum())} of {len(odds)}" for odds in (lists, apart)]
            print(f"  {what}, threshold by {point}: {told(hits[-1])};"
                  f" list mail {false[0]}, templates {false[1]}", flush=True)  # fmt: skip
        return Measured(hits, flags)

    def moved(self, base: MailModel, like: Measured) -> Measured:
        """The base at thresholds at which it flags as much of all ham as another model."""
        clean, late = np.sort(self.clean(base))[::-1], log_odds(base, self.late)
        return Measured([late > clean[min(n, len(clean) - 1)] for n in like.flags], like.flags)


def learnt(
    sets: Sequence[Numbers], made: Sequence[Examples], ham: Sequence[Numbers], seed: int = 0
) -> MailModel:
    """A model whose mixture is fitted by groups: without a whole source the base would have no phishing."""
    return fitted(sets, made, ham, trained_on=(), version="gap", seed=seed, by_source=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--misses", type=Path)
    parser.add_argument("--number", type=int, default=SYNTHETIC)
    chosen = parser.parse_args()
    old, pot, yardstick = several(*BEFORE_2011), earlier(), Yardstick()
    base = learnt([old], [], yardstick.ham)
    real = learnt([old, pot], [], yardstick.ham)
    missed = log_odds(base, corpus_of(pot)) < yardstick.thresholds(base)[1]
    print(f"base misses {missed.sum()} of {len(missed)} of 2022-23 at the threshold by brand mail")
    before, best = yardstick.measure("base", base), yardstick.measure("with real mail of 2022-23", real)
    for seed in range(chosen.seeds):
        print(f"seed {seed}")
        model = _closed(old, pot.take(missed), yardstick, chosen.number, seed)
        after = yardstick.measure("synthetic mail of its misses", model)
        _tell(after, before, best)
        print("  at as many false alarms over all ham as the synthetic mail's model has:")
        alike = yardstick.moved(base, after)
        print(f"    threshold alone: {told(alike.late[0])}; {told(alike.late[1])}")
        _tell(after, alike, yardstick.moved(real, after))
        model = _closed(old, pot.take(missed), yardstick, chosen.number, seed, intent_free=True)
        _tell(yardstick.measure("synthetic mail without the intents", model), before, best)
    if chosen.misses:
        _of_peers(json.loads(chosen.misses.read_text("utf-8")), old, pot, yardstick, chosen.number)
    _blogs_form(old, yardstick.ham)


def _of_peers(
    missed_by: dict[str, list[str]], old: Numbers, pot: Numbers, yardstick: Yardstick, number: int
) -> None:
    """The same loop on what other filters missed of a sample of 2022-23."""
    for peer in (name for name in sorted(missed_by) if name in {"SpamAssassin >= 5", "rspamd >= 6"}):
        ids = set(missed_by[peer])
        theirs = pot.take(np.array([one.id in ids for one in pot.told]))
        model = _closed(old, theirs, yardstick, number, 0)
        yardstick.measure(f"synthetic mail of the {len(theirs.told)} that {peer} missed", model)


def _closed(
    old: Numbers, missed: Numbers, yardstick: Yardstick, number: int, seed: int, *, intent_free: bool = False
) -> MailModel:
    """A model of the base's mail and of synthetic mail with the intents and languages of what was missed."""
    intents = intents_of(bundled(), corpus_of(missed))
    languages = Counter(SPOKEN.get(one, one) for one in missed.languages.tolist())
    if not intent_free:
        print("  intents:", ", ".join(f"{n} {name}" for name, n in intents.most_common()))
    make = synthesiser(number, None, seed=seed * 1_000_000, intent_free=intent_free)
    made = make(weights_of(intents), languages)
    return learnt([old], [made], yardstick.ham, seed)


def _tell(after: Measured, before: Measured, best: Measured) -> None:
    """The share of the gap that is closed, with the bootstrap's 95 % interval over mails."""
    for place, point in enumerate(POINTS):
        hit, base, real = after.late[place], before.late[place], best.late[place]
        dice, shares = np.random.default_rng(0), []
        for _ in range(1000):
            picks = dice.integers(0, len(hit), len(hit))
            gap = real[picks].mean() - base[picks].mean()
            shares.append((hit[picks].mean() - base[picks].mean()) / gap if gap else np.nan)
        low, high = np.nanquantile(shares, [0.025, 0.975])
        share = (hit.mean() - base.mean()) / (real.mean() - base.mean())
        recalls = f"{base.mean():.3f} -> {hit.mean():.3f}, with real mail {real.mean():.3f}"
        print(f"    {point}: {recalls}: gap closed {share:.2f} ({low:.2f} to {high:.2f})", flush=True)


def _blogs_form(old: Numbers, ham: Sequence[Numbers]) -> None:
    """The blog's own form: an intent that no model knew, learnt from synthetic mail, tested on more of the
    same."""
    wanted = {"crypto": 1.0}
    others = {name: weight for name, weight in USUAL.items() if name != "crypto"}
    known = synthetic_examples(synthesise(12_000, intents=others, languages=LANGUAGES, seed=11))
    new = synthetic_examples(synthesise(2000, intents=wanted, languages=LANGUAGES, seed=12_000_000))
    tested = synthetic_examples(synthesise(826, intents=wanted, languages=LANGUAGES, seed=77_000_000))
    test = Corpus(tested, np.zeros(tested.size, np.float32), [""] * tested.size)
    base, after = learnt([old], [known], ham), learnt([old], [known, new], ham)
    missed = [int((~flagged(model, test)).sum()) for model in (base, after)]
    even = [int((log_odds(model, test) < 0).sum()) for model in (base, after)]
    print(
        f"the blog's form, on held-out mail of the same generator (simulated): missed {missed[0]} of "
        f"{tested.size} before, {missed[1]} after; at even odds, as in the blog, {even[0]} and {even[1]}"
    )


if __name__ == "__main__":
    main()
