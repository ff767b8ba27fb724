"""The signals of the baseline: each looks at one trick, quotes what it saw, and has a weight.

A weight is in log-odds and was set by judgement, before any corpus was looked at: about 1 is weak, 2
speaks for itself, 4 alone asks for a review. All weights and `BIAS` sum to the score's log-odds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from email.utils import getaddresses

import msgspec

from icelos.jobs.mail.reading.markup import MAX_LINKS, Link
from icelos.jobs.mail.reading.message import PARTS_LEFT_OUT, TEXT_LEFT_OUT, Attachment, Message
from icelos.jobs.mail.signals import authentication
from icelos.jobs.mail.signals.domains import (
    FREEMAIL,
    addresses,
    decoded_host,
    is_public_ip,
    mixed_scripts,
    organisation,
    parse_url,
    shown_host,
)
from icelos.jobs.mail.signals.wording import pressing_words

BIAS = -4.0
"""Log-odds of a message that no signal speaks of: 1.8 %."""


class Signal(msgspec.Struct, frozen=True):
    """One signal: its weight, a clause that says why, where it stands, and the words that stand there."""

    name: str
    weight: float
    why: str
    where: str
    quote: str


def signals(message: Message, *, trusted: Sequence[str] = ()) -> list[Signal]:
    """All signals of a message, the heaviest first, each name once.

    `trusted` names the servers whose Authentication-Results count; empty = the topmost counts.
    """
    found: dict[str, Signal] = {}
    for look in _LOOKS:
        for signal in look(message):
            if signal.name not in found or found[signal.name].weight < signal.weight:
                found[signal.name] = signal
    found.update((signal.name, signal) for signal in _origin(message, trusted))
    return sorted(found.values(), key=lambda signal: (-signal.weight, signal.name))


# ---- who it says it is from


def _sender(message: Message) -> tuple[str, str]:
    """Display name and host of From."""
    value = message.first("from")
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
        pairs = []
    name, address = pairs[0] if pairs else ("", "")
    last = addresses(value)
    host = address.rpartition("@")[2].lower() if "@" in address else (last[-1][1] if last else "")
    return name or value.partition("<")[0].strip(' "'), host.strip(" >.")


def _display_name(message: Message) -> Iterator[Signal]:
    """The name that mail programs show holds another address, or another domain, than the true one."""
    name, host = _sender(message)
    ours, quote = organisation(host), message.first("from")
    for address, claimed in addresses(name):
        if ours and organisation(claimed) not in {"", ours}:
            why = f"the sender's name shows {address}, the address is at {host}"
            yield Signal("display-name-address", 2.0, why, "From", quote)
    claimed = shown_host(name)
    if ours and "@" not in name and organisation(claimed) not in {"", ours}:
        why = f"the sender's name shows {claimed}, the address is at {host}"
        yield Signal("display-name-domain", 1.5, why, "From", quote)


def _reply_to(message: Message) -> Iterator[Signal]:
    """Answers go to another organisation; worst where that is mail for everyone."""
    _, host = _sender(message)
    ours, quote = organisation(host), message.first("reply-to")
    for address, reply in addresses(quote):
        theirs = organisation(reply)
        if theirs and ours and theirs != ours:
            weight = 2.0 if theirs in FREEMAIL and ours not in FREEMAIL else 0.8
            yield Signal(
                "reply-to-elsewhere", weight, f"answers go to {address}, not to {ours}", "Reply-To", quote
            )


_ORIGIN = {"dmarc": 2.0, "compauth": 1.5, "spf": 1.0, "dkim": 0.7}
_FAILED = {"fail": 1.0, "softfail": 0.5, "permerror": 0.5}


def _origin(message: Message, trusted: Sequence[str]) -> Iterator[Signal]:
    """What the receiving server found. The checks build on each other: the heaviest failure counts, once."""
    header = authentication.topmost(message.headers, trusted)
    found = authentication.results(header)
    failed = {m: weight * _FAILED[found[m]] for m, weight in _ORIGIN.items() if found.get(m) in _FAILED}
    if failed:
        told = ", ".join(f"{method.upper()} {found[method]}" for method in failed)
        why = f"the receiving server found {told}"
        yield Signal("origin-failed", max(failed.values()), why, "Authentication-Results", header)


# ---- where its links lead


def _links(message: Message) -> Iterator[Signal]:
    for link in message.links:
        yield from _link(link)
    for number, found in enumerate(_URL.finditer(message.text)):
        if number >= MAX_LINKS:
            return
        yield from _link(Link(found.group(), ""))


_URL = re.compile(r"https?://[^\s<>\"')\]]{4,2000}", re.IGNORECASE)


def _link(link: Link) -> Iterator[Signal]:
    url = parse_url(link.target)
    if url is None:
        return
    if url.scheme in {"javascript", "data", "vbscript"}:
        why = f"a link runs {url.scheme}: instead of leading somewhere"
        yield Signal("script-link", 3.0, why, "body", link.target)
    if url.host:
        yield from _mismatch(link, url.host)
        yield from _host(url.host, url.userinfo, link.target)


def _mismatch(link: Link, host: str) -> Iterator[Signal]:
    """The text of a link names another organisation's host than the one it leads to."""
    shown = shown_host(link.text)
    if shown and organisation(host) != organisation(shown):
        why = f"a link shows {shown} and leads to {host}"
        yield Signal("link-text-mismatch", 2.0, why, "body", link.target)


