"""How often each intent and topic is written where nothing says otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from icelos.jobs.mail.intents.taxonomy import BENIGN, MALICIOUS

_COMMON = {
    "credential-theft": 3.0, "unsolicited-offer": 3.0, "prize": 2.0, "crypto": 2.0, "advance-fee": 2.0,
    "payment-change": 1.5, "invoice": 1.5, "work": 3.5, "community": 3.5, "newsletter": 3.5,
    "account-notice": 1.5, "receipt": 1.5,
}  # fmt: skip

USUAL: Mapping[str, float] = dict.fromkeys(MALICIOUS, 1.0) | dict.fromkeys(BENIGN, 1.15) | _COMMON
"""Weights by name: an estimate of ours of what mailboxes hold, with enough of the rare ones to be learnt."""
