"""What a comparison comes to: a score, the parts that speak for someone else, and signals for the judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.senders.departure import PARTS, surprises
from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.sketch import Sketch
from icelos.jobs.mail.senders.style import NUMBERS, TABLES
from icelos.jobs.mail.senders.weights import Weights, features
from icelos.jobs.mail.signals.symbols import Signal

KNOWN = 10
"""Earlier mails from which on a sender's mail is compared."""
WELL_KNOWN = 20
MOST_PARTS = 8


class Part(msgspec.Struct, frozen=True):
    """One surprise: `surprise` in log-odds for someone else, what it adds to the score, and why."""

    name: str
    surprise: float
    adds: float
    why: str


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """How far a mail departs from its sender's earlier ones.

    `mails` and `organisation_mails` were seen before; -1 where the organisation is mail for everyone.
    `score` is in log-odds of a takeover, 0 for a sender with fewer than `KNOWN` mails; from `review` and
    `alert` on it counts. `parts` are those that speak for someone else, the heaviest first. `unproven`: the
    sender's mail used to be authenticated and this one is not.
    """

    mails: int
    organisation_mails: int
    score: float
    review: float
    alert: float
    parts: tuple[Part, ...]
    unproven: bool
    proven: bool


def departure(
    facts: Facts,
    own: Sketch,
    everyone: Sketch,
    organisation: Sketch | None,
    weights: Weights,
    *,
    unproven: bool,
) -> Departure:
    """The departure of a mail from sketches that do not hold it yet."""
    known = own.mails >= KNOWN
    values = surprises(facts, own, everyone) if known else np.zeros(len(PARTS))
    return Departure(
        mails=own.mails,
        organisation_mails=(organisation.mails if organisation else 0) if facts.organisation else -1,
        score=weights.score(values, facts.words, own.mails) if known else 0.0,
        review=weights.review,
        alert=weights.alert,
        parts=_parts(values, facts, own, weights) if known else (),
        unproven=unproven,
        proven=facts.proven,
    )


def _parts(values: NDArray[np.float64], facts: Facts, own: Sketch, weights: Weights) -> tuple[Part, ...]:
    """Those that raise the score, one for each clause: a manner's numbers say the same in several ways."""
    effects = features(values, facts.words, own.mails)[: len(PARTS)]
    found: dict[str, Part] = {}
    for name, value, effect in zip(PARTS, values, effects, strict=True):
        adds = float(effect) * weights.parts.get(name, 0.0)
        if adds > 0.05 and value > 0:
            why = _why(name, facts, own)
            old = found.get(why)
            total = adds + (old.adds if old else 0.0)
            best = name if old is None or value > old.surprise else old.name
            found[why] = Part(best, max(float(value), old.surprise if old else 0.0), total, why)
    return tuple(sorted(found.values(), key=lambda part: (-part.adds, part.name))[:MOST_PARTS])


# ---- clauses

_CLAUSES: Mapping[str, str] = {
    "characters": "the spelling and letters are unlike this sender's {mails}",
    "marks": "the punctuation and spacing are unlike this sender's {mails}",
    "small words": "the choice of small words is unlike this sender's {mails}",
    "topics": "it is about other things than this sender's {mails}",
    "program": "it comes from another mail program than this sender's {mails}",
    "zone": "its time zone is another than that of this sender's {mails}",
    "message-id": "its Message-ID is made in another way than in this sender's {mails}",
    "message-id host": "its Message-ID names another host than those of this sender's {mails}",
    "signers": "other domains signed it than this sender's {mails}",
    "origin": "it started from other servers than this sender's {mails}",
    "structure": "its parts are put together unlike those of this sender's {mails}",
    "encoding": "its encoding or language setting is unlike that of this sender's {mails}",
    "reply-to": "answers go elsewhere than with this sender's {mails}",
    "attachments": "it carries other kinds of files than this sender's {mails}",
    "layout": "own and quoted words are laid out unlike in this sender's {mails}",
    "attribution": "its quotes are introduced unlike in this sender's {mails}",
    "greeting": "it greets unlike this sender's {mails}",
    "sign-off": "it closes with other words than this sender's {mails}",
    "sign-off shape": "it closes with other words than this sender's {mails}",
    "signature": "it has another signature than this sender's {mails}",
    "language": "it is in another language than this sender's {mails}",
    "recipients": "it goes to people that this sender's {mails} seldom went to",
    "links": "it links to places that this sender's {mails} seldom linked to",
    "intents": "it wants what this sender's {mails} seldom wanted",
    "weekday": "this sender seldom writes on that day of the week",
    "thread": "it answers a mail that has not been seen here",
}


def _why(name: str, facts: Facts, own: Sketch) -> str:
    if name == "hour":
        return _why_hour(facts, own)
    table = next((table for table in TABLES if name.startswith(table)), "")
    if name in NUMBERS:
        clause = "lengths, capitals and marks of its sentences are unlike this sender's {mails}"
    else:
        clause = _CLAUSES[table or name]
    return clause.format(mails=f"{own.mails} earlier mails")


def _why_hour(facts: Facts, own: Sketch) -> str:
    first, last = (facts.hour - 1) % 24, (facts.hour + 2) % 24
    near = sum(float(own.hours[(facts.hour + step) % 24]) for step in (-1, 0, 1))
    often = "has never written" if near <= 0 else "seldom writes"
    return (
        f"this sender {often} between {first} and {last} o'clock of its own zone in {own.mails} earlier mails"
    )


# ---- signals

_TAKEOVER, _DEPARTS, _UNPROVEN, _NEW, _FAMILIAR = 4.0, 1.5, 2.0, 0.3, -1.0


def signals_of(found: Departure) -> list[Signal]:
    """What the judge adds up. Weights in log-odds; a takeover alone asks for a review."""
    signals = [signal for look in _LOOKS for signal in look(found)]
    return sorted(signals, key=lambda signal: (-signal.weight, signal.name))


def _signal(name: str, weight: float, why: str) -> list[Signal]:
    return [Signal(name, weight, why, "From", "")]


def _new(found: Departure) -> list[Signal]:
    if found.mails:
        return []
    signals = _signal("sender-new", _NEW, "it is the first mail of this sender here")
    if found.organisation_mails == 0:
        signals += _signal(
            "sender-organisation-new", _NEW, "it is the first mail of its sender's organisation here"
        )
    return signals


def _unproven(found: Departure) -> list[Signal]:
    if not found.unproven:
        return []
    why = f"the {found.mails} earlier mails of this sender were authenticated and this one is not"
    return _signal("sender-unproven", _UNPROVEN, why)


def _departs(found: Departure) -> list[Signal]:
    if found.mails < KNOWN or found.score < found.review:
        return []
    reasons = ", and ".join(part.why for part in found.parts[:3])
    why = f"it is unlike this sender: {reasons}" if reasons else "it is unlike this sender's earlier mails"
    if found.mails >= WELL_KNOWN and found.score >= found.alert:
        return _signal("sender-takeover", _TAKEOVER + min(1.0, found.score - found.alert), why)
    return _signal("sender-departs", _DEPARTS, why)


def _familiar(found: Departure) -> list[Signal]:
    """Speaks for a mail only where its origin is proven: what is only claimed can be copied."""
    if not found.proven or found.unproven or found.mails < WELL_KNOWN or found.score >= found.review - 1.0:
        return []
    why = f"it is authenticated and like the {found.mails} earlier mails of its sender"
    return _signal("sender-familiar", _FAMILIAR, why)


_LOOKS: tuple[Callable[[Departure], list[Signal]], ...] = (_new, _unproven, _departs, _familiar)
