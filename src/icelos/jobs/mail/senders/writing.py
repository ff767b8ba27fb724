"""A message's own words: without what it quotes, its signature, lists' footers and pasted logs.

Nothing is judged or kept here. Lines are looked at once, each by patterns of bounded width.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from icelos.jobs.mail.reading.message import Message

MAX_LINES = 600
MAX_LINE = 1000
MAX_PROSE = 2500
"""Characters of own words that are looked at: manner shows in fewer, and what is pasted comes late."""


class Writing(msgspec.Struct, frozen=True):
    """The parts of what a sender wrote. `layout` says where own words stand among quoted ones."""

    prose: str
    greeting: str = ""
    sign_off: str = ""
    signature: str = ""
    layout: str = "alone"
    attribution: str = ""


def writing(message: Message) -> Writing:
    """What the sender wrote; plain text where there is some, else what the markup shows."""
    own, layout, attribution, signature = _own(_lines(message.text))
    if not any(own) and message.html_text.strip():
        own, layout, attribution, signature = _own(_lines(message.html_text))
    greeting, own = _greeting(own)
    sign_off, own = _sign_off(own)
    prose = "\n".join(line for line in map(_without_links, own) if is_prose(line)).strip()
    return Writing(prose[:MAX_PROSE], greeting, sign_off, signature, layout, attribution)


def _lines(text: str) -> list[str]:
    return [line[:MAX_LINE].rstrip() for line in text[: MAX_LINES * MAX_LINE].split("\n")[:MAX_LINES]]


# ---- own lines and quoted ones

_QUOTED = re.compile(r"\s{0,8}[>|]")
_BEGINS = re.compile(r"\s{0,4}(?:On|Am|Le|El|Em|Il|Op|W dniu|Den|Dne|\d{1,4}[-./ ]|在|于)\b")
_WROTE = re.compile(
    r"(?:wrote|writes|schrieb|écrit|escribió|escribio|escreveu|scritto|schreef|napisał\(?a?\)?|skrev|yazdı"
    r"|写道|寫道|написал\(?а?\)?)\b.{0,60}[:：]\s{0,3}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\s{0,4}[-_]{3,}\s{0,3}(?:original|forwarded|ursprüngliche|weitergeleitete|message d|mensaje|mensagem)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s{0,4}\*{0,2}(?:From|Von|De|Da|Van|От|发件人|差出人)\s?[:：]", re.IGNORECASE)
_SENT = re.compile(
    r"\s{0,4}\*{0,2}(?:Sent|Date|To|Subject|Gesendet|An|Datum|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto"
    r"|Assunto|Inviato|Oggetto|发送时间|收件人|主题)\s?[:：]",
    re.IGNORECASE,
)
_FOOTER = re.compile(r"\s{0,4}(?:_{20,}|-{20,}|={20,})\s{0,4}$")
_DEVICE = re.compile(
    r"\s{0,4}(?:sent from my|sent from (?:mail|outlook|yahoo)|get outlook for|von meinem|gesendet mit"
    r"|envoyé de mon|enviado desde mi|inviato da)\b",
    re.IGNORECASE,
)
_LIST_TAIL = re.compile(r"mailing list|unsubscribe", re.IGNORECASE)


def _own(lines: Sequence[str]) -> tuple[list[str], str, str, str]:
    """Own lines, the layout, the shape of the line that introduces a quote, and the signature's first."""
    own: list[str] = []
    marks: list[bool] = []  # True where a line with words is quoted
    attribution = signature = ""
    position = 0
    while position < len(lines):
        line = lines[position]
        if line in {"--", "-- "} or _DEVICE.match(line):
            signature = signature or next((one for one in lines[position:] if len(one) > 3), "")
            position = _after_signature(lines, position)
            continue
        if _ends(lines, position):
            marks += [True] if _quotes_rest(lines, position) else []
            attribution = attribution or ("header block" if _quotes_rest(lines, position) else "")
            break
        if skipped := _attribution(lines, position):
            attribution = attribution or shape(" ".join(lines[position : position + skipped]))
            position += skipped
            if not any(map(_QUOTED.match, lines[position:])):  # the rest is quoted without marks
                marks.append(True)
                break
            continue
        quoted = _QUOTED.match(line) is not None
        if not quoted:
            own.append(line)
        marks += [quoted] if line.strip() else []
        position += 1
    return own, _layout(marks), attribution, signature


def _after_signature(lines: Sequence[str], position: int) -> int:
    """Where quoted lines go on after a signature; else the end."""
    for place in range(position + 1, len(lines)):
        if _QUOTED.match(lines[place]) or _attribution(lines, place):
            return place
    return len(lines)


def _ends(lines: Sequence[str], position: int) -> bool:
    """Whether a forwarded mail or a list's footer begins here."""
    if _FOOTER.match(lines[position]):
        return _quotes_rest(lines, position) or any(
            _LIST_TAIL.search(line) for line in lines[position + 1 : position + 4]
        )
    return _quotes_rest(lines, position)


