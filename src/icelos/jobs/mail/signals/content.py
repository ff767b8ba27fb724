"""How a mail is written: forms, hidden text, letters that are not what they seem, pressing words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from icelos.jobs.mail.reading.message import PARTS_LEFT_OUT, TEXT_LEFT_OUT
from icelos.jobs.mail.signals.facts import Facts
from icelos.jobs.mail.signals.spelling import CONFUSABLE, looks_random
from icelos.jobs.mail.signals.symbols import Signal, hit
from icelos.jobs.mail.signals.wording import pressing_words

MUCH_HIDDEN = 600
"""Characters: newsletters hide a preview line of up to about 150, and padding after it."""
FEW_CHARACTERS = 4000
"""Longer texts are not counted: they hold words."""
MAX_LOOKED_AT = 60_000
_SPLIT = re.compile("[A-Za-z][\u00ad\u200b-\u200d\u2060\ufeff]{1,4}[A-Za-z]")
_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]")
_ALIKE = f"[{CONFUSABLE}]"
_MIXED = re.compile(f"[A-Za-z]{_ALIKE}|{_ALIKE}[A-Za-z]")
_MARKED = re.compile(
    "[A-Za-z][\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0730-\u074a\u07eb-\u07f3\u20d0-\u20ff]"
)
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\u1d00-\u1d25\u2c60-\u2c7f\U0001f130-\U0001f189\u24b6-\u24e9ʙɢʜɪʟɴʀʏꜰꜱ]"
)
_NONSENSE = re.compile(r"[a-z]{16,60}")
LONG_WORD = 16
_SPACED = re.compile(r"(?<![^\W_])(?:[A-Za-z] ){4,30}[A-Za-z](?![^\W_])")


def forms(facts: Facts) -> Iterator[Signal]:
    """A form in the mail itself."""
    if facts.message.asks_password:
        yield hit("asks-password", "the mail itself has a field for a password", "body", "<input>")
    elif facts.message.has_form:
        yield hit("has-form", "the mail itself has a form to fill in", "body", "<form>")


def hidden(facts: Facts) -> Iterator[Signal]:
    """Much text that only filters read, words split by what is not seen, and invisible tag characters.

    Tag characters are lawful after a black flag only (UTS 51, "emoji tag sequence").
    """
    words = [word for word in facts.message.hidden_text[:MAX_LOOKED_AT].split() if len(word) > 1]
    if sum(map(len, words)) > MUCH_HIDDEN:
        quote = " ".join(words[:20])
        yield hit("hidden-text", f"{len(words)} words of it are hidden from the reader", "body", quote)
    seen = f"{facts.sender.name}\n{facts.text[:MAX_LOOKED_AT]}"
    if seen.isascii():
        return
    split = [*_SPLIT.findall(seen), *_MARKED.findall(seen)]
    if len(split) >= 3:
        why = f"words are split by invisible characters in {len(split)} places"
        yield hit("hidden-splits", why, "subject or body", ascii(split[0]))
    if _TAGS.search(seen):
        yield hit("hidden-tags", "it holds invisible tag characters", "subject or body", "U+E0020..U+E007F")


def disguised(facts: Facts) -> Iterator[Signal]:
    """Words that mix alphabets, and words with spaces between their letters."""
    seen = f"{facts.sender.name}\n{facts.text[:MAX_LOOKED_AT]}"
    mixed = [] if seen.isascii() else _MIXED.findall(seen)
    if len(mixed) >= 3:
        why = f"words mix alphabets in {len(mixed)} places"
        yield hit("letters-mixed", why, "subject or body", ascii(mixed[0]))
    shown = f"{facts.sender.name} {facts.message.subject}"
    if not shown.isascii() and len(_STYLED.findall(shown[:1000])) >= 3:
        why = "the sender or the subject is written in letters of mathematics or small capitals"
        yield hit("letters-styled", why, "From or Subject", shown)
    spaced = _SPACED.search(f"{facts.message.subject}\n{facts.message.body[:2000]}")
    if spaced:
        why = "words are written with spaces between their letters"
        yield hit("letters-spaced", why, "subject or body", spaced.group())


def nonsense(facts: Facts) -> Iterator[Signal]:
    """Long words that nobody says."""
    long = {word for word in facts.text[:8000].split() if len(word) >= LONG_WORD}
    found = [word for word in long if _NONSENSE.fullmatch(word) and looks_random(word)]
    if len(found) >= 3:
        quote = " ".join(sorted(found)[:5])
        yield hit("random-words", f"{len(found)} of its words have no sense", "body", quote)


def pictures(facts: Facts) -> Iterator[Signal]:
    """Pictures that say it all, and lead somewhere."""
    message = facts.message
    leads = any(web.host for web in facts.webs)
    if leads and message.images and len(facts.text) < FEW_CHARACTERS and facts.message.shape.is_image_only:
        yield hit("picture-only", "pictures say it all, and lead somewhere", "body", message.images[0].source)


def wording(facts: Facts) -> Iterator[Signal]:
    """Words that press; each group once."""
    for group, words in pressing_words(facts.text).items():
        yield hit(f"wording: {group}", f"it {group} ({words!r})", "subject or body", words)


def unread(facts: Facts) -> Iterator[Signal]:
    """What was not looked at is not known to be harmless."""
    for defect, weight in ((PARTS_LEFT_OUT, 4.0), (TEXT_LEFT_OUT, 1.0)):
        if defect in facts.message.defects:
            found = hit("not-read-whole", f"it was not read whole: {defect}", "body", defect)
            yield msgspec.structs.replace(found, weight=weight)


LOOKS = (forms, hidden, disguised, nonsense, pictures, wording, unread)
