from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.departure import PARTS
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.senders.verdict import Departure, _why, signals_of

Make = Callable[..., Message]
PLAIN = Departure(
    mails=50, organisation_mails=90, score=0.0, review=2.0, alert=4.0, parts=(), unproven=False, proven=False
)


def names(**changes: object) -> dict[str, float]:
    found = signals_of(msgspec.structs.replace(PLAIN, **changes))
    return {signal.name: signal.weight for signal in found}


def test_signals() -> None:
    assert names() == {}
    assert names(mails=0) == {"sender-new": 0.3}
    assert names(mails=0, organisation_mails=0) == {"sender-new": 0.3, "sender-organisation-new": 0.3}
    assert names(mails=0, organisation_mails=-1) == {"sender-new": 0.3}
    assert names(score=3.0) == {"sender-departs": 1.5}
    assert names(score=4.5) == {"sender-takeover": 4.5}
    assert names(score=99.0) == {"sender-takeover": 5.0}
    assert names(score=99.0, mails=12) == {"sender-departs": 1.5}
    assert names(score=99.0, mails=5) == {}
    assert names(unproven=True) == {"sender-unproven": 2.0}
    assert names(proven=True) == {"sender-familiar": -1.0}
    assert names(proven=True, score=1.5) == {}


def test_a_takeover_says_why(tmp_path: Path, mail: Make, ben_words: list[str]) -> None:
    store = SenderStore(tmp_path / "senders.sqlite")
    for number in range(40):
        store.observe_all(
            [
                found
                for message in (
                    mail(number),
                    mail(number, who="ben", words=ben_words, hour=22, program="Eudora"),
                )
                if (found := store.facts(message)) is not None
            ]
        )
    genuine = store.facts(mail(99))
    taken = store.facts(mail(99, words=ben_words, hour=22, program="Eudora"))
    assert genuine is not None
    assert taken is not None
    assert store.compare(genuine).score < store.compare(genuine).review
    departure = store.compare(taken)
    assert departure.score > departure.alert
    whys = " ".join(part.why for part in departure.parts)
    assert "another mail program than this sender's 40 earlier mails" in whys
    assert "has never written between 21 and 0 o'clock of its own zone in 40 earlier mails" in whys
    (signal,) = signals_of(departure)
    assert signal.name == "sender-takeover"
    assert signal.why.startswith("it is unlike this sender: ")
    store.close()


@pytest.mark.parametrize("name", PARTS)
def test_every_part_has_a_clause(name: str, tmp_path: Path, mail: Make) -> None:
    store = SenderStore(tmp_path / "senders.sqlite")
    found = store.facts(mail(1))
    assert found is not None
    from icelos.jobs.mail.senders.sketch import Sketch

    assert "sender" in _why(name, found, Sketch()) or name == "thread"
    store.close()
