import random

from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.fillers import filler
from icelos.jobs.mail.synthesis.personas import Persona, Values


def test_filler_wants_nothing_and_is_there_in_every_language() -> None:
    bank = load_bank()
    for language in bank.languages:
        scene = bank.of(language, "credential-theft")[0]
        made = [
            filler(bank, scene, Values(scene, seed, Persona()), random.Random(seed)) for seed in range(20)
        ]
        assert all(made)
        assert not any(piece.intent for one in made for paragraph in one for piece in paragraph)


def test_a_bank_without_harmless_mail_gives_none() -> None:
    scene = load_bank().of("de", "invoice")[0]
    assert filler(Bank([scene]), scene, Values(scene, 1, Persona()), random.Random(1)) == []
