import pytest

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import MALICIOUS
from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.compose import compose
from icelos.jobs.mail.synthesis.personas import Persona
from icelos.jobs.mail.synthesis.twins import twin_of, twin_scene


def test_a_twin_shares_people_and_looks_but_not_the_wish() -> None:
    for seed in range(60):
        persona = Persona(organisation="Ada & Co")
        mail = compose(intent="credential-theft", seed=seed, persona=persona)
        twin = twin_of(mail, persona=persona)
        assert mail.malicious
        assert not twin.malicious
        assert twin.twin_of == mail.id
        assert twin.recipient == mail.recipient
        assert twin.language == mail.language
        assert (twin.html is None) == (mail.html is None)


def test_every_malicious_scene_has_a_twin() -> None:
    bank = load_bank()
    for scene in bank.scenes:
        if scene.malicious:
            assert not twin_scene(bank, scene, 1).malicious


def test_a_written_twin_comes_first() -> None:
    bank = load_bank()
    for scene in (one for one in bank.scenes if one.intent in MALICIOUS and bank.twins(one)):
        assert twin_scene(bank, scene, 3) in bank.twins(scene)


def test_no_harmless_phrases_is_an_error() -> None:
    scene = load_bank().of("en", "invoice")[0]
    with pytest.raises(InputError, match="no harmless phrases"):
        twin_scene(Bank([scene]), scene, 1)
    with pytest.raises(InputError, match="no scene called"):
        twin_of(compose(scene=scene, seed=1), bank=Bank([]))
