"""What headers tell of the program and the way of a mail: facts that change when someone else writes.

Values are short texts here; they are hashed before anything is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import getaddresses

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders.writing import shape
from icelos.jobs.mail.signals.domains import organisation

MOST_RECIPIENTS = 24
MOST_REFERENCES = 40


def address_pairs(value: str) -> list[tuple[str, str]]:
    """(name, address in lower case) of a header's value; nothing where it cannot be read."""
    try:
        pairs = getaddresses([value[:8192]])
    except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
        return []
    return [(name, address.strip().lower()) for name, address in pairs if "@" in address]


def sender_address(message: Message) -> tuple[str, bool]:
    """The sender's address, and whether a mailing list stands in From for them.

    Lists put themselves into From for the sake of DMARC, and the sender into Reply-To: the sender is then
    who answers go to.
    """
    found = address_pairs(message.first("from"))
    author = found[0][1] if found else ""
    post = message.first("list-post").lower()
    if author and f"mailto:{author}" in post:
        others = [address for _, address in address_pairs(message.first("reply-to")) if address != author]
        if others:
            return others[0], True
    return author, False


def program(message: Message) -> str:
    """The family of the program that wrote it, without versions; "" where it does not say."""
    text = message.first("user-agent") or message.first("x-mailer")
    words = re.findall(r"[A-Za-z][A-Za-z-]{1,30}", text[:300])
    if "Thunderbird" in words:
        return f"Thunderbird {_platform(text)}"
    if words:
        return " ".join(words[:3])
    for name, family in (("x-gm-message-state", "Gmail"), ("x-ms-exchange-crosstenant-id", "Exchange")):
        if message.first(name):
            return family
    return "Exchange" if message.first("x-ms-has-attach") or message.first("thread-index") else ""


def _platform(text: str) -> str:
    return next((name for name in ("Windows", "Macintosh", "Linux") if name in text), "")


def message_id(message: Message) -> tuple[str, str]:
    """The shape of the Message-ID's left part, and the organisation of its right part."""
    left, _, right = message.first("message-id").strip().strip("<>")[:300].rpartition("@")
    kinds = re.sub(r"[A-Z]{1,200}", "A", re.sub(r"[a-z]{1,200}", "a", re.sub(r"\d{1,200}", "0", left)))
    mixed = re.sub(r"(?:[Aa0]){3,200}", "x", kinds)
    return mixed[:40], organisation(right.lower()) or right.lower()[:100]


_SIGNED_BY = re.compile(r"(?:^|[;\s])d\s{0,5}=\s{0,5}([A-Za-z0-9._-]{1,255})")


def signers(message: Message) -> tuple[str, ...]:
    """The domains that signed it (DKIM), whether or not the signatures hold."""
    values = [value for name, value in message.headers if name == "dkim-signature"][:8]
    found = (_SIGNED_BY.search(value) for value in values)
    return tuple(sorted({match[1].lower() for match in found if match}))


_HOST = re.compile(r"\b(?:from|by)\s{1,9}((?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,24})\b")


def origin(message: Message) -> str:
    """The first organisations on its way, from the two oldest Received headers."""
    values = [value for name, value in message.headers if name == "received"][-2:]
    hosts = [host.lower() for value in values for host in _HOST.findall(value[:1000])]
    return " ".join(sorted({name for host in hosts if (name := organisation(host))}))


def structure(message: Message) -> str:
    """Which forms of text it has, how it is encoded, and of what its boundary is made."""
    kind = message.first("content-type")
    boundary = re.search(r"boundary\s{0,3}=\s{0,3}\"?([^\";\s]{1,70})", kind, re.IGNORECASE)
    forms = f"{bool(message.text.strip())}{bool(message.html_text.strip())}"
    outline = shape(re.sub(r"[0-9A-Fa-f]{3,70}", "0", boundary[1])) if boundary else ""
    return f"{kind.partition(';')[0].strip().lower()[:40]} {forms} {outline[:20]}"


def encoding(message: Message) -> str:
    """The character set and transfer encoding that the top says, and its languages."""
    charset = re.search(
        r"charset\s{0,3}=\s{0,3}\"?([\w-]{1,30})", message.first("content-type"), re.IGNORECASE
    )
    transfer = message.first("content-transfer-encoding").strip().lower()[:20]
    return (
        f"{charset[1].lower() if charset else ''} {transfer} {message.first('content-language')[:20].lower()}"
    )


def recipients(message: Message) -> tuple[str, ...]:
    """Addresses of To and Cc."""
    found: list[str] = []
    for name, value in message.headers:
        if name in {"to", "cc"} and len(found) < MOST_RECIPIENTS:
            found.extend(address for _, address in address_pairs(value))
    return tuple(dict.fromkeys(found[:MOST_RECIPIENTS]))


def references(message: Message) -> tuple[str, ...]:
    """The mails that it answers, the first of the thread first."""
    text = f"{message.first('references')} {message.first('in-reply-to')}"
    found: Sequence[str] = re.findall(r"<[^<>\s]{3,250}>", text)
    return tuple(dict.fromkeys([*found[:1], *found[-MOST_REFERENCES:]]))
