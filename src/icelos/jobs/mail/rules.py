"""The rules of the baseline: each looks at one trick and says, with the words it saw, how much it weighs.

A weight is in log-odds and was set by judgement, before any corpus was looked at: about 1 is weak, 2
speaks for itself, 4 alone asks for a review. All weights and `BIAS` sum to the score's log-odds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from email.utils import getaddresses

import msgspec

from icelos.jobs.mail import authentication
from icelos.jobs.mail.domains import (
    FREEMAIL,
    addresses,
    is_public_ip,
    mixed_scripts,
    organisation,
    parse_url,
    shown_host,
)
from icelos.jobs.mail.markup import Link
from icelos.jobs.mail.message import Attachment, Message
from icelos.jobs.mail.wording import pressing_words

BIAS = -4.0
"""Log-odds of a message that no rule speaks of: 1.8 %."""


class Hit(msgspec.Struct, frozen=True):
    """One rule that spoke: its weight, a clause that says why, and where it looked."""

    rule: str
    weight: float
    why: str
    where: str


def hits(message: Message, *, trusted: Sequence[str] = ()) -> list[Hit]:
    """What all rules say of a message, the heaviest first; a rule speaks at most once."""
    found: dict[str, Hit] = {}
    for rule in _RULES:
        for hit in rule(message):
            if hit.rule not in found or found[hit.rule].weight < hit.weight:
                found[hit.rule] = hit
    for hit in _origin(message, trusted):
        found[hit.rule] = hit
    return sorted(found.values(), key=lambda hit: (-hit.weight, hit.rule))


def _sender(message: Message) -> tuple[str, str]:
    """Display name and host of From."""
    value = message.first("from")
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, AttributeError, TypeError):
        pairs = []
    name, address = pairs[0] if pairs else ("", "")
    last = addresses(value)
    host = address.rpartition("@")[2].lower() if "@" in address else (last[-1][1] if last else "")
    return name, host.strip(" >.")


def _display_name(message: Message) -> Iterator[Hit]:
    name, host = _sender(message)
    for address, claimed in addresses(name):
        if host and organisation(claimed) and organisation(claimed) != organisation(host):
            why = f"the sender's name shows {address}, the address is at {host}"
            yield Hit("display-name-address", 2.0, why, "From")


def _reply_to(message: Message) -> Iterator[Hit]:
    _, host = _sender(message)
    for address, reply in addresses(message.first("reply-to")):
        theirs, ours = organisation(reply), organisation(host)
        if theirs and ours and theirs != ours:
            weight = 2.0 if theirs in FREEMAIL and ours not in FREEMAIL else 0.8
            yield Hit("reply-to-elsewhere", weight, f"answers go to {address}, not to {ours}", "Reply-To")


def _links(message: Message) -> Iterator[Hit]:
    for link in message.links:
        yield from _link(link)
    for found in re.finditer(r"https?://[^\s<>\"')\]]{4,2000}", message.text):
        yield from _link(Link(found.group(), ""))


def _link(link: Link) -> Iterator[Hit]:
    url = parse_url(link.target)
    if url is None:
        return
    if url.scheme in {"javascript", "data", "vbscript"}:
        yield Hit("script-link", 3.0, f"a link runs {url.scheme}: instead of leading somewhere", "body")
    if not url.host:
        return
    shown = shown_host(link.text)
    if shown and organisation(url.host) != organisation(shown):
        why = f"a link shows {shown} and leads to {url.host}"
        yield Hit("link-text-mismatch", 2.0, why, "body")
    yield from _host(url.host, url.userinfo)


def _host(host: str, userinfo: str) -> Iterator[Hit]:
    if "." in userinfo:
        yield Hit("link-userinfo", 3.5, f"a link shows {userinfo[:80]} before the @ of {host}", "body")
    if is_public_ip(host):
        yield Hit("link-to-ip", 2.5, f"a link leads to the bare address {host}", "body")
    if "xn--" in host or not host.isascii():
        mixed = mixed_scripts(host)
        why = f"a link's host {host} " + ("mixes alphabets" if mixed else "is written in punycode")
        yield Hit("link-punycode", 3.0 if mixed else 1.0, why, "body")


_RUNS = frozenset(
    [
        "exe",
        "scr",
        "com",
        "pif",
        "bat",
        "cmd",
        "js",
        "jse",
        "vbs",
        "vbe",
        "wsf",
        "wsh",
        "hta",
        "ps1",
        "psm1",
        "lnk",
        "jar",
        "msi",
        "msix",
        "appx",
        "cpl",
        "reg",
        "scf",
        "url",
        "iso",
        "img",
        "vhd",
        "vhdx",
        "xll",
        "one",
        "chm",
        "application",
        "dll",
    ]
)
_MACROS = frozenset(["docm", "dotm", "xlsm", "xlsb", "xltm", "pptm", "ppam", "xlam"])
_MARKUP = frozenset(["html", "htm", "shtml", "xhtml", "mht", "mhtml", "svg"])
_HARMLESS = frozenset(
    ["pdf", "doc", "docx", "xls", "xlsx", "txt", "jpg", "jpeg", "png", "gif", "zip", "csv", "rtf"]
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"L\x00\x00\x00\x01\x14\x02\x00", b"\xca\xfe\xba\xbe")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _attachments(message: Message) -> Iterator[Hit]:
    for attachment in message.attachments:
        yield from _attachment(attachment)


def _attachment(attachment: Attachment) -> Iterator[Hit]:
    name = attachment.name or attachment.content_type
    *before, suffix = name.lower().rstrip(". ").split(".") if "." in name else ["", ""]
    if suffix in _RUNS or attachment.head.startswith(_PROGRAMS):
        yield Hit("attachment-runs", 4.0, f"the attachment {name[:80]!r} is a program", "attachment")
    elif suffix in _MACROS:
        yield Hit("attachment-macros", 2.5, f"the attachment {name[:80]!r} can carry macros", "attachment")
    elif suffix in _MARKUP or attachment.content_type in {"text/html", "image/svg+xml"}:
        yield Hit("attachment-html", 2.5, f"the attachment {name[:80]!r} is a web page", "attachment")
    if before and before[-1] in _HARMLESS and suffix in _RUNS | _MARKUP | _MACROS:
        yield Hit("attachment-disguised", 2.0, f"{name[:80]!r} hides its type behind another", "attachment")
    if _BIDI.search(name):
        yield Hit(
            "attachment-reversed", 3.0, "an attachment's name is written backwards in part", "attachment"
        )


def _forms(message: Message) -> Iterator[Hit]:
    if message.asks_password:
        yield Hit("asks-password", 3.0, "the mail itself has a field for a password", "body")
    elif message.has_form:
        yield Hit("has-form", 1.5, "the mail itself has a form to fill in", "body")


def _wording(message: Message) -> Iterator[Hit]:
    for group, words in pressing_words(f"{message.subject}\n{message.body}").items():
        yield Hit(f"wording: {group}", 0.6, f"it {group} ({words!r})", "subject or body")


_RULES: tuple[Callable[[Message], Iterator[Hit]], ...] = (
    _display_name, _reply_to, _links, _attachments, _forms, _wording,
)  # fmt: skip
_ORIGIN = {"dmarc": 2.0, "compauth": 1.5, "spf": 1.0, "dkim": 0.7}


def _origin(message: Message, trusted: Sequence[str]) -> Iterator[Hit]:
    found = authentication.results(authentication.topmost(message.headers, trusted))
    for method, weight in _ORIGIN.items():
        if found.get(method) in {"fail", "softfail", "permerror"}:
            weight = weight if found[method] == "fail" else weight / 2
            why = f"the receiving server found {method.upper()} {found[method]}"
            yield Hit(f"origin-{method}", weight, why, "Authentication-Results")
