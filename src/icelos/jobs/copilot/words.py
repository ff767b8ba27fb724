"""Words and hard tokens: what of a text must agree exactly, and what may be paraphrased.

Hard tokens are identifiers, numbers, dates, versions, hashes, paths, addresses and names written with
unusual capitals. Everything else is a word, compared by its stem. Knows nothing of passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul"),
            *("august aug", "september sep sept", "october oct", "november nov", "december dec"),
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_PATTERNS = (
    ("url", r"(?:https?|ftp|hxxps?)://[^\s\"'<>)\]]*[^\s\"'<>)\].,;:!?]"),
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (
        "identifier",
        r"(?:CVE-\d{4}-\d{4,}|CWE-\d+|CAPEC-\d+|GHSA(?:-[0-9a-z]{4}){3}|ICSM?A-\d\d-\d{3}-\d\d[A-Z]?"
        r"|(?:RHSA|RHBA|ELSA|DSA|DLA|USN|ALAS2?|MS|KB|PYSEC|RUSTSEC|GO|AA|VU|TALOS|ZDI|BOD|ED)"
        r"[-#]?\d[\w:.-]*\d[A-Z]?"
        r"|T\d{4}(?:\.\d{3})?|(?:TA|DS|DC|AN|DET)\d{4}|[MGSCA]\d{4}"
        r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b",
    ),
    ("hash", r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b"),
    ("date", r"\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?(?!\w)"),
    ("date", r"\b(?:19|20)\d{2}-(?:0[1-9]|1[0-2])(?![\w-])"),
    ("date", rf"\b(?:{_DAY}(?: of)? )?(?:{_MONTH})\.? {_DAY},? \d{{4}}\b"),
    ("date", rf"\b(?:{_DAY}(?: of)? )?(?:{_MONTH})\.?,? \d{{4}}\b"),
    ("date", r"\b\d{1,2}/\d{1,2}/\d{4}\b"),
    ("ip", r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b"),
    ("ip", r"\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b"),
    ("path", r"(?:\b[A-Z]:|\\\\?\w|%\w+%|\bHK[A-Z_]+)\\[^\s\"'`<>|,;]*[^\s\"'`<>|,;.)]"),
    ("path", r"(?<![\w/.])/(?:[\w.@*~+-]+/)+[\w.@*~+-]*\w"),
    ("path", r"(?<![\w/.])/(?:etc|var|tmp|usr|bin|opt|dev|proc)\b"),
    ("number", r"(?<![\w.])[vV]?\d+(?:\.\d+)+(?:[-.]?(?:alpha|beta|rc|[a-z])\d*)?(?!\w)"),
    ("number", r"(?<![\w.])\d{1,3}(?:,\d{3})+(?!\d)|\d+(?=(?:st|nd|rd|th)\b)"),
    ("word", r"[^\W\d_](?:[^\W_]|['’]|_+(?=[^\W_])|[.+#](?=[^\W_])|[+#]{1,2}(?=\s|$))*|\d+[A-Za-z_]\w*"),
    ("number", r"\d+"),
)  # fmt: skip
_TOKEN = re.compile(
    "|".join(f"(?P<p{number}>{pattern})" for number, (_, pattern) in enumerate(_PATTERNS)), re.IGNORECASE
)
_KINDS = {f"p{number}": kind for number, (kind, _) in enumerate(_PATTERNS)}


def word_set(text: str) -> frozenset[str]:
    """The words of a text, lower case."""
    return frozenset(text.lower().split())


_FIRST_NUMBERS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty"""
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_FIRST_NUMBERS.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
}

STOP_WORDS = word_set("""
    a about above after again all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each either etc few for from further had has have
    having he her here hers him his how i if in into is it its itself just like may me might more most must
    my nor of off on once only or other our out over own per rather same shall she should so some
    such than that the their them then there these they this those through thus to too under until up upon
    us use used uses using very via was we were what when where whether which while who whom whose why will
    with within would you your s t e.g i.e one ones
""")


