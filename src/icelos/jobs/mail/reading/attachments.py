"""What is attached: its type by content, its hash, and what it says where that is text of some kind.

Nothing is written to disk. PDFs, images and Outlook files are read aside; the rest is read here, bounded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email.message import Message as Headers

import msgspec

from icelos.data.parse.mime import declared_within, decode_text, transfer_encoding, unbase64, undone
from icelos.jobs.mail.reading.archives import Member, listed
from icelos.jobs.mail.reading.aside import Aside, Found, has_codes
from icelos.jobs.mail.reading.invites import read_invite
from icelos.jobs.mail.reading.kinds import IMAGES, kind_of, pixels
from icelos.jobs.mail.reading.markup import Link, read_markup
from icelos.jobs.mail.reading.office import kind_of_zip, office_images, office_text
from icelos.jobs.mail.reading.tnef import read_tnef

HEAD_BYTES = 4096
KEPT = 12 * 1024 * 1024
"""Bytes of one attachment that are looked into; of a larger one, type and hash are told."""
PIECE = 2 * 1024 * 1024
MAX_TEXT = 262_144
MAX_CODE_IMAGES = 6
"""Images of a mail that are searched for codes."""
SMALLEST_CODE = 40
"""Pixels of a side below which an image holds no code."""
_ARCHIVES = frozenset({"zip", "tar", "gzip", "bzip2", "xz"})
_URL = re.compile(r"https?://[^\s<>\"'\\)\]]{4,2000}", re.IGNORECASE)
MAX_URLS = 200


class Attachment(msgspec.Struct, frozen=True):
    """A part that is not shown as text.

    `head` is the decoded beginning. `kind` is the type by content ("pdf", "exe", "docm", "html", ... or ""),
    `size` the decoded bytes, `sha256` their hash. `members` are the files in an archive, `encrypted` says
    that one of them, or the file itself, needs a password. `defect` says what could not be read of it.
    """

    name: str
    content_type: str
    head: bytes
    kind: str = ""
    size: int = 0
    sha256: str = ""
    members: tuple[Member, ...] = ()
    encrypted: bool = False
    defect: str = ""


class Opened(msgspec.Struct):
    """What was found inside of attachments: text, links, mails and files to be read in turn."""

    text: str = ""
    links: list[Link] = []
    has_form: bool = False
    asks_password: bool = False
    has_script: bool = False
    mails: list[bytes] = []
    files: list[tuple[str, bytes]] = []


class Decoded(msgspec.Struct, frozen=True):
    """The beginning of a decoded part, at most `KEPT` bytes, the size of all of it and its hash."""

    data: bytes
    size: int
    sha256: str


def told(data: bytes) -> Decoded:
    """Bytes that need no decoding."""
    return Decoded(data[:KEPT], len(data), hashlib.sha256(data).hexdigest())


def decoded(raw: bytes, start: int, end: int, fields: Headers) -> Decoded:
    """The part from `start` to `end`, piece by piece, so that a large one is not held several times."""
    if end - start <= PIECE:
        return told(undone(raw[start:end], fields))
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for piece in _decoded_pieces(raw, start, end, fields):
        digest.update(piece)
        size += len(piece)
        kept += piece[: KEPT - len(kept)]
    return Decoded(bytes(kept), size, digest.hexdigest())


def _decoded_pieces(raw: bytes, start: int, end: int, fields: Headers) -> Iterator[bytes]:
    """The decoded bytes of a part; base64 goes by groups of four letters, other encodings by lines."""
    encoding = transfer_encoding(fields)
    rest = b""
    while start < end:
        stop = min(end, start + PIECE)
        if encoding == "base64":
            clean = rest + raw[start:stop].translate(None, b" \t\r\n")
            whole = len(clean) // 4 * 4 if stop < end else len(clean)
            rest = clean[whole:]
            yield unbase64(clean[:whole])
        else:
            if stop < end:
                stop = raw.rfind(b"\n", start, stop) + 1 or stop
            yield undone(raw[start:stop], fields)
        start = stop


class Opener:
    """Opens the attachments of one mail; keeps what they share: time, and how many images were searched."""

    def __init__(self, aside: Aside | None = None) -> None:
        self.opened = Opened()
        self._aside = aside
        self._images_left = MAX_CODE_IMAGES
        self._searched: set[str] = set()

    def attachment(self, name: str, content_type: str, part: Decoded) -> Attachment:
        """The attachment as it is listed; what is in it is added to `opened`."""
        kind = kind_of(part.data)
        told = _Told()
        if kind in _ARCHIVES:
            kind = self._archive(name, part.data, kind, told)
        else:
            self._content(name.lower(), content_type, kind, part, told)
        return Attachment(
            name, content_type, part.data[:HEAD_BYTES], kind, part.size, part.sha256,
            tuple(told.members), told.encrypted, told.defect,
        )  # fmt: skip

    def image(self, data: bytes, sha256: str = "") -> None:
        """Search an image for codes, where that is possible and has not been done."""
        size = pixels(data)
        if self._aside is None or not has_codes() or self._images_left <= 0 or (sha256 in self._searched):
            return
        if size is not None and min(size) < SMALLEST_CODE:
            return
        self._images_left -= 1
        self._searched.add(sha256 or hashlib.sha256(data).hexdigest())
        self._codes(self._aside.read("image", data))

    def _content(self, name: str, content_type: str, kind: str, part: Decoded, told: _Told) -> None:
        if kind == "pdf":
            self._pdf(part.data, told)
        elif kind in IMAGES:
            self.image(part.data, part.sha256)
        elif kind == "tnef":
            text, files = read_tnef(part.data)
            self._say(text)
            self.opened.files.extend(files)
        elif kind == "ole":
            self._ole(name, part.data, told)
        elif kind == "mail" and (name.endswith(".eml") or content_type.startswith("message/")):
            self.opened.mails.append(part.data)
        else:
            self._text(name, content_type, kind, part.data)

    def _text(self, name: str, content_type: str, kind: str, data: bytes) -> None:
        if kind in {"html", "svg"} or content_type in _PAGES or name.endswith(_PAGE_NAMES):
            self._page(data)
        elif kind == "calendar" or content_type == "text/calendar" or name.endswith(".ics"):
            text, links = read_invite(decode_text(data[:MAX_TEXT], ""))
            self._say(text)
            self.opened.links.extend(links)
        elif content_type in _TEXTS or name.endswith((".txt", ".url")):
            text = decode_text(data[:MAX_TEXT], "")
            self._say(text)
            self._links(_URL.findall(text), "attachment")

    def _page(self, data: bytes) -> None:
        """A page that a browser opens: its script runs there, which no mail program lets it."""
        data = data[: 4 * MAX_TEXT]
        markup = read_markup(decode_text(data, "utf-16" if data[:2] in _BOMS else declared_within(data)))
        found = self.opened
        self._say(markup.text)
        self._links([link.target for link in markup.links], "attachment")
        self._links(_URL.findall(markup.scripts), "attachment")
        found.has_form = found.has_form or markup.has_form
        found.asks_password = found.asks_password or markup.asks_password
        found.has_script = found.has_script or bool(markup.scripts.strip())

    def _pdf(self, data: bytes, told: _Told) -> None:
        if self._aside is None:
            return
        found = self._aside.read("pdf", data)
        told.defect = found.error
        told.encrypted = found.error == "is encrypted"
        self._say(found.text)
        self._links(found.links, "pdf")
        if has_codes() and b"/Image" in data:
            self._codes(self._aside.read("pdf-images", data))

    def _ole(self, name: str, data: bytes, told: _Told) -> None:
        told.encrypted = b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e" in data
        if self._aside is not None and name.endswith(".msg"):
            found = self._aside.read("outlook", data)
            told.defect = found.error
            if found.mail:
                self.opened.mails.append(found.mail)

    def _archive(self, name: str, data: bytes, kind: str, told: _Told) -> str:
        listing = listed(data, name)
        told.members, told.encrypted = listing.members, listing.encrypted
        told.defect = "more members than are listed" if listing.cut else ""
        kind = kind_of_zip(listing.members) if kind == "zip" else kind
        if kind in _OFFICE:
            text, links = office_text(data)
            self._say(text)
            self._links(links, "office")
            for image in office_images(data, listing.members):
                self.image(image)
        return kind

    def _say(self, text: str) -> None:
        if text.strip() and len(self.opened.text) < MAX_TEXT:
            self.opened.text += text[:MAX_TEXT] + "\n"

    def _links(self, targets: list[str], origin: str) -> None:
        known = {(link.target, link.origin) for link in self.opened.links}
        for target in dict.fromkeys(targets[:MAX_URLS]):
            if (target, origin) not in known:
                self.opened.links.append(Link(target, "", origin))

    def _codes(self, found: Found) -> None:
        """Codes lead somewhere; one without an address says something."""
        self._links([code.strip() for code in found.codes if _LEADS.match(code)], "qr")
        self._say("\n".join(code for code in found.codes if not _LEADS.match(code)))


class _Told(msgspec.Struct):
    members: list[Member] = []
    encrypted: bool = False
    defect: str = ""


_LEADS = re.compile(
    r"\s*(?:[a-z][a-z0-9+.-]{1,20}:|(?:[\w-]{1,63}\.){1,5}[a-z]{2,20}(?:[/?#]|$))", re.IGNORECASE
)
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_PAGES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
_PAGE_NAMES = (".html", ".htm", ".shtml", ".xhtml", ".hta", ".svg")
_TEXTS = frozenset({"text/plain", "message/delivery-status", "text/rfc822-headers", "text/markdown"})
_OFFICE = frozenset({"docx", "docm", "xlsx", "xlsm", "pptx", "pptm"})
