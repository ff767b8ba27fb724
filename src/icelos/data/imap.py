"""A mailbox over IMAP (RFC 3501) as a source: the mailbox to which people report what they find suspicious.

Mail is only looked at: nothing is marked as read, moved or deleted, unless told. The password comes from the
environment and stands in no message of ours. Try it:

    ICELOS_MAIL_IMAP_PASSWORD=... icelos scan mail imaps://phish@mail.example.org/Reported
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from icelos.data.atomic import atomic_write
from icelos.data.parse.mail import mail_id
from icelos.data.parse.mime import attached_mails
from icelos.data.sources import MAIL_LIMIT
from icelos.errors import InputError, MissingExtra, SettingsError
from icelos.findings import Failure, failure
from icelos.records import Mail, Record, record_id

if TYPE_CHECKING:
    from imap_tools.mailbox import BaseMailBox

PASSWORD = "ICELOS_MAIL_IMAP_PASSWORD"  # noqa: S105 - a variable's name
SECONDS = 60.0
"""For an answer of the server."""
SAVED_EVERY = 50
_PORTS = {"imaps": 993, "imap": 143}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class Place(msgspec.Struct, frozen=True):
    """Where a mailbox is. `tls` is "tls", "starttls" or "none"."""

    host: str
    port: int
    user: str
    folder: str = "INBOX"
    tls: str = "tls"

    @property
    def name(self) -> str:
        """What it is called in sources of records, without the user."""
        return f"imap://{self.host}/{self.folder}"


class Read(msgspec.Struct):
    """How far a folder was read: UIDs say nothing where the server's UIDVALIDITY has changed."""

    validity: int = 0
    uid: int = 0


class ImapSource:
    """Mail of one folder as `Mail` records, in order of arrival.

    `location` is imaps://user@host:port/FOLDER, or imap:// for STARTTLS. Options, all as text: `tls` "none"
    talks in the clear, which is refused beyond this machine; `since_uid` begins after that UID; `state` is a
    file that says how far it was read, and that is kept up to date; `attached` "yes" gives the mails attached
    to a report in its place; `mark` "yes" marks what was read as seen. The password is that of
    ICELOS_MAIL_IMAP_PASSWORD unless it is given.
    """

    options = ("tls", "since_uid", "state", "attached", "mark")
    blocking = True

    def __init__(
        self,
        location: str,
        *,
        password: str = "",
        tls: str = "",
        since_uid: str = "",
        state: str = "",
        attached: str = "",
        mark: str = "",
    ) -> None:
        self.place = place_of(str(location), tls)
        self._password = password or os.environ.get(PASSWORD, "")
        self._since = _number(since_uid)
        self._state = Path(state) if state else None
        self._attached = _is_yes("attached", attached)
        self._mark = _is_yes("mark", mark)

    def __iter__(self) -> Iterator[Record | Failure]:
        read: Read | None = None
        try:
            with self._opened() as mailbox:
                read = self._begin(mailbox)
                yield from self._from(mailbox, read)
        except InputError as error:
            if read is None:  # nothing could be read at all
                raise
            name = self.place.name
            yield failure(record_id=record_id(name, "stream"), job="", error=error, source=name)

    def _from(self, mailbox: BaseMailBox, read: Read) -> Iterator[Record | Failure]:
        try:
            for done, uid in enumerate(self._uids(mailbox, read), 1):
                yield from self._records(mailbox, uid)
                read.uid = uid
                if self._mark:
                    self._ask(mailbox, "STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
                if done % SAVED_EVERY == 0:
                    self._save(read)
        finally:
            self._save(read)

    # ---- the connection

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BaseMailBox]:
        """A mailbox with its folder open. Raises InputError where that fails, or later breaks."""
        try:
            from imap_tools.errors import ImapToolsError
        except ImportError as error:
            raise MissingExtra("imap-tools", extra="mail") from error
        import imaplib

        try:
            mailbox = self._connected()
            try:
                self._log_in(mailbox)
                yield mailbox
            finally:
                with contextlib.suppress(Exception):
                    mailbox.logout()
        except (ImapToolsError, imaplib.IMAP4.error, OSError, ssl.SSLError, EOFError) as error:
            raise InputError(f"mailbox: {self._told(error)}", source=self.place.name) from None

    def _connected(self) -> BaseMailBox:
        from imap_tools.mailbox import MailBox, MailBoxStartTls, MailBoxUnencrypted

        place = self.place
        if not self._password:
            raise SettingsError("no password for the mailbox", hint=f"set {PASSWORD}")
        mailbox: BaseMailBox
        if place.tls == "none":
            mailbox = MailBoxUnencrypted(place.host, place.port, timeout=SECONDS)
        else:  # the library's own context would take any certificate
            kind = MailBox if place.tls == "tls" else MailBoxStartTls
            mailbox = kind(place.host, place.port, timeout=SECONDS, ssl_context=ssl.create_default_context())
        return mailbox

    def _log_in(self, mailbox: BaseMailBox) -> None:
        place = self.place
        plain = (place.user + self._password).isascii()
        (mailbox.login if plain else mailbox.login_utf8)(place.user, self._password, None)
        mailbox.folder.set(place.folder, readonly=not self._mark)

    def _told(self, error: BaseException) -> str:
        """The error in one line; a server may say back what it was sent."""
        text = " ".join(str(error).split())[:300]
        return text.replace(self._password, "***") if self._password else text

    @staticmethod
    def _ask(mailbox: BaseMailBox, *command: str) -> list[Any]:
        kind, answer = mailbox.client.uid(*command)
        if kind != "OK":
            raise OSError(f"the server refuses {command[0]}")
        return answer or []

    # ---- what is there

    def _begin(self, mailbox: BaseMailBox) -> Read:
        """From where to read: by the option, else by the state file."""
        told = mailbox.client.response("UIDVALIDITY")[1]
        validity = int(told[0]) if told and told[0] and bytes(told[0]).isdigit() else 0
        saved = Read()
        if self._state is not None and self._state.exists():
            try:
                saved = msgspec.json.decode(self._state.read_bytes(), type=Read)
            except (OSError, msgspec.MsgspecError) as error:
                raise InputError(f"state of the mailbox: {error}", source=str(self._state)) from error
        uid = saved.uid if saved.validity == validity else 0
        return Read(validity, max(uid, self._since))

    def _uids(self, mailbox: BaseMailBox, read: Read) -> list[int]:
        found = mailbox.uids(f"UID {read.uid + 1}:*", charset=None)
        return sorted({int(uid) for uid in found if uid.isdigit() and int(uid) > read.uid})

    def _save(self, read: Read) -> None:
        if self._state is not None:
            with atomic_write(self._state, mode=0o600) as file:
                file.write(msgspec.json.encode(read))

    def _records(self, mailbox: BaseMailBox, uid: int) -> Iterator[Record | Failure]:
        """The record of one message, or those attached to it."""
        source = f"{self.place.name};UID={uid}"
        raw = self._fetched(mailbox, uid)
        if raw is None:
            return  # deleted since the folder was listed
        if isinstance(raw, str) or not raw.strip():
            reason = raw if isinstance(raw, str) else "empty message"
            yield failure(record_id=record_id(source), job="", error=reason, source=source)
            return
        originals = attached_mails(raw) if self._attached else []
        for number, original in enumerate(originals, 1):
            yield Mail(id=mail_id(original), source=f"{source}#{number}", raw=original)
        if not originals:
            yield Mail(id=mail_id(raw), source=source, raw=raw)

    def _fetched(self, mailbox: BaseMailBox, uid: int) -> bytes | str | None:
        """The message; what is wrong with it, as text; None where it is gone."""
        told = self._ask(mailbox, "FETCH", str(uid), "(RFC822.SIZE)")
        size = _size(told)
        if size is None:
            return None
        if size > MAIL_LIMIT:
            return f"message is larger than {MAIL_LIMIT >> 20} MiB"
        for item in self._ask(mailbox, "FETCH", str(uid), f"(BODY.PEEK[]<0.{MAIL_LIMIT}>)"):
            if isinstance(item, tuple) and len(item) > 1 and isinstance(item[1], bytes):
                return item[1]
        return None


