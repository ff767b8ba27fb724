"""The mail detector against its bars: python -m benchmarks.mail_detector [--seeds 5] [--models shipped,own]

One threshold for all rows, set on ham of which nothing is learnt (see `mail_model`). Two models: `shipped`,
of synthetic mail and permissive sets, and `own`, which has learnt from phishing_pot of 2022-23 as well, as an
organisation does from what its people report. Measured: phishing_pot of 2024 outside the earlier clusters;
modern list mail of which nothing was seen; the half of the hard ham that was not learnt from; templates;
bounces.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator

import numpy as np
from benchmarks.mail_model import (
    OTHER_HAM,
    PERMISSIVE,
    WANTED_FPR,
    corpus_of,
    fitted,
    synthetic,
    with_threshold,
)
from benchmarks.mail_numbers import Numbers, numbers, several
from numpy.typing import NDArray

from icelos.evaluate.metrics import wilson
from icelos.jobs.mail.detector.examples import Labelled, examples_of
from icelos.jobs.mail.detector.model import MailModel
from icelos.jobs.mail.improve.loop import Corpus, flagged, log_odds
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import signals

PAIRS = (("llm-phish", "llm-office"), ("bec", "llm-office"), ("llm-phish", "llm-benign"))
WANTED = (0.001, 0.002, WANTED_FPR)
"""Shares of other ham that may be flagged."""
REST = tuple(name for name in PERMISSIVE if name != "sa-hard")


def later() -> Numbers:
    """phishing_pot of 2024 without clusters that were there before."""
    pot = numbers("phishing_pot")
    old = {group for group, year in zip(pot.examples.groups, pot.years, strict=True) if 0 < year < 2024}
    fresh = np.array([group not in old for group in pot.examples.groups])
    return pot.take((pot.years == 2024) & fresh)


def earlier() -> Numbers:
    """phishing_pot of 2022-23."""
    pot = numbers("phishing_pot")
    return pot.take((pot.years > 0) & (pot.years < 2024))


# ---- bounces

_REASONS = (
    ("550 5.1.1", "User unknown in virtual mailbox table"), ("552 5.2.2", "Mailbox full"),
    ("554 5.7.1", "Message rejected due to content"), ("450 4.1.1", "Recipient address rejected"),
    ("550 5.4.1", "Recipient address rejected: Access denied"), ("421 4.4.2", "Connection timed out"),
    ("550 5.7.26", "Unauthenticated email is not accepted"), ("511 5.1.10", "Recipient not found"),
)  # fmt: skip
_TEXTS = (
    "This is the mail system at host {host}.\n\nI'm sorry to have to inform you that your message could "
    "not\nbe "
    "delivered to one or more recipients. It's attached below.\n\n<{to}>: host {mx}[192.0.2.{n}] said: "
    "{code} {why} "
    "(in reply to RCPT TO command)\n",
    "This message was created automatically by mail delivery software.\n\nA message that you sent could "
    "not be "
    "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) "
    "failed:\n\n"
    "  {to}\n    {code} {why}\n",
    "Your message to {to} couldn't be delivered.\n\n{why}\n\nOffice 365\n\nAction Required: "
    "Recipient\n\nHow to fix "
    "it: the address may be misspelled or may not exist. Retype the entire recipient address, then "
    "resend.\n\n"
    "Generating server: {host}\n{to}\nRemote Server returned '{code} {why}'\n",
    "** Address not found **\n\nYour message wasn't delivered to {to} because the address couldn't be "
    "found or is "
    "unable to receive mail.\n\nThe response from the remote server was:\n{code} {why}\n",
    "Hi. This is the qmail-send program at {host}.\nI'm afraid I wasn't able to deliver your message to the "
    "following addresses.\n\n<{to}>:\n{mx} does not like recipient.\nRemote host said: {code} "
    "{why}\nGiving up.\n",
    "Warning: message delayed 24 hours\n\nThe following message to <{to}> was undeliverable for 24 "
    "hours. The "
    "reason:\n{code} {why}\nYour message will be retried for 4 more days. You do not need to resend it.\n",
)
_WORDS = "budget review minutes tender visit draft schedule photos lease order printer seminar intake".split()


def bounces(n: int = 200, seed: int = 1) -> Iterator[bytes]:
    """Delivery reports as mail servers write them, made here and by no generator that was learnt from."""
    dice = random.Random(seed)
    for number in range(n):
        code, why = dice.choice(_REASONS)
        name, host = (
            dice.choice(["anna", "j.brooks", "office", "m.keller", "sales"]),
            f"mx{number}.example.net",
        )
        to = f"{name}@{dice.choice(['contoso', 'fabrikam', 'northwind'])}{number}.example.org"
        values = {
            "host": host,
            "to": to,
            "mx": f"mail.{to.partition('@')[2]}",
            "n": number,
            "code": code,
            "why": why,
        }
        subject = dice.choice(
            ["Undelivered Mail Returned to Sender", "Mail delivery failed: returning message to sender",
             "Undeliverable: {}", "Delivery Status Notification (Failure)", "failure notice", "Delayed: {}"]
        ).format(" ".join(dice.sample(_WORDS, 3)))  # fmt: skip
        original = f"From: robin@example.org\nTo: {to}\nSubject: {' '.join(dice.sample(_WORDS, 3))}\n\n"
        yield (
            f"From: Mail Delivery System <MAILER-DAEMON@{host}>\nTo: robin@example.org\nSubject: {subject}\n"
            f"Date: Tue, 10 Sep 2024 09:00:00 +0000\nMessage-ID: <{number}@{host}>\nAuto-Submitted: "
            f"auto-replied\n"
            "MIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="bb"\n\n'
            f"--bb\nContent-Type: text/plain\n\n{dice.choice(_TEXTS).format(**values)}\n"
            f"--bb\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; {host}\n\n"
            f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {code[4:]}\n\n"
            f"--bb\nContent-Type: text/rfc822-headers\n\n{original}--bb--\n"
        ).encode()


def corpus_of_raw(raws: list[bytes], label: int) -> Corpus:
    """Raw mails as the loop takes them."""
    read = [read_message(raw) for raw in raws]
    examples = examples_of([Labelled(message, label, str(place)) for place, message in enumerate(read)])
    weights = np.array([sum(signal.weight for signal in signals(message)) for message in read], np.float32)
    return Corpus(examples, weights, [""] * len(raws))


# ---- the rows


def told(hits: NDArray[np.bool_]) -> str:
    """A share with its interval."""
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{hits.mean():.3f} ({low:.3f}-{high:.3f}, n = {len(hits)})"


def rows(model: MailModel, hard: Numbers) -> dict[str, float]:
    """Print the rows of one model; the figures that the bars are on."""
    late = later()
    hit = flagged(model, corpus_of(late))
    print("  recall 2024", told(hit))
    for language in ("en", "de", "pt", "nl", "fr", "other"):
        print(f"    {language}", told(hit[late.languages == language]))
    found = {"recall": float(hit.mean())}
    for language in ("en", "de", "pt"):
        found[language] = float(hit[late.languages == language].mean())
    for name in ("usrp", "templates", *OTHER_HAM, "llm-phish", "bec", "nazario-old", "csdmc-spam"):
        one = flagged(model, corpus_of(numbers(name)))
        found[name] = float(one.sum())
        print(f"  {name} flagged {int(one.sum())} of {len(one)}")
    found["hard"] = float(flagged(model, corpus_of(hard)).sum())
    found["bounces"] = float(flagged(model, corpus_of_raw(list(bounces()), 0)).sum())
    print(
        f"  hard ham flagged {found['hard']:.0f} of {len(hard.told)}, bounces {found['bounces']:.0f} of 200"
    )
    for harmful, harmless in (
        ("llm-phish", "llm-office"),
        ("bec", "llm-office"),
        ("llm-phish", "llm-benign"),
    ):
        attack, clean = (log_odds(model, corpus_of(numbers(name))) for name in (harmful, harmless))
        recall = float((attack > np.quantile(clean, 0.99)).mean())
        found[f"{harmful} against {harmless}"] = recall
        print(f"  {harmful} against {harmless}: {recall:.3f} at 1 % false positives")
    return found


def hard_sides(seed: int) -> tuple[Numbers, Numbers]:
    """The hard ham in two: one side to learn from, one that is measured."""
    hard = numbers("sa-hard")
    side = np.random.default_rng(seed).permutation(len(hard.told)) % 2 == 0
    return hard.take(side), hard.take(~side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--models", default="shipped,own")
    chosen = parser.parse_args()
    ham = [several(name) for name in OTHER_HAM]
    for name in chosen.models.split(","):
        figures: dict[float, list[dict[str, float]]] = {wanted: [] for wanted in WANTED}
        for seed in range(chosen.seeds):
            learnt, hard = hard_sides(seed)
            sets = [several(*REST), learnt, *([earlier()] if name == "own" else [])]
            made = synthetic(seed=seed * 1_000_000)
            model = fitted(sets, [made], ham, trained_on=(), version=name, seed=seed)
            ((kind, mixture),) = model.card.mixtures.items()
            for wanted in WANTED:
                model = with_threshold(model, kind, mixture, ham, wanted)
                print(
                    f"{name}, seed {seed}, {wanted:.1%} of other ham: threshold "
                    f"{model.card.thresholds[kind].review:.2f}, mixture {dict(mixture.weights)}",
                    flush=True,
                )
                figures[wanted].append(rows(model, hard))
        for wanted, found in figures.items():
            print(f"{name}, {wanted:.1%} of other ham, mean over {len(found)} seeds (lowest-highest):")
            for key in found[0]:
                values = [one[key] for one in found]
                print(f"  {key}: {np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})", flush=True)


if __name__ == "__main__":
    main()
