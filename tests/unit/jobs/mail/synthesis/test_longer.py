import random

from icelos.jobs.mail.synthesis.bank import load_bank
from icelos.jobs.mail.synthesis.longer import blocks, grammar
from icelos.jobs.mail.synthesis.personas import Persona, Values


def values(language: str = "en") -> Values:
    return Values(load_bank().of(language, "credential-theft")[0], 3, Persona())


def test_every_rule_expands_fully() -> None:
    found = grammar("en")
    assert found is not None
    for topic in found.topics:
        for seed in range(30):
            for paragraph in blocks(topic, 5, values(), random.Random(seed)):
                for piece in paragraph:
                    assert "«" not in piece.text
                    assert "{n}" not in piece.text
                    assert "{who}" not in piece.text
                    assert piece.intent == ""


def test_blocks_of_lines_keep_their_lines() -> None:
    made = [blocks("community", 7, values(), random.Random(seed)) for seed in range(10)]
    assert any(piece.kind == "line" for one in made for paragraph in one for piece in paragraph)


def test_mail_gets_long() -> None:
    texts = [
        "\n".join(
            piece.text
            for paragraph in blocks("work", 5, values(), random.Random(seed))
            for piece in paragraph
        )
        for seed in range(50)
    ]
    assert sum(map(len, texts)) / len(texts) > 600
    assert len(set(texts)) == 50


def test_no_grammar_no_blocks() -> None:
    assert blocks("work", 3, values("de"), random.Random(1)) == []
    assert blocks("extortion", 3, values(), random.Random(1)) == []
