"""The anatomy of a mail's links and letters in numbers, for a learnt model beside its text.

Only content: nothing of header names, MIME structure, dates or tools, which tell where a mail was kept
rather than what it wants. Counts go through log1p, shares are from 0 to 1, the rest is 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from string import ascii_uppercase, digits

from icelos.jobs.mail.signals.brands import claims, owners
from icelos.jobs.mail.signals.domains import is_public_ip
from icelos.jobs.mail.signals.facts import Facts, same_party
from icelos.jobs.mail.signals.hosts import (
    COMMON_HOSTING,
    FREE_HOSTING,
    OPEN_REDIRECTORS,
    SHORTENERS,
    entry,
    is_cheap,
    is_service,
)
from icelos.jobs.mail.signals.lookalike import likeness
from icelos.jobs.mail.signals.spelling import looks_random
from icelos.jobs.mail.signals.web import Web

_SHARES: Mapping[str, Callable[[Web], bool]] = {
    "short": lambda web: bool(entry(SHORTENERS, web.host)),
    "free_space": lambda web: bool(entry(FREE_HOSTING, web.host, web.head)),
    "common_space": lambda web: bool(entry(COMMON_HOSTING, web.host, web.head)),
    "redirector": lambda web: bool(entry(OPEN_REDIRECTORS, web.host, web.head)),
    "service": lambda web: is_service(web.host),
    "brand": lambda web: bool(owners(web.host)),
    "cheap": lambda web: is_cheap(web.host),
    "random_host": lambda web: looks_random(web.organisation.partition(".")[0]),
    "bare_address": lambda web: is_public_ip(web.host),
    "query": lambda web: bool(web.url.query),
    "fragment": lambda web: bool(web.url.fragment),
    "random_path": lambda web: any(
        len(part) >= 12 and looks_random(part) for part in web.url.path.split("/")[:8]
    ),
    "no_path": lambda web: web.url.path in {"", "/"},
    "script_file": lambda web: web.url.path.lower().endswith((".php", ".html", ".htm")),
    "inner": lambda web: bool(web.through),
}


def anatomy(facts: Facts) -> Mapping[str, float]:
    """Name -> number, the same names for every mail; all start with "link_", "text_" or "name_"."""
    webs = [web for web in facts.webs if web.host]
    return {**_links(webs, facts), **_text(facts), **_name(facts)}


def _links(webs: Sequence[Web], facts: Facts) -> dict[str, float]:
    places = {web.organisation or web.host for web in webs}
    strangers = [web for web in webs if not (owners(web.host) or is_service(web.host))]
    lengths = [len(web.target) for web in webs]
    found = {f"link_{name}": _share(webs, holds) for name, holds in _SHARES.items()}
    found.update(
        link_count=math.log1p(len(webs)),
        link_places=math.log1p(len(places)),
        link_one_place=float(len(places) == 1),
        link_stranger=len(strangers) / len(webs) if webs else 0.0,
        link_sender=_share(webs, lambda web: same_party(web.host, facts.sender.host)),
        link_lookalike=float(any(likeness(web.host, facts.known.names) for web in webs)),
        link_length=math.log1p(max(lengths, default=0)),
        link_labels=math.log1p(max((web.host.count(".") for web in webs), default=0)),
    )
    return found


def _share(webs: Sequence[Web], holds: Callable[[Web], bool]) -> float:
    return sum(map(holds, webs)) / len(webs) if webs else 0.0


def _text(facts: Facts) -> dict[str, float]:
    """The letters of subject and text: capitals, digits, marks, and what is not plain."""
    subject, body = facts.message.subject[:300], facts.message.body[:20_000]
    named = [claim for claim in claims(subject) if not claim.brand.plain]
    return {
        "text_length": math.log1p(len(body)),
        "text_capitals": _part(body, ascii_uppercase, str.isupper),
        "text_digits": _part(body, digits, str.isdigit),
        "text_exclaims": math.log1p(body.count("!") + subject.count("!")),
        "text_money": math.log1p(sum(body.count(sign) for sign in "$€£¥₿")),
        "text_hidden": math.log1p(len(facts.message.hidden_text[:20_000])),
        "text_pictograms": math.log1p(sum(ord(c) >= 0x1F000 or 0x2600 <= ord(c) <= 0x27BF for c in subject)),
        "text_brand": float(bool(named)),
        "text_links_per_word": len(facts.webs) / (1 + len(body.split())),
    }


def _part(text: str, of_ascii: str, holds: Callable[[str], bool]) -> float:
    """The share of the first letters that `holds`, which of those of ASCII are `of_ascii`."""
    letters = text[:4000]
    if letters.isascii():
        rest = letters.encode("ascii").translate(None, delete=of_ascii.encode("ascii"))
        return (len(letters) - len(rest)) / len(letters) if letters else 0.0
    return sum(map(holds, letters)) / len(letters)


def _name(facts: Facts) -> dict[str, float]:
    """The name that a sender gives itself."""
    name = facts.sender.name[:200]
    return {
        "name_brand": float(any(claim.alone or not claim.brand.plain for claim in claims(name))),
        "name_digits": float(any(c.isdigit() for c in name)),
        "name_odd_marks": float(any(not (c.isalnum() or c in " .,'-@&()_\"") for c in name)),
    }
