"""Allow and block lists: each hit is a symbol with a weight, so that the score stays the sum of its symbols.

An entry is an address, or a domain with all below it. Who is on the allow list is easily imitated, so an
entry counts only where a trusted server's Authentication-Results say DMARC pass for the same domain, unless
the policy lets it count without. The text that tests spam filters is a hit too: with it an administrator
sees that an installation works.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import msgspec

from icelos.jobs.mail.delivery.fields import Head, name_of, split, value_of, values
from icelos.jobs.mail.delivery.policy import Policy
from icelos.jobs.mail.judge import Judgement, clean
from icelos.jobs.mail.signals import authentication
from icelos.jobs.mail.signals.signals import Signal

ALLOW_WEIGHT = -12.0
BLOCK_WEIGHT = 16.0
"""Enough to turn any ordinary sum; a sender on both lists stays blocked."""
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""https://spamassassin.apache.org/gtube/"""
GTUBE_WEIGHT = 40.0
_ADDRESS = re.compile(r"[^\s<>\"(),:;@]{1,64}@([^\s<>\"(),:;@\[\]]{1,253})")
_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_PASS = re.compile(r"\s*dmarc\s{0,5}=\s{0,5}pass\b", re.IGNORECASE)
_OWNER = re.compile(r"\bheader\.from\s{0,5}=\s{0,5}\"?([^\s;\"]{1,253})", re.IGNORECASE)


def with_lists(judgement: Judgement, raw: bytes, policy: Policy) -> Judgement:
    """The judgement with the hits of the lists among its symbols; score, verdict and sentence follow."""
    hits = list(_hits(raw, policy)) if policy.allow or policy.block else []
    if GTUBE in raw:
        hits.append(
            Signal("gtube", GTUBE_WEIGHT, "it holds the text that tests spam filters", "body", "GTUBE")
        )
    if not hits:
        return judgement
    symbols = sorted([*judgement.symbols, *hits], key=lambda one: (-one.weight, one.name))
    log_odds = judgement.bias + sum(one.weight for one in symbols)
    score = 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds))))
    why = "; ".join(one.why for one in hits)
    return msgspec.structs.replace(
        judgement, score=score, symbols=tuple(symbols), verdict=policy.verdict(score),
        sentence=f"{why[:1].upper()}{why[1:]}. {judgement.sentence}",
    )  # fmt: skip


def _hits(raw: bytes, policy: Policy) -> Iterator[Signal]:
    head = split(raw)
    named = values(head, "from")
    senders = [found.group().lower() for value in named for found in _ADDRESS.finditer(value)]
    quote = clean(" ".join(named), 300)
    if blocked := _listed(senders, policy.block):
        yield Signal("block-list", BLOCK_WEIGHT, f"{blocked} is on the block list", "From", quote)
    allowed = _listed(senders, policy.allow) if len(named) == 1 and len(senders) == 1 else ""
    if allowed and (policy.allow_unauthenticated or _authenticated(head, senders[0], policy)):
        yield Signal("allow-list", ALLOW_WEIGHT, f"{allowed} is on the allow list", "From", quote)


def _listed(senders: Sequence[str], entries: Sequence[str]) -> str:
    """The first entry that one of the senders stands under, or nothing."""
    for entry in entries:
        wanted = entry.strip().lower()
        if wanted and any(_stands_under(sender, wanted) for sender in senders):
            return wanted
    return ""


def _stands_under(sender: str, entry: str) -> bool:
    if "@" in entry.lstrip("@"):
        return sender == entry
    host, domain = sender.rpartition("@")[2].rstrip("."), entry.lstrip("@.")
    return host == domain or host.endswith(f".{domain}")


def _authenticated(head: Head, sender: str, policy: Policy) -> bool:
    """Without a trusted server's name no header counts: a stranger may have written the topmost."""
    if not policy.trusted_servers:
        return False
    fields = [(name_of(field), value_of(field)) for field in head.fields]
    header = authentication.topmost(fields, policy.trusted_servers)
    for result in _COMMENT.sub(" ", header).split(";"):
        owner = _OWNER.search(result)
        if owner and _PASS.match(result):
            return owner[1].lower().rstrip(".") == sender.rpartition("@")[2].rstrip(".")
    return False
