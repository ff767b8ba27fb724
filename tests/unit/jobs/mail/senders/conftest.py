"""Two people who write differently, in mails that are made up here."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from icelos.jobs.mail.reading.message import Message

ANN = "the river is cold and we walk by it when it rains , but not for long . ; I think so ; really ".split()
BEN = (
    "GREAT stuff !! you should buy copper pipes now !! my team can't wait ( really ) do you agree ? ".split()
)


@pytest.fixture
def mail() -> Callable[..., Message]:
    def make(
        number: int, *, words: list[str] = ANN, hour: int = 9, program: str = "Pine", who: str = "ann"
    ) -> Message:
        dice = random.Random(number)
        text = " ".join(dice.choices(words, k=60))
        return Message(
            [
                ("from", f"{who}@corp.example"),
                ("to", "team@corp.example"),
                ("date", f"Tue, {1 + number % 28:02d} Jun 2021 {hour:02d}:{number % 60:02d}:00 +0200"),
                ("message-id", f"<{number}.5@corp.example>"),
                ("user-agent", program),
                ("authentication-results", "mx.corp.example; dmarc=pass"),
            ],
            text=f"{text}\n",
        )

    return make


@pytest.fixture
def ben_words() -> list[str]:
    return BEN
