"""Pressing words in several languages, as weak signals that cost no time."""

from __future__ import annotations

import time

import pytest

from icelos.jobs.mail.signals.wording import pressing_words


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Please verify your\n online account now", "asks to confirm an account"),
        ("Bitte bestätigen Sie umgehend Ihre Daten", "asks to confirm an account"),
        ("Confirmez vos informations: votre compte", ""),
        ("Vérifiez votre compte", "asks to confirm an account"),
        ("Atualize seus dados", "asks to confirm an account"),
        ("Confirme su contraseña", "asks to confirm an account"),
        ("Подтвердите ваш аккаунт", "asks to confirm an account"),
        ("验证您的账户", "asks to confirm an account"),
        ("Your account has been temporarily suspended", "threatens to close or lock"),
        ("Ihr Konto wurde vorübergehend gesperrt", "threatens to close or lock"),
        ("reply within 24 hours", "presses for haste"),
        ("buy some iTunes cards", "asks for a payment or new bank details"),
        ("our new bank details", "asks for a payment or new bank details"),
        ("you have won", "speaks of money to be had or to be paid in secret"),
        ("Shall we have lunch at noon?", ""),
        ("", ""),
    ],
)
def test_groups(text: str, group: str) -> None:
    assert (group in pressing_words(text)) if group else (pressing_words(text) == {})


@pytest.mark.parametrize(
    "text", ["verify your a b ", "confirm the " * 3 + "x ", " ", "btc a b c ", "within the next "]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    pressing_words(text * (400_000 // len(text)))
    assert time.process_time() - began < 5
