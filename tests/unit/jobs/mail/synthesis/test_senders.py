import random

from icelos.jobs.mail.synthesis.bank import load_bank
from icelos.jobs.mail.synthesis.personas import Persona, Values
from icelos.jobs.mail.synthesis.senders import sender_address


def addresses(name: str) -> list[str]:
    scene = load_bank().named("en", name)
    return [
        sender_address(scene, "Ada Byron", Values(scene, seed, Persona()), random.Random(seed))
        for seed in range(99)
    ]


def test_honest_companies_write_from_home_and_lures_seldom_do() -> None:
    scene = load_bank().named("en", "genuine-password-reset")
    at_home = sum(
        address.endswith(Values(scene, seed, Persona()).home)
        for seed, address in enumerate(addresses(scene.name))
    )
    lure = load_bank().named("en", "mailbox-quota")
    spoofed = sum(
        address.endswith(Values(lure, seed, Persona()).home)
        for seed, address in enumerate(addresses(lure.name))
    )
    assert at_home == 99
    assert 5 < spoofed < 40


def test_every_address_is_one() -> None:
    for name in ("desk-check", "family-visit", "casino", "status-report"):
        assert all(address.count("@") == 1 and " " not in address for address in addresses(name))
