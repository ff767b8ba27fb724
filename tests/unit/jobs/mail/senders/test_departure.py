from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.departure import MOST, PARTS
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.memory import Memory

HASHER = Hasher(b"a" * 16)
Make = Callable[..., Message]


@pytest.fixture
def memory(mail: Make, ben_words: list[str]) -> Memory:
    found = Memory()
    for number in range(30):
        found.observe(facts(mail(number)))
        found.observe(facts(mail(number, who="ben", words=ben_words, hour=22, program="Eudora")))
    return found


def facts(message: Message) -> Facts:
    found = facts_of(message, HASHER)
    assert found is not None
    return found


def parts(memory: Memory, message: Message) -> dict[str, float]:
    return dict(zip(PARTS, memory.parts(facts(message)).tolist(), strict=True))


def test_another_writer_surprises_in_every_way(memory: Memory, mail: Make, ben_words: list[str]) -> None:
    usual = parts(memory, mail(77))
    other = parts(memory, mail(77, words=ben_words, hour=22, program="Eudora"))
    for name in ("characters fit", "marks fit", "small words fit", "topics fit", "small words usual"):
        assert other[name] > usual[name] + 1.0, name
    for name in ("program", "hour"):
        assert usual[name] < 0 < other[name], name


def test_parts_are_bounded_and_finite(memory: Memory, mail: Make) -> None:
    odd = msgspec.structs.replace(facts(mail(1)), numbers=(1e9,) * 12)
    values = memory.parts(odd)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= MOST


def test_a_mail_without_words_or_date_says_little(memory: Memory, mail: Make) -> None:
    message = mail(1)
    message.text = ""
    message.headers = [header for header in message.headers if header[0] != "date"]
    found = parts(memory, message)
    assert found["characters fit"] == found["hour"] == found["topics strange usual"] == 0


def test_an_unknown_thread_speaks_for_a_stranger(memory: Memory, mail: Make) -> None:
    message = mail(90)
    message.headers.append(("references", "<3.5@corp.example>"))
    assert parts(memory, message)["thread"] < 0
    message.headers[-1] = ("references", "<never@seen.example>")
    assert parts(memory, message)["thread"] > 0
