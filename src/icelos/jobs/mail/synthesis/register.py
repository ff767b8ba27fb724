"""Applies a register to sentences: typos, lower case, missing marks, emoji. Addresses and URLs stay whole."""

from __future__ import annotations

import random
import unicodedata

from icelos.jobs.mail.synthesis.form import Register

_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wqreytuoip" + "sadgfhkjl" + "xzvcbmn", strict=True))
_EMOJI = "🎉 ✅ ⚠️ 📦 🔔 😊 💳 🙏 🚀 📎 ⏰ ❗ 🔒 🎁 👍 ✨".split()


def spoken(text: str, register: Register, rng: random.Random) -> str:
    """One sentence as someone of this register writes it."""
    if register.typos:
        text = " ".join(
            _typo(word, rng) if rng.random() < register.typos and _touchable(word) else word
            for word in text.split(" ")
        )
    if register.lower:
        text = " ".join(word if _whole(word) else word.lower() for word in text.split(" "))
    if register.no_accents:
        text = without_accents(text)
    if register.bare:
        text = text.rstrip(".!")
    if register.loud and text.endswith(".") and rng.random() < 0.4:
        text = text[:-1] + "!" * rng.randrange(1, 4)
    return text


def subject_line(text: str, register: Register, rng: random.Random) -> str:
    """A subject in this register."""
    if register.capital_subject:
        text = text.upper()
    elif register.lower:
        text = text.lower()
    if register.no_accents:
        text = without_accents(text)
    if register.spaced and len(text) > 6:
        place = rng.randrange(1, len(text) - 1)
        text = text[:place] + rng.choice((" ", ".", "-", "  ")) + text[place:]
    if register.emoji:
        mark = rng.choice(_EMOJI)
        text = f"{mark} {text}" if rng.random() < 0.6 else f"{text} {mark}"
    return text


def without_accents(text: str) -> str:
    """As on a keyboard that lacks them."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _whole(word: str) -> bool:
    return "://" in word or "@" in word


def _touchable(word: str) -> bool:
    return len(word) > 3 and word.isalpha()


def _typo(word: str, rng: random.Random) -> str:
    place, kind = rng.randrange(1, len(word) - 1), rng.randrange(5)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    if kind == 3:
        return word[:place] + _NEIGHBOURS.get(word[place], word[place]) + word[place + 1 :]
    return word[:place] + " " + word[place:]
