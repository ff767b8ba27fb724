"""Learn the weights of surprises from an organisation's own mail, without a single known takeover.

Takeovers are simulated: the words of another sender, or of a lure of ours, in the envelope of a sender's
next mail; with the sender's own program and zone kept, or with the other's. What is learnt is general: what
sets a mail by someone else apart. Mail is replayed in the order of its time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import ALL
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.departure import FRAME
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.memory import Memory
from icelos.jobs.mail.senders.weights import Weights, as_weights, features, fitted

LEAST_MAILS = 8
LEAST_GENUINE = 200
MOST_ROWS = 40_000
_RECENT = 600
"""Mails of others that words are taken from."""
_SIGNED = ("sign-off", "sign-off shape", "signature")
_CLIENT = ("program", "zone", "message-id", "structure", "encoding", "attachments")


class Row(msgspec.Struct, frozen=True):
    """One mail of the replay: its sender, whether it is a simulated takeover, and its features."""

    sender: bytes
    takeover: bool
    features: NDArray[np.float64]


def calibrate(
    mails: Iterable[Facts],
    lures: Sequence[Facts] = (),
    *,
    wanted: float = 0.001,
    victims: Callable[[bytes], bool] | None = None,
    seed: int = 0,
) -> Weights:
    """Weights and thresholds for a wanted rate of false alarms among mails of known senders.

    `mails` in the order of time. `victims` says whose mails are learnt from (all). Raises InputError where
    too few mails have senders with a history.
    """
    rows = list(replay(mails, lures, victims=victims, seed=seed))
    genuine = sum(not row.takeover for row in rows)
    if genuine < LEAST_GENUINE:
        hint = f"{LEAST_GENUINE} mails of senders with {LEAST_MAILS} earlier ones are needed"
        raise InputError(f"only {genuine} mails to calibrate on", hint=hint)
    names = sorted({row.sender for row in rows})
    scores = np.concatenate([_held_out(rows, names, half) for half in (0, 1)])
    review, alert = (float(np.quantile(scores, 1 - rate)) for rate in (min(10 * wanted, 0.1), wanted))
    made_from = f"{genuine} mails of {len(names)} senders"
    return as_weights(_fit(rows), review=review, alert=alert, made_from=made_from)


def _held_out(rows: Sequence[Row], names: Sequence[bytes], half: int) -> NDArray[np.float64]:
    """Scores of the genuine mails of one half of the senders by weights of the other."""
    theirs = {name for place, name in enumerate(names) if place % 2 == half}
    rest = [row for row in rows if row.sender not in theirs]
    held = [row.features for row in rows if row.sender in theirs and not row.takeover]
    if not held or len({row.takeover for row in rest}) < 2:
        return np.zeros(0)
    found = _fit(rest)
    return np.asarray(np.stack(held) @ found[:-1] + found[-1])


def _fit(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Both kinds count as much in all."""
    takeover = np.array([row.takeover for row in rows])
    importance = np.where(takeover, 1.0, takeover.sum() / max((~takeover).sum(), 1))
    return fitted(np.stack([row.features for row in rows]), takeover, importance)


def replay(
    mails: Iterable[Facts],
    lures: Sequence[Facts] = (),
    *,
    victims: Callable[[bytes], bool] | None = None,
    seed: int = 0,
) -> Iterator[Row]:
    """Each mail of a sender with a history, and after it takeovers simulated in its place."""
    dice, memory, recent = random.Random(seed), Memory(), list[Facts]()  # noqa: S311 - no secret
    given: Counter[bytes] = Counter()
    rows = 0
    for facts in mails:
        known = memory.sketch(facts)
        if known.mails >= LEAST_MAILS and rows < MOST_ROWS and (victims is None or victims(facts.sender)):
            yield Row(facts.sender, False, features(memory.parts(facts), facts.words, known.mails))
            given[facts.sender] += 1
            times = 3 if given[facts.sender] <= 100 else 1
            for other in _simulated(facts, recent, lures, dice, times):
                yield Row(facts.sender, True, features(memory.parts(other), other.words, known.mails))
                rows += 1
        memory.observe(facts)
        if facts.words >= 5:
            recent.append(facts)
            if len(recent) > _RECENT:
                del recent[dice.randrange(_RECENT)]


def _simulated(
    facts: Facts, recent: Sequence[Facts], lures: Sequence[Facts], dice: random.Random, times: int
) -> Iterator[Facts]:
    """Takeovers in the place of a mail."""
    for _ in range(times):
        for keep_signature, client in ((True, False), (False, False), (False, True)):
            other = _someone_else(facts, recent, dice)
            if other is None:
                return
            yield swapped(facts, other, keep_signature=keep_signature, client=client)
        if lures:
            lure, other = dice.choice(lures), dice.choice(recent)
            layout = dice.choice((facts, other)).habits
            mixed = swapped(facts, lure, keep_signature=False, client=False)
            habits = {**mixed.habits, "layout": layout.get("layout", ())}
            yield msgspec.structs.replace(mixed, habits=habits, hour=other.hour)


def _someone_else(facts: Facts, recent: Sequence[Facts], dice: random.Random) -> Facts | None:
    for _ in range(20):
        other = dice.choice(recent) if recent else facts
        if other.sender != facts.sender:
            return other
    return None


def swapped(facts: Facts, other: Facts, *, keep_signature: bool, client: bool) -> Facts:
    """A sender's mail with the words, the frame and the hour of another one's; `client`: its program, too."""
    habits: dict[str, tuple[int, ...]] = dict(facts.habits)
    names = [
        *(name for name in FRAME if name != "attribution"),
        "links",
        "intents",
        *(_CLIENT if client else ()),
    ]
    for name in names:
        if not (keep_signature and name in _SIGNED):
            habits[name] = tuple(other.habits.get(name, ()))
    return msgspec.structs.replace(
        facts, habits=habits, tables=other.tables, numbers=other.numbers, words=other.words, hour=other.hour
    )


def lures(
    hasher: Hasher, *, languages: Sequence[str] = ("en",), count: int = 800, seed: int = 0
) -> list[Facts]:
    """Facts of mails that are made of the package's phrases: strangers' words, with and without harm."""
    from icelos.jobs.mail.synthesis.bank import load_bank
    from icelos.jobs.mail.synthesis.compose import compose

    bank = load_bank()
    wishes: Mapping[str, Sequence[str]] = {
        language: [intent for intent in ALL if bank.of(language, intent)] for language in languages
    }
    found = []
    for number in range(count):
        language = languages[number % len(languages)]
        if not wishes[language]:
            continue
        intent = wishes[language][number // len(languages) % len(wishes[language])]
        mail = compose(intent=intent, language=language, seed=seed + number, bank=bank)
        message = Message([("from", mail.sender_address), ("subject", mail.subject)], text=f"{mail.text}\n")
        facts = facts_of(message, hasher)
        if facts is not None and facts.words > 5:
            found.append(facts)
    return found
