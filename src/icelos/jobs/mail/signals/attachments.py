"""What opening an attachment would do, told by its name, its first bytes and what an archive lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from icelos.jobs.mail.reading.attachments import Attachment
from icelos.jobs.mail.signals.facts import Facts
from icelos.jobs.mail.signals.symbols import Signal, hit

_RUNS = frozenset([
    "exe", "scr", "com", "pif", "bat", "cmd", "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "ps1", "psm1",
    "lnk", "jar", "msi", "msix", "appx", "cpl", "reg", "scf", "url", "iso", "img", "vhd", "vhdx", "xll",
    "one", "chm", "application", "dll", "apk", "appinstaller", "settingcontent-ms", "library-ms", "wll",
])  # fmt: skip
_MACROS = frozenset(["docm", "dotm", "xlsm", "xlsb", "xltm", "pptm", "ppam", "xlam"])
_MARKUP = frozenset(["html", "htm", "shtml", "xhtml", "mht", "mhtml", "svg"])
_HARMLESS = frozenset([
    "pdf", "doc", "docx", "xls", "xlsx", "txt", "jpg", "jpeg", "png", "gif", "zip", "csv", "rtf",
])  # fmt: skip
_RUNNING_KINDS = _RUNS | {"elf", "macho", "class", "vhd", "onenote"}
"""What the first bytes may say besides."""
_ACTIVE = re.compile(
    rb"<script|<form\b|<meta[^>]{0,80}refresh|\bon(?:load|error)\s{0,9}=|type=[\"']?password|<iframe",
    re.IGNORECASE,
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s{8,}\S{0,20}\Z")
_PASSWORD = re.compile(
    r"\b(?:pass ?word|passcode|passwort|kennwort|senha|contraseña|mot de passe|wachtwoord|пароль)"
    r"\b[^\n]{0,40}?(?::|=|\bis\b|\bist\b|\bé\b|\bes\b|\best\b|è)\s{0,5}\S{3,40}",
    re.IGNORECASE,
)


def attachments(facts: Facts) -> Iterator[Signal]:
    """Each attachment by itself, and archives together with what the text says of them."""
    for attachment in facts.message.attachments:
        yield from _attachment(attachment, facts)
        yield from _archive(attachment, facts)


def _attachment(attachment: Attachment, facts: Facts) -> Iterator[Signal]:
    name = attachment.name or attachment.content_type
    *before, suffix = name.lower().rstrip(". ").split(".") if "." in name else ["", ""]
    shown = repr(name[:80])
    yield from _kind(attachment, suffix, shown, facts)
    if before and before[-1].strip() in _HARMLESS and suffix in _RUNS | _MARKUP | _MACROS:
        yield hit("attachment-disguised", f"{shown} hides its type behind another", "attachment", name)
    if _BIDI.search(name):
        why = f"the attachment's name {shown} is written backwards in part"
        yield hit("attachment-reversed", why, "attachment", name)
    if _SPACES.search(name[:300]):
        why = f"the attachment's name {shown} hides its ending behind spaces"
        yield hit("attachment-spaced", why, "attachment", name)


def _kind(attachment: Attachment, suffix: str, shown: str, facts: Facts) -> Iterator[Signal]:
    """What opening it would do, by its name and by its first bytes."""
    kind, head = attachment.content_type, attachment.head
    if suffix in _RUNS or attachment.kind in _RUNNING_KINDS:
        yield hit("attachment-runs", f"the attachment {shown} is a program", "attachment", shown)
    elif suffix in _MACROS or attachment.kind in _MACROS:
        yield hit("attachment-macros", f"the attachment {shown} can carry macros", "attachment", shown)
    elif suffix in _MARKUP or kind in {"text/html", "image/svg+xml"} or attachment.kind in _MARKUP:
        if _ACTIVE.search(head) or _is_active(facts):
            why = f"the attachment {shown} is a web page with scripts or a form"
            yield hit("attachment-html-active", why, "attachment", shown)
        else:
            yield hit("attachment-html", f"the attachment {shown} is a web page", "attachment", shown)


def _is_active(facts: Facts) -> bool:
    """Whether a page among the attachments has a script, a form or a field for a password."""
    message = facts.message
    return message.attached_script or message.attached_form or message.attached_password


def _archive(attachment: Attachment, facts: Facts) -> Iterator[Signal]:
    """What an archive lists, and whether a file is locked while the mail tells its key."""
    shown = repr((attachment.name or attachment.content_type)[:80])
    inside = next((member.name for member in attachment.members if _suffix(member.name) in _RUNS), "")
    if inside:
        why = f"the archive {shown} holds the program {inside[:80]!r}"
        yield hit("archive-runs", why, "attachment", inside)
    if attachment.encrypted:
        told = _PASSWORD.search(facts.text[:20_000])
        if told:
            why = f"{shown} is encrypted, and the mail tells its password"
            yield hit("archive-password-told", why, "attachment", told.group())
        else:
            yield hit("archive-locked", f"the attachment {shown} is encrypted", "attachment", shown)


def _suffix(name: str) -> str:
    return name.lower().rstrip(". ").rpartition(".")[2]


LOOKS = (attachments,)
