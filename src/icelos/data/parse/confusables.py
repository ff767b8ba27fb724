"""Look-alike letters folded to Latin, for matching only: what is kept and shown stays as it was written.

A word that mixes scripts ("іgnоre" with two Cyrillic letters) is folded; a word of one script is left alone,
so that real Russian and Greek stay what they are. After Unicode Technical Standard 39.
"""

from __future__ import annotations

import re
import unicodedata

_PAIRS = (
    "аa вb еe кk мm нh оo рp сc тt уy хx іi јj ѕs ԁd ԛq ԝw һh ɡg ɩl ӏl ոn սu օo зz бb "
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx γy ωw ɑa ɪi ʏy ɴn ʟl ʀr ʜh ꜱs ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu "
    "ᴠv ᴡw ᴢz ʙb ɢg ꞓc ƚl ɓb ɗd ƙk ɲn ɾr ʋv"
)
_FOLD = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_LOOKS = re.compile("[" + "".join(chr(code) for code in _FOLD) + "]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]")
_LEET = str.maketrans("013457@$", "oieastas")
_LEETED = re.compile(
    r"(?<![\w@$])(?=[\w@$]*[a-z])(?=[\w@$]*(?:[a-z013457$@][013457@$][a-z]|[a-z]{2}[0134$@](?![\w@$])))[a-z013457@$]{3,24}(?![\w@$])"
)


def folded(text: str) -> str:
    """Lower case, compatibility forms (full width, mathematical) as plain letters, mixed words as Latin."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text).lower()
    return _WORD.sub(_unmixed, plain) if _LOOKS.search(plain) else plain


def _unmixed(match: re.Match[str]) -> str:
    word = match.group()
    if _LOOKS.search(word) is None:
        return word
    turned = word.translate(_FOLD)
    if _LATIN.search(word) or (word.isascii() is False and turned.isascii() and _small(word)):
        return turned
    return word


def _small(word: str) -> bool:
    """Small capitals and phonetic letters are no language's script."""
    return all(
        "\u0250" <= c <= "\u02af" or "\u1d00" <= c <= "\u1d7f" or c.isascii() or c == "ꜱ" for c in word
    )


def unleeted(text: str) -> str:
    """Digits and signs that stand for letters inside of words ("1gn0re") as letters, in folded text."""
    return _LEETED.sub(lambda m: m.group().translate(_LEET), text)
