from collections.abc import Callable

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.departure import PARTS
from icelos.jobs.mail.senders.facts import facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.memory import Memory, chosen
from icelos.jobs.mail.senders.sketch import Sketch

HASHER = Hasher(b"a" * 16)


def test_observing_gives_a_history(mail: Callable[..., Message]) -> None:
    memory = Memory()
    for number in range(5):
        found = facts_of(mail(number), HASHER)
        assert found is not None
        memory.observe(found)
    assert found is not None
    assert memory.sketch(found).mails == 5
    assert memory.everyone.mails == 5
    assert memory.organisations[found.organisation].mails == 5
    assert memory.parts(found).shape == (len(PARTS),)


def test_the_proven_sketch_is_chosen_once_it_is_enough() -> None:
    proven, claimed = Sketch(), Sketch()
    proven.mails, claimed.mails = 2, 9
    assert chosen(proven, claimed) == (claimed, False)
    proven.mails = 5
    assert chosen(proven, claimed) == (proven, True)
    assert chosen(None, None)[0].mails == 0
