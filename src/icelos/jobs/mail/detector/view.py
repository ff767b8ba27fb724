"""What the text models see of a mail: words, without what names its source.

Quoted answers, signatures, footers of lists, addresses, numbers and the hosts of links tell where a mail
comes from rather than what it wants, so they are left out or become one token for all of a kind.
"""

from __future__ import annotations

import re

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.reading.normalise import readable
from icelos.jobs.mail.signals.facts import read_sender

MAX_CHARACTERS = 6000
"""A reader decides on the first screens; what stands below them is there for filters."""

_QUOTED = re.compile(r"^[ \t]*(?:>|\|).*$", re.MULTILINE)
_ATTRIBUTION = re.compile(
    r"^.{0,160}\b(?:wrote|writes|schrieb(?: [^\n:]{1,80})?|a écrit|escreveu|escribió|ha scritto|schreef)"
    r"\s{0,3}:[ \t]*$"
    r"|^-{2,}\s{0,3}(?:original message|ursprüngliche nachricht|forwarded message|message d'origine"
    r"|mensagem original|mensaje original|oorspronkelijk bericht)\s{0,3}-{2,}[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^--[ \t]*$", re.MULTILINE)
_FOOTER = re.compile(r"^_{10,}[ \t]*$", re.MULTILINE)
_ADDRESS = re.compile(r"[\w.+=&'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?:[$€£¥₿]|r\$|us\$)\s?\d[\d.,]*|\d[\d.,]{0,30}\s?(?:[$€£¥₿]|eur\b|usd\b|gbp\b|btc\b|dollars?\b|euros?\b)"
)
_NUMBER = re.compile(r"\d[\d.,:/-]*")
_TAG = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|antw|enc|rv|res)\s*:\s*){1,5}(?:\[[^\]\n]{1,40}\]\s*)?|^\s*\[[^\]\n]{1,40}\]\s*",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")


def view(message: Message) -> str:
    """Sender's name, subject and shown text in lower case, as the models are given them."""
    name = _ADDRESS.sub(" ", readable(read_sender(message.first("from")).name[:200]))
    head, _, body = message.seen.partition("\n") if message.subject.strip() else ("", "", message.seen)
    return plain_view(head, body, name)


def plain_view(subject: str, text: str, name: str = "") -> str:
    """The same for a subject, a text and a sender's name that are at hand, as a reader sees them."""
    subject = _TAG.sub("", subject[:500])
    body = own_words(text[: 8 * MAX_CHARACTERS])[:MAX_CHARACTERS]
    parts = (f"{name} ¤from" if name.strip() else "", f"{subject} ¤subject", body)
    return " ".join(_masked(part) for part in parts if part)


def own_words(text: str) -> str:
    """A text without what it quotes, its signature and a list's footer; all of it where nothing else is
    left."""
    cut = _FOOTER.split(_SIGNATURE.split(_ATTRIBUTION.split(text, maxsplit=1)[0], maxsplit=1)[0], maxsplit=1)[
        0
    ]
    cut = _QUOTED.sub("", cut)
    return cut if len(cut.split()) >= 3 else _QUOTED.sub("", text)


def _masked(text: str) -> str:
    text = _URL.sub(" ¤url ", text)
    text = _ADDRESS.sub(" ¤address ", text)
    text = _AMOUNT.sub(" ¤amount ", text.lower())
    return _BLANKS.sub(" ", _NUMBER.sub(" ¤number ", text)).strip()
