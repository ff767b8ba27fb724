"""Is a sentence carried by the passages that it cites? Lexical and numeric, no model.

A sentence stands where (1) every identifier, number, date, version, hash, path, address and name in it
stands in the passage's own lines that carry it, or in its title and heading, (2) its negations agree
with theirs, and (3) enough of its other words stand there too. Knows nothing of retrieval.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot import sentences
from icelos.jobs.copilot.negation import disagreement
from icelos.jobs.copilot.ordinary import NEUTRAL, OPENERS, SYNONYMS
from icelos.jobs.copilot.words import NUMBER_WORDS, STOP_WORDS, Token, stem, stems, tokens

COVERAGE = 0.5
MOST_LINES = 4
"""Lines of one or two passages that may carry a sentence together; of more passages, one more than each."""

IsName = Callable[[str], bool]
"""Whether a lower-case word or phrase is the name or alias of something in the sources."""


class Passage(msgspec.Struct, frozen=True):
    """What a sentence may be carried by: `context` is title, heading and identifiers, `text` the chunk."""

    key: str
    context: str
    text: str


def as_passage(hit: Hit) -> Passage:
    """What of a hit may carry a sentence: its text, under its title, heading and identifiers."""
    return Passage(hit.chunk_id, f"{hit.title}\n{hit.heading}\n{' '.join(hit.identifiers)}", hit.text)


class Line(msgspec.Struct, frozen=True):
    """One sentence of a passage, ready to compare."""

    passage: str
    start: int
    end: int
    stems: frozenset[str]
    hard: frozenset[str]
    words: tuple[str, ...]


class Support(msgspec.Struct, frozen=True):
    """`ok`, or the `reason` why not; `lines` carry it, best first; `coverage` is the share of its words."""

    ok: bool
    reason: str = ""
    coverage: float = 0.0
    lines: tuple[Line, ...] = ()


def _no_names(_: str) -> bool:
    return False


def check(
    sentence: str,
    passages: Sequence[Passage],
    *,
    is_name: IsName = _no_names,
    coverage: float = COVERAGE,
    lines: int = 0,
) -> Support:
    """Whether these passages together carry the sentence. `coverage` is the least share of words, 0..1;
    `lines` the most lines that may carry it, where it is known to be a list of many.
    """
    claim = _claim(sentence)
    all_lines = [line for passage in passages for line in _lines(passage)]
    context = _context(" \n ".join(passage.context for passage in passages))
    most = lines or max(MOST_LINES, len(passages) + 1)
    chosen = _choose(claim, all_lines, context, most, is_list=lines > 0)
    missing = [token for token in claim.hard if not _stands(token, chosen, context, claim)]
    if missing:
        chosen = _widen(claim, missing, chosen, all_lines, most)
        missing = [token for token in missing if not _stands(token, chosen, context, claim)]
    share = _coverage(claim, chosen, context)
    reason = (
        (f"not in the passage: {', '.join(token.text for token in missing)}" if missing else "")
        or _foreign_name(claim, chosen, context, is_name)
        or disagreement(claim.words, [line.words for line in chosen], context.words)
        or (f"only {share:.0%} of its words are in the passage" if share < coverage else "")
        or ("" if chosen else "no line of the passage speaks of it")
    )
    return Support(not reason, reason, share, tuple(chosen))


class _Claim(msgspec.Struct, frozen=True):
    tokens: tuple[Token, ...]
    hard: tuple[Token, ...]
    stems: frozenset[str]
    words: tuple[str, ...]


_HARD = frozenset({"url", "email", "identifier", "hash", "date", "ip", "path", "number", "name"})


def _claim(sentence: str) -> _Claim:
    found = tokens(sentence)
    hard = [
        token
        for index, token in enumerate(found)
        if token.kind in _HARD or _is_capital_name(sentence, found, index) or _is_number_word(token)
    ]
    starts = {token.start for token in hard}
    soft = [token for token in found if token.start not in starts and token.kind == "word"]
    pieces = {piece for token in soft for piece in stems(token.norm)}
    return _Claim(tuple(found), tuple(hard), frozenset(pieces), tuple(token.norm for token in found))


def _is_number_word(token: Token) -> bool:
    return NUMBER_WORDS.get(token.norm, "0") not in {"0", "1"}


_AFTER_STOP = re.compile(r"(?:^|[.:;!?•\n]|[-–—]\s|^\W*\d+[.)])[\s\"'“‘(*_`]*$")


def _is_capital_name(sentence: str, found: list[Token], index: int) -> bool:
    """Capitalised inside a sentence; or at its start, and no ordinary word."""
    token = found[index]
    if token.kind != "word" or not token.text[0].isupper() or token.norm in STOP_WORDS:
        return False
    if not _AFTER_STOP.search(sentence[: token.start]):
        return True
    following = found[index + 1] if index + 1 < len(found) else None
    if following is not None and following.text[0].isupper() and following.kind == "word":
        return token.norm not in OPENERS
    return token.norm not in OPENERS and not _ORDINARY_ENDING.search(token.norm)


_ORDINARY_ENDING = re.compile(r"(?:ing|ed|ly|tions?|ments?|ness|ities|ers|ors|able|ful|ous|ive)$")


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for group in SYNONYMS:
        roots = {stem(word) for word in group}
        for one in roots:
            table.setdefault(one, set()).update(roots)
    return {key: frozenset(value) for key, value in table.items()}


@lru_cache(maxsize=512)
def _lines(passage: Passage) -> tuple[Line, ...]:
    return tuple(_line(passage.key, span) for span in sentences.split(passage.text))


def _line(key: str, span: sentences.Span) -> Line:
    found = tokens(span.text)
    hard = {token.norm for token in found if token.kind in _HARD}
    words = {piece for token in found if token.kind in {"word", "name"} for piece in stems(token.norm)}
    return Line(key, span.start, span.end, frozenset(words), frozenset(hard), tuple(t.norm for t in found))


@lru_cache(maxsize=512)
def _context(text: str) -> Line:
    return _line("", sentences.Span(text, 0, len(text)))


def _choose(claim: _Claim, lines: Sequence[Line], context: Line, most: int, *, is_list: bool) -> list[Line]:
    """The fewest lines that cover most of the claim's words and names, greedily."""
    wanted = set(claim.stems) | {piece for token in claim.hard for piece in stems(token.norm)}
    chosen: list[Line] = []
    # What the title says already must not draw in lines that say nothing else.
    claimed = {token.norm for token in claim.hard}
    left = {one for one in wanted if not _has(context, one)} or set(wanted)
    size = len(left)
    while left and len(chosen) < most - 1:
        best = max(
            lines,
            key=lambda line: (_gain(left, line), len(line.hard & claimed), -len(line.words)),
            default=None,
        )
        if best is None or _gain(left, best) < (
            1 if not chosen else (1.0 if is_list else max(1.0, 0.1 * size))
        ):
            break
        chosen.append(best)
        left = {one for one in left if not _has(best, one)}
    if not chosen and lines and not wanted - context.stems:
        chosen = [max(lines, key=lambda line: len(line.hard & {t.norm for t in claim.hard}))]
    return chosen


