"""Which intents of a mail are told: those of the family, harmful or benign, that the whole mail speaks for.

The intents are learnt from synthetic mail only, and the same words stand in harmful and in genuine mail:
sender, links and build decide which of the two it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from icelos.jobs.mail.intents.taxonomy import MALICIOUS

SURE = 0.5
"""Probability from which an intent is named beside the likeliest."""


def named(intents: Mapping[str, float], log_odds: float) -> list[str]:
    """The likeliest intent of its family, and all that are as good as sure, the likeliest first.

    `intents` maps names to probabilities; `log_odds` are the mail's, calibrated for as many malicious as
    benign mails: from 0 on the harmful intents are asked, below it the benign topics.
    """
    family = [name for name in intents if (name in MALICIOUS) == (log_odds >= 0)]
    ranked = sorted(family, key=lambda name: -intents[name])
    return [name for place, name in enumerate(ranked) if place == 0 or intents[name] >= SURE]
