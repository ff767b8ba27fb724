"""One message to one judgement: what the signals and the models say of it, added up.

The judgement is what every way in shares: `icelos scan mail`, the spamd server and the SMTP filter. Weights
are in log-odds; with `BIAS` they sum to the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from icelos.findings import Verdict
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.signals.signals import BIAS, Signal, signals
from icelos.settings import MailSettings


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one message.

    `score` is from 0 to 1; `symbols` sum to its log-odds, the heaviest first, `BIAS` not among them.
    `sentence` says why, for people. `intents` are probabilities by name. `made_by` names what judged.
    """

    score: float
    verdict: Verdict
    symbols: tuple[Signal, ...]
    sentence: str
    intents: Mapping[str, float] = {}
    made_by: Mapping[str, str] = {}
    bias: float = BIAS


class Judge:
    """Judges messages by the settings' thresholds. Safe to share between threads."""

    def __init__(self, settings: MailSettings = MailSettings()) -> None:  # noqa: B008 - frozen
        self.settings = settings

    def judge(self, raw: bytes) -> Judgement:
        """Raises InputError where the bytes cannot be read as mail."""
        return self.judge_message(read_message(raw))

    def judge_message(self, message: Message) -> Judgement:
        """The judgement of a message that has been read."""
        found = signals(message, trusted=self.settings.trusted_servers)
        score = probability(found)
        return Judgement(
            score=score, verdict=self._verdict(score), symbols=tuple(found), sentence=sentence(found, score)
        )

    def _verdict(self, score: float) -> Verdict:
        if score >= self.settings.alert:
            return Verdict.ALERT
        return Verdict.REVIEW if score >= self.settings.review else Verdict.CLEAR


def probability(found: Sequence[Signal]) -> float:
    """The logistic of the weights' sum, from 0 to 1."""
    return 1.0 / (1.0 + math.exp(-(BIAS + sum(hit.weight for hit in found))))


def sentence(found: Sequence[Signal], score: float) -> str:
    """One sentence: the heaviest reasons, and how many more there are."""
    reasons = "; ".join(clean(signal.why, 200) for signal in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return f"The rule baseline gives {score:.2f} because {reasons}{more}."


def clean(text: str, most: int) -> str:
    """Text that can be stored and shown: no lone surrogates, no controls, nothing unseen, no length."""
    cut = " ".join(text[: 4 * most].split())
    cut = cut if len(cut) <= most else cut[: most - 1] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)