def _quotes_rest(lines: Sequence[str], position: int) -> bool:
    """Whether a whole other mail follows, with some of its header."""
    if _FORWARDED.match(lines[position]):
        return True
    near = lines[position : position + 8]
    if _FOOTER.match(lines[position]):
        near = near[1:]
    return bool(near and _FROM.match(near[0]) and sum(map(bool, map(_SENT.match, near[1:]))) >= 2)


def _attribution(lines: Sequence[str], position: int) -> int:
    """How many lines introduce a quote here ("On Monday, X wrote:"); 0 where none does."""
    line = lines[position]
    if _WROTE.search(line[-200:]):
        return 1
    if _BEGINS.match(line):
        for more in (1, 2, 3):
            following = lines[position + more] if position + more < len(lines) else ""
            if not following.strip():
                return 0
            if _WROTE.search(following[-200:]):
                return more + 1
    return 0


def _layout(marks: Sequence[bool]) -> str:
    if not any(marks):
        return "alone"
    if all(marks):
        return "quote only"
    first, last = marks.index(True), len(marks) - 1 - marks[::-1].index(True)
    inner = not all(marks[first : last + 1])
    if inner:
        return "between"
    return "above" if last == len(marks) - 1 else ("below" if first == 0 else "around")


def shape(text: str) -> str:
    """Words of letters as a, with a capital as A, numbers as 0, in order; runs of one kind once."""
    words = re.findall(r"[^\W\d_]{1,40}|\d{1,20}|[^\w\s]", text[:200])
    kinds = [
        "0" if w[0].isdigit() else ("A" if w[0].isupper() else "a") if w[0].isalpha() else w for w in words
    ]
    return "".join(kind for place, kind in enumerate(kinds) if not place or kind != kinds[place - 1])


# ---- greetings, sign-offs, prose


def _greeting(lines: list[str]) -> tuple[str, list[str]]:
    """The first line where it is a greeting: short, and with a comma or the like behind."""
    for place, line in enumerate(lines[:6]):
        words = line.split()
        if not words:
            continue
        if len(words) <= 5 and len(line) <= 60 and line[-1] in ",!:;-.，：" and words[0][0].isalpha():
            return line.strip(), lines[place + 1 :]
        break
    return "", lines


_NAMES = re.compile(r"(?:[^\W_]|[\s.,!'\u2019()\-–—:;~*^]){1,40}$")


def _sign_off(lines: list[str]) -> tuple[str, list[str]]:
    """The last lines, at most four, as long as they are short: "Best regards," and a name."""
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    taken: list[str] = []
    while len(kept) > 1 and len(taken) < 4:
        line = kept[-1].strip()
        if line and (len(line) > 40 or len(line.split()) > 4 or not _NAMES.match(line)):
            break
        kept.pop()
        if line:
            taken.append(line)
    while taken and not _closes(taken[-1]):
        kept.append(taken.pop())  # the end of a sentence, wrapped
    return "\n".join(reversed(taken)), kept


_CLOSING = re.compile(
    r"(?:thanks?|thx|many thanks|cheers|regards|best|sincerely|kind|kindly|warm|yours|respectfully|sent"
    r"|take care|br|rgds|hth|mfg|viele|liebe|beste|schöne|mit|gruß|grüße|danke|cordialement|bien|merci"
    r"|saludos|gracias|un saludo|atenciosamente|abraços?|obrigad[oa]|att|distinti|cordiali|grazie|groeten"
    r"|groetjes|met|pozdrawiam|73)\b|[-~^]",
    re.IGNORECASE,
)


def _closes(line: str) -> bool:
    """Whether a line bids farewell or is a name."""
    words = line.split()
    named = len(words) <= 3 and all(word[0].isupper() for word in words) and line[-1] not in ".!"
    return named or _CLOSING.match(line) is not None


_LINK = re.compile(
    r"<?\b(?:https?://|www\.|mailto:)[^\s>]{1,900}>?|\S{1,64}@\S{1,200}|(?:/[\w.+-]{1,100}){2,20}/?",
    re.IGNORECASE,
)
_SYMBOLS = frozenset("_{}[]=;<>|\\/$#@*~^+&%`")


def _without_links(line: str) -> str:
    """A line without addresses and paths, nobody's style, and the backslash of a Markdown editor."""
    bare = _LINK.sub("", line) if "/" in line or "@" in line or "www." in line else line
    return bare.rstrip("\\ ")


def is_prose(line: str) -> bool:
    """Whether a line is words, and not a log, a command, a table or code."""
    text = line.strip()
    if len(text) < 2 or text[0] in "[$#{/<|+=*-\\0123456789" or text[-1] in "{};\\":
        return text[:2] in {"- ", "* "} and is_prose(text[2:])
    letters = sum(map(str.isalpha, text)) + text.count(" ")
    symbols = sum(c in _SYMBOLS for c in text)
    if letters < 0.8 * len(text) or symbols * 15 > len(text) or _WIDE.search(text):
        return False
    return text[-1] in ".?!," or _LABEL.match(text) is None


_LABEL = re.compile(r"[\w][\w .()-]{0,30}:\s{1,10}\S.{0,60}$")
"""A name and its value, as programs print them."""
_WIDE = re.compile(r"[^.!?:\s]\s{3,}\S")
"""The gap of a table or of aligned code."""