class Token(msgspec.Struct, frozen=True):
    """One token: as written, normalised, of what kind, where."""

    text: str
    norm: str
    kind: str
    start: int


def tokens(text: str) -> list[Token]:
    """All tokens in order. Kinds: url email identifier hash date ip path number name word."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = _KINDS[match.lastgroup or "p0"]
        written = match.group()
        if kind == "word" and _odd_capitals(written):
            kind = "name"
        yield Token(written, normal(written, kind), kind, match.start())


def _odd_capitals(word: str) -> bool:
    """ "PowerShell", "APT28", "njRAT", "EWM": names however they stand in a sentence."""
    if word.isalpha() and (word.islower() or word[1:].islower()):
        return False
    core = re.sub(r"['’]s$", "", word)
    has_digit = any(c.isdigit() for c in core)
    return any(c.isupper() for c in core[1:]) or (has_digit and len(core) > 1) or "." in core or "_" in core


def normal(text: str, kind: str) -> str:
    """One spelling for things that are the same: dates as ISO, numbers without separators."""
    if kind == "date":
        return _iso(text)
    if kind == "number":
        return text.lower().removeprefix("v").replace(",", "")
    word = text.lower().replace("’", "'")
    if "'" in word and kind in {"word", "name"}:
        word = re.sub(r"'s?$|(?<=\w)'s$", "", word)
    return word


def _iso(text: str) -> str:
    """ISO 8601 date, cut to what is known ("2025-09")."""
    if re.match(r"\d{4}-", text):
        return text[:10].split("T")[0]
    if "/" in text:
        month, day, year = text.split("/")
        return f"{int(year):04}-{int(month):02}-{int(day):02}"
    words = re.findall(r"[A-Za-z]+|\d+", text)
    which = next(MONTHS[w.lower()] for w in words if w.lower() in MONTHS)
    numbers = [int(w) for w in words if w.isdigit()]
    within = f"-{numbers[0]:02}" if len(numbers) > 1 else ""
    return f"{numbers[-1]:04}-{which:02}{within}"


_IRREGULAR = {
    "ran": "run", "running": "run", "stole": "steal", "stolen": "steal", "wrote": "write", "sent": "send",
    "written": "write", "found": "find", "made": "make", "children": "child", "got": "get", "gotten": "get",
    "took": "take", "taken": "take", "hid": "hide", "hidden": "hide", "kept": "keep", "built": "build",
    "chosen": "choose", "broken": "break", "given": "give", "known": "know", "led": "lead", "men": "man",
    "indices": "index", "analyses": "analysis", "ssh": "ssh", "dns": "dns",
}  # fmt: skip
_SUFFIXES = (
    "izations", "isations", "ization", "isation", "ational", "fulness", "iveness", "ements", "ement",
    "ations", "ation", "ators", "ator",
    "ating", "ated", "ates", "ate", "ities", "ments", "ment", "ance", "ence", "ings", "ing", "ions",
    "ion", "ity", "ies", "ied", "ive", "ers", "ors", "er", "or", "est", "ed", "es", "ly", "al", "s", "e", "y",
)  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem: good enough to match "encrypts", "encrypted" and "encryption"; at least 3 letters."""
    word = _IRREGULAR.get(word, word)
    for _ in range(2):
        for suffix in _SUFFIXES:
            if word.endswith(suffix) and len(word) - len(suffix) >= (3 if len(suffix) > 1 else 4):
                word = word[: -len(suffix)]
                break
        else:
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


def stems(word: str) -> list[str]:
    """The stems of a word's parts that carry meaning: "project-files" -> "project", "file"."""
    pieces = (piece for piece in re.split(r"[-.'/]", word) if len(piece) > 1)
    return [stem(piece) for piece in pieces if piece not in STOP_WORDS]


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order; hard tokens as one piece, normalised."""
    found: list[str] = []
    for token in tokens(text):
        if token.kind in {"word", "name"}:
            found.extend(stems(token.norm))
        else:
            found.append(token.norm)
    return found
