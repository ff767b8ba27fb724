from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS
from icelos.jobs.mail.synthesis.bank import Bank, bank_files, load_bank, read_bank, shortfalls
from icelos.jobs.mail.synthesis.words import known_languages

FILES = dict(bank_files())


def scene(**changes: object) -> str:
    """A small bank of one scene, as text."""
    lists = ("senders", "subjects", "openers", "details", "pressures", "asks", "actions", "extras")
    keys: dict[str, object] = {"intent": "receipt", "name": "order", "style": "bulk"}
    keys |= {name: [f"{name} {n}" for n in range(6)] for name in lists}
    keys |= changes
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in keys.items()]
    return 'language = "en"\n[[scene]]\n' + "\n".join(lines)


@pytest.mark.parametrize("name", FILES)
def test_every_bank_obeys_the_format(name: str) -> None:
    scenes = read_bank(FILES[name], name)
    assert scenes
    assert {one.language for one in scenes} == {Path(name).parent.name}
    assert {one.name: short for one in scenes if (short := shortfalls(one))} == {}


def test_english_has_every_intent_and_much_of_the_harmless_topics() -> None:
    counts = load_bank().counts()["en"]
    assert set(counts) == set(ALL)
    harmless = {name: number for name, number in counts.items() if name not in MALICIOUS}
    assert min(harmless.values()) >= 6
    assert sum(harmless.values()) >= 90


def test_every_language_has_both_sorts_of_mail_and_words_of_its_own() -> None:
    bank = load_bank()
    for language in bank.languages:
        sorts = {intent in MALICIOUS for intent in bank.intents(language)}
        assert sorts == {True, False}, language
    assert set(bank.languages) <= known_languages()


def test_every_twin_is_the_harmless_twin_of_a_malicious_scene() -> None:
    bank = load_bank()
    for one in bank.scenes:
        if one.twin:
            assert not one.malicious, one.name
            assert bank.named(one.language, one.twin).malicious, one.name


def test_a_bank_finds_scenes_by_language_and_intent() -> None:
    bank = Bank(read_bank(scene(), "x.toml"))
    assert [one.name for one in bank.of("en", "receipt")] == ["order"]
    assert bank.of("de", "receipt") == []
    assert bank.intents("en") == ("receipt",)
    with pytest.raises(KeyError):
        bank.named("en", "other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language = ", "no TOML"),
        ('language = "en"\ncolour = 1', "nothing else"),
        (scene(intent="robbery"), "no intent called 'robbery'"),
        (scene(style="loud"), "style must be one of"),
        (scene(subjects=["Dear {nobody}"]), "unknown slot {nobody}"),
        (scene(subjects=["a lone { brace"]), "a lone brace"),
        (scene(asks=[]), "asks is empty"),
        (scene(openers=[" "]), "an empty phrase"),
        (scene(details=["x" * 2000]), "longer than"),
        (scene(colour="red"), "unknown key 'colour'"),
        (scene(details="text"), "Expected `array`"),
        (scene() + scene().partition("\n")[2], ""),
    ],
)
def test_a_fault_names_file_and_scene(text: str, said: str) -> None:
    if not said:
        text, said = scene() + "\n" + scene().partition("\n")[2], "the name stands twice"
    with pytest.raises(InputError, match=r".") as caught:
        read_bank(text, "en/test.toml")
    assert said in str(caught.value)
    assert caught.value.source == "en/test.toml"


def test_shortfalls_are_told() -> None:
    [thin] = read_bank(scene(asks=["only one", "only one"], actions=["Go"]), "x.toml")
    assert shortfalls(thin) == [
        "asks has 2 phrases, the format asks for 6",
        "actions has 1 phrases, the format asks for 5",
        "asks has the same phrase twice",
    ]
