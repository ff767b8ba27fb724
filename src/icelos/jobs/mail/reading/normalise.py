"""Text as a person sees it, and how often each trick was played to make it look so.

A reader sees no zero-width characters, reads a Cyrillic "а" in "pаypal" as Latin, and joins "p a y p a l".
Genuine Russian or Greek is left alone: letters are folded where a word mixes scripts, or where no word of
that script stands in the text that has letters of its own. Everything is linear in the size of the text.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from icelos.jobs.mail.reading.confusables import ALIKE, DRESSED

MOST = 262_144
"""Characters of a text that are looked at."""


class Tricks(msgspec.Struct):
    """How often each was found in a text.

    `split` counts words that invisible characters stand inside of; soft hyphens are counted apart, as word
    processors write them. `tags` are of the U+E0000 block, `overrides` turn the direction of writing.
    `homoglyphs` counts words in letters of other scripts, `dressed` letters in mathematical, enclosed or
    small-capital form, `marks` accents stacked on letters, `spaced` and `leet` words written s o or s0.
    """

    split: int = 0
    soft: int = 0
    tags: int = 0
    overrides: int = 0
    homoglyphs: int = 0
    dressed: int = 0
    marks: int = 0
    spaced: int = 0
    leet: int = 0


class Normalised(msgspec.Struct, frozen=True):
    """The text as it is seen, with the tricks that were taken out of it."""

    text: str
    tricks: Tricks


def readable(text: str) -> str:
    """Text as a person sees it; at most `MOST` characters are read."""
    return normalised(text).text


def normalised(text: str) -> Normalised:
    """Text as a person sees it, and the tricks found; white space and empty lines are collapsed."""
    tricks = Tricks()
    text = text[:MOST]
    if not text.isascii():
        text = _unmasked(text, tricks)
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("", text)
    text = _plain_words(_joined(text, tricks), tricks)
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return Normalised("\n".join(filter(None, lines)), tricks)


def _unmasked(text: str, tricks: Tricks) -> str:
    """What is not ASCII; each look is only taken where one of the characters asks for it."""
    odd = "".join(set(text))
    if _INVISIBLE.search(odd):
        text = _visible(text, tricks)
    if not unicodedata.is_normalized("NFKC", text):
        text = _composed(text, tricks)
    if _DRESSED.search(odd):
        tricks.dressed += len(_DRESSED.findall(text))
        text = text.translate(_DRESS)
    if _MARKED.search(odd):
        text, marks = _STACKED.subn("", text)
        tricks.marks += marks
    if _ALIKE.search(odd):
        text = _folded(text, tricks)
    return _dotted(text).replace("\u2800", " ")


_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]+")

# ---- what is not drawn at all

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}]+")
_SHAPING = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff]")
"""Scripts that joiners shape: there they part no words."""
_TAGS = re.compile("[\U000e0000-\U000e0fff]")
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _visible(text: str, tricks: Tricks) -> str:
    tricks.overrides += len(_OVERRIDES.findall(text))

    def gone(found: re.Match[str]) -> str:
        run = found.group()
        tricks.tags += len(_TAGS.findall(run))
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if before.isalnum() and after.isalnum() and not _SHAPING.match(before):
            if run.strip("\u00ad"):
                tricks.split += 1
            else:
                tricks.soft += 1
        return ""

    return _INVISIBLE.sub(gone, text)


# ---- one form for each letter

_MARKED = re.compile("[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]")
_STACKED = re.compile(f"(?<=[A-Za-z0-9\u00c0-\u024f]){_MARKED.pattern}+")
_DRESSED = re.compile(f"[{''.join(DRESSED)}]")
_FORMS = re.compile("[\uff21-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f149\u2100-\u214f]")
_DRESS = str.maketrans(DRESSED)


def _composed(text: str, tricks: Tricks) -> str:
    """NFKC; a character may become 18 others, so the text is cut again."""
    tricks.dressed += len(_FORMS.findall(text))
    return unicodedata.normalize("NFKC", text)[: 2 * MOST]


# ---- letters of other scripts that stand for Latin ones

_WORD = re.compile(r"[^\W\d_]+")
_ALIKE = re.compile(f"[{''.join(ALIKE)}]")
_FOLD = str.maketrans(ALIKE)
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_OTHER = re.compile("[^A-Za-z\u00c0-\u024f]")
_WEAK = frozenset("гпияйцшщмктвньИЙЯШЩЬδξπσθωμγηζςΣΞΘΔΩάέήίόύώΐΰϊϋΆΈΉΊΌΎΏΪΫ")
"""Alike only to who wants to read so: they fold beside Latin letters, and make no word look Latin alone."""


def _folded(text: str, tricks: Tricks) -> str:
    foreign = _foreign_text(text)

    def fold(found: re.Match[str]) -> str:
        word = found.group()
        if word.isascii() or not _ALIKE.search(word):
            return word
        mixed = len(word) > 2 and _LATIN.search(word) is not None
        if mixed or not (foreign or _is_own(word)):
            plain = word.translate(_FOLD)
            tricks.homoglyphs += len(word) > 2 and plain.isascii()
            return plain
        return word

    return _WORD.sub(fold, text)


def _is_own(word: str) -> bool:
    """Whether letters of another script spell a word that only that script has."""
    return any(letter in _WEAK or letter not in ALIKE for letter in _OTHER.findall(word))


def _foreign_text(text: str) -> bool:
    """Whether words of another script stand here as words of a language, not as disguises."""
    own = alike = 0
    for word in _WORD.findall(text[:65_536]):
        if not word.isascii() and not _LATIN.search(word):
            if _is_own(word):
                own += 1
            else:
                alike += 1
    return own > alike


_TURKISH = re.compile("[ğşĞŞİ]")


def _dotted(text: str) -> str:
    """A dotless i is a letter of Turkish, and a disguise elsewhere."""
    return text if "ı" not in text or _TURKISH.search(text) else text.replace("ı", "i")


# ---- words written in parts or with digits

_LETTER = r"[^\W\d_]"
_SPACED = re.compile(rf"(?<![^\W_]){_LETTER}(?:( {{1,2}}|[.\-_*~|]){_LETTER})(?:\1{_LETTER}){{2,}}(?![^\W_])")
_MAY_BE_SPACED = re.compile(r"[ .\-_*~|]\w[ .\-_*~|]{1,2}\w[ .\-_*~|]")
_GAP = re.compile(r"[ .\-_*~|]+")


def _joined(text: str, tricks: Tricks) -> str:
    if not _MAY_BE_SPACED.search(text):
        return text

    def join(found: re.Match[str]) -> str:
        tricks.spaced += 1
        return _GAP.sub("", found.group())

    return _SPACED.sub(join, text)


_LEET = re.compile(
    r"(?<![\w@.:/=&?#%+$!|-])[A-Za-z]++(?:[0134578@$!|]{1,2}[A-Za-z]++)++(?![\w@/:=&?#%+$|-]|\.\w)"
)
_ONE = re.compile(r"(?<=[bcdfghjkmnpqrstvwxz])1(?=[bcdfghjkmnpqrstvwxz])|(?<=\bv)1", re.IGNORECASE)
"""Stands for i between consonants, else for l."""
_MAY_BE_LEET = re.compile(r"[A-Za-z][0134578@$!|]{1,2}[A-Za-z]")
_MAY_BE_CAPITAL = re.compile(r"l[A-Z]")
_MAY_BE_ENDING = re.compile(r"I\b(?<=[a-z]I)")
"""Quick looks, since most texts have none of these."""
_DIGITS = str.maketrans("0134578@$!|", "oleastbasil")
_MARKS = re.compile("[!|@]")
_CAPITAL = re.compile(r"\b(?=[A-Zl]{4,30}\b)(?=l?[A-Z]+l|l[A-Z])[A-Zl]*[A-Z]\b")
_ENDING = re.compile(r"\b([A-Za-z][a-z]{3,30})I\b")


def _plain_words(text: str, tricks: Tricks) -> str:
    """Digits and marks inside of words as the letters they stand for, and l for I, where that is plain."""

    def plain(found: re.Match[str]) -> str:
        word = found.group()
        letters = sum(map(str.isalpha, word))
        if len(word) < 4 or len(word) > 30 or letters < 0.6 * len(word) or not _is_disguise(word):
            return word
        tricks.leet += 1
        return _ONE.sub("i", word).translate(_DIGITS)

    if _MAY_BE_LEET.search(text):
        text = _LEET.sub(plain, text)
    capitals = endings = 0
    if _MAY_BE_CAPITAL.search(text):
        text, capitals = _CAPITAL.subn(lambda found: found.group().replace("l", "I"), text)
    if _MAY_BE_ENDING.search(text):
        text, endings = _ENDING.subn(r"\1l", text)
    tricks.leet += capitals + endings
    return text


def _is_disguise(word: str) -> bool:
    """Not a name such as mp3tag or B2Btech: letters around are of one case but for the first.

    A "!" or "@" may as well part two words: the first must be short then.
    """
    letters = "".join(c for c in word if c.isalpha())
    mark = _MARKS.search(word)
    if mark is not None and mark.start() > 3:
        return False
    return letters.isupper() or letters[1:].islower()
