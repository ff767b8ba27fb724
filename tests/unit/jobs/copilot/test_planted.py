from __future__ import annotations

import random

from icelos.contracts import Message
from icelos.jobs.copilot import prompts
from icelos.jobs.copilot.planted import Liar, Pool, merged, paraphrased
from icelos.jobs.copilot.retrieve import Reader
from icelos.records import Document, Section


def other(number: int) -> Document:
    text = f"Brazen Badger {number} stole {number}01 keys with CrowBar in T80{number}1."
    return Document(
        id=str(number),
        source="x",
        title=f"Brazen Badger {number}",
        kind="group",
        sections=(Section("", text),),
    )


def test_a_liar_plants_one_lie_and_says_which(reader: Reader) -> None:
    hit = reader.passages(reader.lookup("G9007")[0])[0]
    messages: list[Message] = prompts.messages("who?", {"K7f2": hit}, sentences=5)
    liar = Liar(Pool.of(other(n) for n in range(1, 4)), "group", "number", 3, ())
    reply = liar(messages)
    lies = [said for said in liar.said if said.is_lie]
    assert len(lies) == 1
    assert "2014" not in lies[0].text
    assert lies[0].text.rstrip(".") in reply
    assert "[K7f2]" in reply


def test_true_sentences_keep_their_facts() -> None:
    rule = (r"\bhas listened\b", "listened")
    said = paraphrased("Quiet Otter has listened since 2014.", [rule], random.Random(1))
    assert said == "Quiet Otter listened since 2014."
    assert merged("One is here.", "Two are there.") == "One is here, and two are there."