def _gain(wanted: set[str], line: Line) -> float:
    return sum(1.0 if one in line.stems else 0.6 if _has(line, one) else 0.0 for one in wanted)


def _has(line: Line, one: str) -> bool:
    return one in line.stems or not line.stems.isdisjoint(_synonyms().get(one, frozenset()))


def _widen(
    claim: _Claim, missing: Sequence[Token], chosen: Sequence[Line], lines: Sequence[Line], most: int
) -> list[Line]:
    """Add lines that hold missing tokens, where nothing speaks against it.

    A plain number stands in many lines by chance: its line must also share a word that is near it in
    the claim. An identifier or a date of another line is refused where the chosen lines hold a rival:
    one of the same kind that the claim does not mention.
    """
    widened = list(chosen)
    for token in missing:
        near = _near(claim, token) if _by_chance(token) else None
        if near is None and _rivals(token, claim, chosen):
            continue
        for line in lines:
            fits = line not in widened and _holds(token, line) and (near is None or near & line.stems)
            if fits and len(widened) <= most:
                widened.append(line)
                break
    return widened


def _by_chance(token: Token) -> bool:
    return (token.kind == "number" and token.norm.count(".") < 2) or token.norm in NUMBER_WORDS


def _rivals(token: Token, claim: _Claim, chosen: Sequence[Line]) -> bool:
    family = _family(token.norm)
    claimed = {other.norm for other in claim.hard}
    return bool(family) and any(_family(one) == family for line in chosen for one in line.hard - claimed)


_ISO_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_FAMILY = re.compile(r"[a-z]+(?=-?\d)")