def _size(answer: list[Any]) -> int | None:
    for item in answer:
        text = item if isinstance(item, bytes) else b""
        _, found, rest = text.partition(b"RFC822.SIZE ")
        digits = rest.split(b")")[0].split()
        if found and digits and digits[0].isdigit():
            return int(digits[0])
    return None


def place_of(location: str, tls: str = "") -> Place:
    """The mailbox that a URL names. Raises SettingsError, whose words hold no password."""
    try:
        url = urlsplit(location)
        port = url.port
    except ValueError as error:
        raise SettingsError("not a mailbox's URL", hint=_HINT) from error
    if url.scheme not in _PORTS or not url.hostname or not url.username:
        raise SettingsError("not a mailbox's URL", hint=_HINT)
    if url.password is not None:
        raise SettingsError("a password in a mailbox's URL can be read by others", hint=f"set {PASSWORD}")
    folder, user = unquote(url.path.strip("/")) or "INBOX", unquote(url.username)
    if not (folder + user).isprintable():
        raise SettingsError("a mailbox's name holds control characters", hint=_HINT)
    return Place(url.hostname, port or _PORTS[url.scheme], user, folder, _tls(url, tls))


_HINT = "imaps://user@host/FOLDER"


def _tls(url: SplitResult, wanted: str) -> str:
    if wanted not in {"", "tls", "starttls", "none"}:
        raise SettingsError(f"tls is tls, starttls or none, not {wanted!r}")
    if wanted == "none" and url.hostname not in _HERE:
        raise SettingsError("a mailbox on another machine needs TLS", hint="imaps://")
    return wanted or ("tls" if url.scheme == "imaps" else "starttls")


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        raise SettingsError(f"since_uid is a number, not {text[:40]!r}")
    return int(text[:18] or 0)


def _is_yes(name: str, value: str) -> bool:
    if value.lower() not in {"", "yes", "no", "true", "false", "1", "0"}:
        raise SettingsError(f"{name} is yes or no, not {value[:40]!r}")
    return value.lower() in {"yes", "true", "1"}