def _host(host: str, userinfo: str, target: str) -> Iterator[Signal]:
    """User information that looks like a host, a bare IP address, punycode and mixed alphabets."""
    if "." in userinfo:
        why = f"a link shows {userinfo[:80]} before the @ of {host}"
        yield Signal("link-userinfo", 3.5, why, "body", target)
    if is_public_ip(host):
        yield Signal("link-to-ip", 2.5, f"a link leads to the bare address {host}", "body", target)
    if "xn--" in host or not host.isascii():
        mixed = mixed_scripts(host)
        how = "mixes alphabets" if mixed else "is not in plain letters"
        why = f"a link's host {decoded_host(host)} {how}"
        yield Signal("link-punycode", 3.0 if mixed else 1.0, why, "body", target)


# ---- what it carries

_RUNS = frozenset([
    "exe", "scr", "com", "pif", "bat", "cmd", "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "ps1", "psm1",
    "lnk", "jar", "msi", "msix", "appx", "cpl", "reg", "scf", "url", "iso", "img", "vhd", "vhdx", "xll",
    "one", "chm", "application", "dll",
])  # fmt: skip
_MACROS = frozenset(["docm", "dotm", "xlsm", "xlsb", "xltm", "pptm", "ppam", "xlam"])
_MARKUP = frozenset(["html", "htm", "shtml", "xhtml", "mht", "mhtml", "svg"])
_HARMLESS = frozenset([
    "pdf", "doc", "docx", "xls", "xlsx", "txt", "jpg", "jpeg", "png", "gif", "zip", "csv", "rtf",
])  # fmt: skip
_PROGRAMS = (b"\x7fELF", b"L\x00\x00\x00\x01\x14\x02\x00", b"\xca\xfe\xba\xbe")
"""First bytes of ELF programs, Windows shortcuts, and Java classes or Mach-O bundles."""
_PAGE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s{0,200}<(?:!doctype\s{1,9}html|html|script)\b", re.IGNORECASE)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _attachments(message: Message) -> Iterator[Signal]:
    for attachment in message.attachments:
        yield from _attachment(attachment)


def _attachment(attachment: Attachment) -> Iterator[Signal]:
    name = attachment.name or attachment.content_type
    *before, suffix = name.lower().rstrip(". ").split(".") if "." in name else ["", ""]
    shown = repr(name[:80])
    yield from _kind(attachment, suffix, shown)
    if before and before[-1] in _HARMLESS and suffix in _RUNS | _MARKUP | _MACROS:
        yield Signal(
            "attachment-disguised", 2.0, f"{shown} hides its type behind another", "attachment", name
        )
    if _BIDI.search(name):
        why = f"the attachment's name {shown} is written backwards in part"
        yield Signal("attachment-reversed", 3.0, why, "attachment", name)


def _kind(attachment: Attachment, suffix: str, shown: str) -> Iterator[Signal]:
    """What opening it would do, by its name and by its first bytes."""
    kind, head = attachment.content_type, attachment.head
    if suffix in _RUNS or _is_program(head):
        yield Signal("attachment-runs", 4.0, f"the attachment {shown} is a program", "attachment", shown)
    elif suffix in _MACROS:
        yield Signal(
            "attachment-macros", 2.5, f"the attachment {shown} can carry macros", "attachment", shown
        )
    elif suffix in _MARKUP or kind in {"text/html", "image/svg+xml"} or _PAGE.match(head):
        yield Signal("attachment-html", 2.5, f"the attachment {shown} is a web page", "attachment", shown)


def _is_program(head: bytes) -> bool:
    """Windows programs begin with the letters MZ, as a text may: their header holds zeros besides."""
    return head.startswith(_PROGRAMS) or (head.startswith(b"MZ") and b"\0" in head[:64])


# ---- what it says


def _forms(message: Message) -> Iterator[Signal]:
    if message.asks_password:
        yield Signal("asks-password", 3.0, "the mail itself has a field for a password", "body", "<input>")
    elif message.has_form:
        yield Signal("has-form", 1.5, "the mail itself has a form to fill in", "body", "<form>")


MUCH_HIDDEN = 600
"""Characters: newsletters hide a preview line of up to about 150, and padding after it."""
_SPLIT = re.compile("[A-Za-z][\u200b-\u200d\u2060\ufeff]{1,4}[A-Za-z]")
_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]")


def _hidden(message: Message) -> Iterator[Signal]:
    """Much text that only filters read, words split by what is not seen, and invisible tag characters.

    Tag characters are lawful after a black flag only (UTS 51, "emoji tag sequence").
    """
    words = [word for word in message.hidden_text.split() if len(word) > 1]
    if sum(map(len, words)) > MUCH_HIDDEN:
        quote = " ".join(words[:20])
        yield Signal(
            "hidden-text", 1.0, f"{len(words)} words of it are hidden from the reader", "body", quote
        )
    seen = f"{message.subject}\n{message.body}"
    split = _SPLIT.findall(seen)
    if len(split) >= 3:
        why = f"words are split by invisible characters in {len(split)} places"
        yield Signal("hidden-splits", 1.5, why, "subject or body", ascii(split[0]))
    if _TAGS.search(seen):
        why = "it holds invisible tag characters"
        yield Signal("hidden-tags", 2.0, why, "subject or body", "U+E0020..U+E007F")


def _wording(message: Message) -> Iterator[Signal]:
    for group, words in pressing_words(f"{message.subject}\n{message.body}").items():
        yield Signal(f"wording: {group}", 0.6, f"it {group} ({words!r})", "subject or body", words)


def _unread(message: Message) -> Iterator[Signal]:
    """What was not looked at is not known to be harmless."""
    for defect, weight in ((PARTS_LEFT_OUT, 4.0), (TEXT_LEFT_OUT, 1.0)):
        if defect in message.defects:
            yield Signal("not-read-whole", weight, f"it was not read whole: {defect}", "body", defect)


_LOOKS: tuple[Callable[[Message], Iterator[Signal]], ...] = (
    _display_name, _reply_to, _links, _attachments, _forms, _hidden, _wording, _unread,
)  # fmt: skip
