import random
from collections.abc import Callable

import pytest

from icelos.errors import InputError
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.calibrate import calibrate, lures, replay, swapped
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher

HASHER = Hasher(b"a" * 16)
Make = Callable[..., Message]


def stream(mail: Make, ben_words: list[str], count: int) -> list[Facts]:
    """Six people, of three manners."""
    found = []
    dice = random.Random(0)
    manners = [
        {},
        {"words": ben_words, "hour": 22, "program": "Eudora"},
        {"words": [*ben_words[::-3], "lamp"]},
    ]
    for number in range(count):
        who = dice.randrange(6)
        facts = facts_of(mail(number, who=f"p{who}", **manners[who % 3]), HASHER)  # type: ignore[arg-type]
        assert facts is not None
        found.append(facts)
    return found


def test_weights_tell_takeovers_from_genuine_mail(mail: Make, ben_words: list[str]) -> None:
    mails = stream(mail, ben_words, 400)
    weights = calibrate(mails, lures(HASHER, count=20), wanted=0.02)
    assert weights.review <= weights.alert
    assert weights == calibrate(mails, lures(HASHER, count=20), wanted=0.02)
    rows = list(replay(mails, seed=5))
    numbers = [*weights.parts.values(), weights.words, weights.mails]
    taken = [float(row.features @ numbers) + weights.bias for row in rows if row.takeover]
    clean = [float(row.features @ numbers) + weights.bias for row in rows if not row.takeover]
    assert sum(score > weights.alert for score in taken) > 0.4 * len(taken)
    assert sum(score > weights.alert for score in clean) < 0.05 * len(clean)


def test_too_few_mails_are_told(mail: Make, ben_words: list[str]) -> None:
    with pytest.raises(InputError, match="mails to calibrate on"):
        calibrate(stream(mail, ben_words, 50))


def test_a_swap_keeps_what_is_the_senders(mail: Make, ben_words: list[str]) -> None:
    one, two = stream(mail, ben_words, 40)[:2]
    kept = swapped(one, two, keep_signature=True, client=False)
    assert kept.sender == one.sender
    assert kept.habits["program"] == one.habits["program"]
    assert kept.hour == two.hour
    assert (kept.tables == two.tables).all()
    assert swapped(one, two, keep_signature=True, client=True).habits["program"] == two.habits["program"]
