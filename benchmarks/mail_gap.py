"""The loop on real mail: python -m benchmarks.mail_gap [--seeds 3] [--misses FILE]

A base of mail before 2011 meets phishing_pot of 2022-23. What it misses there is known by its intents and
languages
only; synthetic mail of those is learnt, and phishing_pot of 2024 (other clusters) measures. The gap is that
between
the base and a model that has learnt from the real mail of 2022-23. Controls: synthetic mail without the
intents, and
the base with a threshold that flags as much ham as the new model does. The threshold of all is set on the
same ham,
hard ham among it: a base that calls every newsletter malicious has no recall to boast of. `--misses` names a
JSON file of what
SpamAssassin and rspamd missed (`mail_peers`): the same loop on theirs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from benchmarks.mail_detector import earlier, later, told
from benchmarks.mail_model import INTENTS, LANGUAGES, OTHER_HAM, SYNTHETIC, corpus_of, fitted
from benchmarks.mail_numbers import Numbers, several
from numpy.typing import NDArray

from icelos.jobs.mail.detector.examples import synthetic_examples
from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.detector.thresholds import thresholds_for
from icelos.jobs.mail.detector.train import Examples, joined
from icelos.jobs.mail.detector.versions import bundled
from icelos.jobs.mail.improve.loop import Corpus, flagged, intents_of, log_odds, weights_of
from icelos.jobs.mail.improve.mailboxes import synthesiser
from icelos.jobs.mail.synthesis.corpus import synthesise

BEFORE_2011 = ("sa-easy", "enron", "sa-spam", "csdmc-spam", "nazario-old")
SPOKEN = {"other": "", "": ""}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--misses", type=Path)
    parser.add_argument("--number", type=int, default=SYNTHETIC)
    chosen = parser.parse_args()
    old, pot, late = several(*BEFORE_2011), earlier(), corpus_of(later())
    ham = [several(name) for name in (*OTHER_HAM, "sa-hard")]
    base = fitted(old.examples, ham, trained_on=(), version="base")
    real = fitted(joined([old.examples, pot.examples]), ham, trained_on=(), version="real")
    missed = ~flagged(base, corpus_of(pot))
    print(f"base misses {missed.sum()} of {len(missed)} of 2022-23")
    before, best = flagged(base, late), flagged(real, late)
    print(f"2024: base {told(before)}; flagged: {_false(base)}", flush=True)
    print(f"2024: with real mail of 2022-23 {told(best)}; flagged: {_false(real)}", flush=True)
    for seed in range(chosen.seeds):
        print(f"seed {seed}")
        model = _closed(old.examples, pot.take(missed), ham, chosen.number, seed)
        _tell(f"synthetic mail of its misses ({_false(model)})", flagged(model, late), before, best)
        _tell("threshold alone", _moved(base, model, ham, late), before, best)
        model = _closed(old.examples, pot.take(missed), ham, chosen.number, seed, intent_free=True)
        _tell("synthetic mail without the intents", flagged(model, late), before, best)
    if chosen.misses:
        missed_by = json.loads(chosen.misses.read_text("utf-8"))
        for peer in (name for name in sorted(missed_by) if name.startswith(("SpamAssassin", "rspamd"))):
            ids = missed_by[peer]
            theirs = pot.take(np.array([one.id in set(ids) for one in pot.told]))
            model = _closed(old.examples, theirs, ham, chosen.number, 0)
            _tell(
                f"synthetic mail of the {len(theirs.told)} that {peer} missed",
                flagged(model, late),
                before,
                best,
            )
    _blogs_form(old.examples, ham)


def _closed(
    old: Examples, missed: Numbers, ham: list[Numbers], number: int, seed: int, *, intent_free: bool = False
) -> MailModel:
    """A model of the base's mail and of synthetic mail with the intents and languages of what was missed."""
    intents = intents_of(bundled(), corpus_of(missed))
    languages = Counter(SPOKEN.get(one, one) for one in missed.languages.tolist())
    if not intent_free:
        print("  intents:", ", ".join(f"{n} {name}" for name, n in intents.most_common()))
    make = synthesiser(number, None, seed=seed * 1_000_000, intent_free=intent_free)
    made = make(weights_of(intents), languages)
    return fitted(joined([old, made]), ham, trained_on=(), version="closed", seed=seed)


def _moved(base: MailModel, model: MailModel, ham: list[Numbers], late: Corpus) -> NDArray[np.bool_]:
    """What the base flags at a threshold at which it flags as much of all ham as the new model."""
    clean = [corpus_of(one) for one in [*ham, several("usrp")]]
    flags = sum(int(flagged(model, one).sum()) for one in clean)
    odds = np.concatenate([log_odds(base, one) for one in clean])
    moved = thresholds_for(odds, max(flags, 1) / len(odds))
    return np.asarray(log_odds(base, late) >= min(moved.review, base.card.thresholds["words"].review))


def _false(model: MailModel) -> str:
    """What a model flags of ham that had no part in anything."""
    found = {name: flagged(model, corpus_of(several(name))) for name in ("usrp", "templates")}
    return ", ".join(f"{name} {int(hit.sum())} of {len(hit)}" for name, hit in found.items())


def _tell(what: str, hit: NDArray[np.bool_], before: NDArray[np.bool_], best: NDArray[np.bool_]) -> None:
    """The share of the gap that is closed, with the bootstrap's 95 % interval over mails."""
    dice = np.random.default_rng(0)
    shares = []
    for _ in range(1000):
        picks = dice.integers(0, len(hit), len(hit))
        gap = best[picks].mean() - before[picks].mean()
        shares.append((hit[picks].mean() - before[picks].mean()) / gap if gap else np.nan)
    low, high = np.nanquantile(shares, [0.025, 0.975])
    share = (hit.mean() - before.mean()) / (best.mean() - before.mean())
    print(f"  {what}: {told(hit)}, gap closed {share:.2f} ({low:.2f}-{high:.2f})", flush=True)


def _blogs_form(old: Examples, ham: list[Numbers]) -> None:
    """The blog's own form: an intent that no model knew, learnt from synthetic mail, tested on more of the
    same."""
    wanted = {"crypto": 1.0}
    others = {name: weight for name, weight in INTENTS.items() if name != "crypto"}
    known = synthetic_examples(synthesise(12_000, intents=others, languages=LANGUAGES, seed=11))
    new = synthetic_examples(synthesise(2000, intents=wanted, languages=LANGUAGES, seed=12_000_000))
    tested = synthetic_examples(synthesise(826, intents=wanted, languages=LANGUAGES, seed=77_000_000))
    test = Corpus(tested, np.zeros(tested.size, np.float32), [""] * tested.size)
    base = fitted(joined([old, known]), ham, trained_on=(), version="base")
    after = fitted(joined([old, known, new]), ham, trained_on=(), version="after")
    missed = [int((~flagged(model, test)).sum()) for model in (base, after)]
    even = [int((log_odds(model, test) < 0).sum()) for model in (base, after)]
    print(
        f"the blog's form, on held-out mail of the same generator (simulated): missed {missed[0]} of "
        f"{tested.size} before, {missed[1]} after; at even odds, as in the blog, {even[0]} and {even[1]}"
    )


if __name__ == "__main__":
    main()
