import random

import msgspec
import numpy as np
import pytest

from icelos.errors import StoreError
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.sketch import HALF_LIFE, MOST_WEIGHT, Sketch

HASHER = Hasher(b"a" * 16)
NOW = 1.6e9
WORDS = "river stone cloud pepper window the of and it is was garden lamp paper we they kettle".split()


def mail(number: int, when: float = NOW) -> Facts:
    dice = random.Random(number)
    text = " ".join(dice.choices(WORDS, k=80)) + f" unusual{number}."
    headers = [
        ("from", "ann@corp.example"),
        ("to", f"p{number}@x.example"),
        ("message-id", f"<{number}@{number}.example>"),
        ("user-agent", f"Program{'abcdefghijklmnopqrst'[number % 20]}"),
        ("date", "Tue, 5 Jan 2021 09:10:00 +0100"),
    ]
    found = facts_of(Message(headers, text=f"{text}\n"), HASHER)
    assert found is not None
    return msgspec.structs.replace(found, when=when)


def test_a_sketch_survives_as_bytes_of_about_four_kilobytes() -> None:
    sketch = Sketch()
    for number in range(400):
        sketch.add(mail(number), np.ones(8, dtype=np.float32))
    data = sketch.encode()
    assert len(data) <= 4500
    again = Sketch.decode(data)
    assert again.mails == 400
    assert again.threads == sketch.threads
    assert again.habits["program"].keys() == sketch.habits["program"].keys()
    np.testing.assert_allclose(again.tables, sketch.tables, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(again.usual, sketch.usual, rtol=1e-6)
    assert Sketch.decode(again.encode()).encode() == again.encode()


def test_the_order_of_mails_hardly_matters() -> None:
    mails = [mail(number % 6, NOW + number * 86400 * 20) for number in range(30)]
    one, two = Sketch(), Sketch()
    for facts in mails:
        one.add(facts)
    for facts in random.Random(1).sample(mails, len(mails)):
        two.add(facts)
    at_one, at_two = 2 ** (one.last / HALF_LIFE), 2 ** (two.last / HALF_LIFE)
    np.testing.assert_allclose(one.tables * at_one, two.tables * at_two, rtol=1e-3)
    assert one.weight * at_one == pytest.approx(two.weight * at_two, rel=1e-6)


def test_old_mails_fade() -> None:
    sketch = Sketch()
    sketch.add(mail(1, NOW))
    sketch.add(mail(2, NOW + HALF_LIFE))
    assert sketch.weight == pytest.approx(1.5)
    sketch.add(mail(3, NOW))  # one that comes late
    assert sketch.weight == pytest.approx(2.0)
    assert sketch.mails == 3


def test_weights_and_values_are_bounded() -> None:
    sketch = Sketch()
    for number in range(1000):
        sketch.add(mail(number))
    assert sketch.weight <= 1.1 * MOST_WEIGHT + 1
    assert all(len(values) <= 16 for values in sketch.habits.values())
    assert len(sketch.threads) <= 24


def test_a_share_of_a_mail_counts_less() -> None:
    sketch = Sketch()
    sketch.add(mail(1), share=0.1)
    assert sketch.weight == pytest.approx(0.1)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x90", Sketch().encode()[:-20]])
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StoreError):
        Sketch.decode(data)


def test_the_summary_is_for_json() -> None:
    sketch = Sketch()
    sketch.add(mail(1))
    assert b"river" not in msgspec.json.encode(sketch.summary())
    assert sketch.summary()["mails"] == 1