def _family(norm: str) -> str:
    """ "cve", "t", "date": what makes two tokens answers to the same question; empty for others."""
    if _ISO_DATE.fullmatch(norm):
        return "date"
    match = _FAMILY.match(norm)
    return match.group() if match else ""


def _near(claim: _Claim, token: Token, reach: int = 5) -> set[str]:
    position = next(i for i, other in enumerate(claim.tokens) if other.start == token.start)
    around = claim.tokens[max(0, position - reach) : position + reach + 1]
    return {piece for other in around if other.start != token.start for piece in stems(other.norm)}


def _stands(token: Token, chosen: Sequence[Line], context: Line, claim: _Claim) -> bool:
    return any(_holds(token, line) for line in (*chosen, context)) or _is_acronym(token, chosen, claim)


def _holds(token: Token, line: Line) -> bool:
    norm = token.norm
    if norm in line.hard or norm in line.words:
        return True
    if token.kind == "date":
        return any(one.startswith(norm + "-") or one == norm for one in line.hard)
    if token.kind == "number":
        return _number_in(norm, line)
    if token.kind in {"path", "url", "ip", "hash", "email"}:
        return any(norm in one for one in line.hard)
    if token.kind == "identifier":
        return False
    if norm in NUMBER_WORDS:
        return NUMBER_WORDS[norm] in line.hard or norm in line.words
    return _name_in(norm, line)


def _number_in(norm: str, line: Line) -> bool:
    if re.fullmatch(r"(?:19|20)\d\d", norm):
        return any(re.match(rf"{norm}-\d\d", one) for one in line.hard)
    if "." in norm and norm.rstrip("0").rstrip(".") in {one.rstrip("0").rstrip(".") for one in line.hard}:
        return norm.count(".") == 1
    return any(NUMBER_WORDS.get(word) == norm for word in line.words)


_FLEXION = re.compile(r"(?:s|es|n|an|ian|ean|ese|ish|i)$")


def _name_in(norm: str, line: Line) -> bool:
    """The name as it is, hyphened or joined otherwise, or in another inflexion ("Korea", "Korean")."""
    pieces = [piece for piece in re.split(r"[-/.]", norm) if piece]
    if len(pieces) > 1 and all(piece in line.words or stem(piece) in line.stems for piece in pieces):
        return True
    if norm.replace("-", "") in {word.replace("-", "") for word in line.words}:
        return True
    if norm.endswith("s") and norm[:-1] in line.words:  # "URLs"
        return True
    root = _FLEXION.sub("", norm)
    if len(root) >= 4 and any(_FLEXION.sub("", word) == root for word in line.words):
        return True
    return norm.isalpha() and len(norm) > 4 and stem(norm) in line.stems and not line.hard & {norm}


def _is_acronym(token: Token, chosen: Sequence[Line], claim: _Claim) -> bool:
    """ "MFA" where the passage, or the sentence itself, writes multi-factor authentication out."""
    letters = token.norm.rstrip("s")
    if not (token.text[:2].isupper() and letters.isalpha() and 2 <= len(letters) <= 6):
        return False
    for words in (*(line.words for line in chosen), claim.words):
        parts = [piece for word in words for piece in word.split("-") if piece]
        if letters in "".join(part[0] for part in parts):
            return True
    return False


def _foreign_name(claim: _Claim, chosen: Sequence[Line], context: Line, is_name: IsName) -> str:
    """A name that is written small ("certutil") and stands in the sources, but not in this passage."""
    known = {word for line in (*chosen, context) for word in line.words}
    words = [token.norm for token in claim.tokens if token.kind == "word"]
    for length in (1, 2, 3):
        for start in range(len(words) - length + 1):
            phrase = words[start : start + length]
            if any(word in STOP_WORDS for word in phrase) or all(word in known for word in phrase):
                continue
            if length == 1 and (phrase[0] in OPENERS or stem(phrase[0]) in NEUTRAL):
                continue
            if any(_has(line, stem(word)) for line in (*chosen, context) for word in phrase):
                continue
            if is_name(" ".join(phrase)):
                return f"not in the passage: {' '.join(phrase)}"
    return ""


def _coverage(claim: _Claim, chosen: Sequence[Line], context: Line) -> float:
    wanted = {one for one in claim.stems if one not in NEUTRAL}
    if not wanted:
        return 1.0
    return sum(any(_has(line, one) for line in (*chosen, context)) for one in wanted) / len(wanted)
