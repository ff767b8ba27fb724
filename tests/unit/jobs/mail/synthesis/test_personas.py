import pytest

from icelos.jobs.mail.synthesis.bank import SLOTS, load_bank
from icelos.jobs.mail.synthesis.personas import Persona, Values, brand_kind
from icelos.jobs.mail.synthesis.synthetic import Scene


def scene(language: str = "de", intent: str = "invoice") -> Scene:
    return load_bank().of(language, intent)[0]


@pytest.mark.parametrize("language", ["en", "de", "pt", "fr", "ja", "xx"])
def test_every_slot_has_a_value(language: str) -> None:
    for seed in range(30):
        values = Values(load_bank().named("en", "mailbox-quota"), seed, Persona())
        values.words = values.words if language == "xx" else Values(scene(language), seed, Persona()).words
        for slot in SLOTS:
            assert values[slot].strip(), slot
            assert "{" not in values[slot], slot


def test_a_value_stays_the_same_within_a_mail() -> None:
    values = Values(scene(), 5, Persona())
    assert values.fill("{first} {first}") == " ".join([values["first"]] * 2)
    assert values.fill("nothing to fill") == "nothing to fill"


def test_values_follow_from_the_seed() -> None:
    one, other = Values(scene(), 5, Persona()), Values(scene(), 5, Persona())
    assert [one[slot] for slot in sorted(SLOTS)] == [other[slot] for slot in sorted(SLOTS)]


def test_a_persona_is_kept() -> None:
    values = Values(scene(), 5, Persona(first="Ada", organisation="Ada & Co", email="ada@example.org"))
    assert values["first"] == "Ada"
    assert values["org"] == "Ada & Co"
    assert values["email"] == "ada@example.org"


def test_an_unknown_slot_is_an_error() -> None:
    with pytest.raises(KeyError, match="no slot called"):
        Values(scene(), 5, Persona())["colour"]


def test_each_link_is_another_one() -> None:
    values = Values(scene(), 5, Persona())
    assert values["link"] != values["link"]
    assert len(values.links) == 2


def test_amounts_are_written_as_in_the_language() -> None:
    amounts = [Values(scene("de"), seed, Persona())["amount"] for seed in range(100)]
    assert any("," in amount for amount in amounts)
    assert len(set(amounts)) > 90


def test_brands_fit_the_scene() -> None:
    assert brand_kind("credential-theft", "parcel-fee") == "parcel"
    assert brand_kind("crypto", "something") == "crypto"


def test_a_sender_without_a_brand_gives_the_name() -> None:
    values = Values(load_bank().named("en", "casino"), 1, Persona())
    values.sent_by("Lucky Palace")
    assert values["brand"] == "Lucky Palace"
