import random

from icelos.jobs.mail.synthesis.form import Register
from icelos.jobs.mail.synthesis.register import spoken, subject_line, without_accents

TEXT = "Please confirm your address at https://Example.org/Path or write to Anna@Example.org today."


def test_a_careful_writer_changes_nothing() -> None:
    assert spoken(TEXT, Register(), random.Random(1)) == TEXT
    assert subject_line(TEXT, Register(), random.Random(1)) == TEXT


def test_addresses_and_urls_stay_whole() -> None:
    hasty = Register(typos=1.0, lower=True)
    written = spoken(TEXT, hasty, random.Random(1))
    assert "https://Example.org/Path" in written
    assert "Anna@Example.org" in written
    assert written != TEXT


def test_registers_show() -> None:
    rng = random.Random(2)
    assert not spoken(TEXT, Register(bare=True), rng).endswith(".")
    assert subject_line("hello", Register(capital_subject=True), rng) == "HELLO"
    assert not subject_line("hello", Register(emoji=True), rng).isascii()
    assert len(subject_line("hello there", Register(spaced=True), rng)) > len("hello there")
    assert without_accents("Ação já, Straße") == "Acao ja, Strasse"
    assert any(spoken("Pay now.", Register(loud=True), rng).endswith("!") for _ in range(20))
