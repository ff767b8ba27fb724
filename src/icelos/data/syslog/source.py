"""Syslog from the network as records: what came is on disk first, and stays there until it is done.

    icelos scan logs 'syslog://127.0.0.1:5514?transport=tcp'

Syslog has no receipts: a sender learns nothing of what is lost on its way. What the kernel has handed over is
in the spool within one round of the listener, and from there on survives kill -9; `confirm` removes what lies
before a checkpoint. TLS is not spoken: let rsyslog or stunnel do that, in front.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import msgspec

from icelos.data.resuming import Resuming
from icelos.data.syslog.listener import Counts, Limits, Listener
from icelos.data.syslog.message import fields_of
from icelos.data.syslog.spool import PROBLEM, Entry, Place, Spool
from icelos.errors import InputError, SettingsError, StoreError
from icelos.findings import Failure, failure
from icelos.records import LogLine, Record, record_id

PORT = 5514
TRANSPORTS = ("tcp", "udp")
_LOCAL = ("127.0.0.0/8", "::1/128")
_WAIT = 0.5


class _Position(msgspec.Struct, frozen=True):
    """Behind a frame of a spool."""

    spool: str = ""
    segment: int = 0
    offset: int = 0

    @property
    def place(self) -> Place:
        return Place(self.segment, self.offset)


class SyslogSource(Resuming[_Position, Record | Failure | None]):
    """Messages in the order in which they came, as `LogLine`s with the fields that parsers find in them.

    `location` is syslog://ADDRESS:PORT (127.0.0.1:5514). Options, all as text: `transport` "tcp", "udp" or
    both; `allow`, networks that may send, needed where the address is not this machine's own; `spool`, a
    folder, else one of the workspace by address and port; `spool_mib` (1024), from which on TCP senders wait
    and datagrams are dropped, counted and told as a Failure; `max_message` (65536 bytes), `max_connections`
    (1024) and `idle_seconds` (3600) of a connection.

    It listens from the first item, or `start`, to `close`, and yields None twice a second while nothing
    comes. Whoever keeps checkpoints calls `confirm` with the position of one that is saved; without that the
    spool fills. What is not confirmed comes again in the next run, with the same ids. A message that is not
    UTF-8 has its other bytes as \\xNN. Raises SettingsError, InputError where the address is taken or
    another run has the spool, StoreError where the spool cannot be written.
    """

    endless = True
    options = ("transport", "allow", "spool", "spool_mib", "max_message", "max_connections", "idle_seconds")

    def __init__(
        self,
        location: str,
        *,
        transport: str = "",
        allow: str = "",
        spool: str = "",
        spool_mib: str = "",
        max_message: str = "",
        max_connections: str = "",
        idle_seconds: str = "",
    ) -> None:
        self.host, self.port, said = _address(str(location))
        self._transports = _transports(transport or said)
        self._limits = Limits(
            networks=_networks(allow, self.host),
            message=_number("max_message", max_message, 65536, 1 << 24),
            connections=_number("max_connections", max_connections, 1024, 65536),
            idle=_number("idle_seconds", idle_seconds, 3600, 10**9),
        )
        self._folder = Path(spool) if spool else None
        self._spool_bytes = _number("spool_mib", spool_mib, 1024, 1 << 30) << 20
        self._spool: Spool | None = None
        self._listener: Listener | None = None
        self._stop = threading.Event()
        super().__init__(_Position(), f"syslog://{self.host}:{self.port}")

    # ---- listening

    def start(self) -> None:
        """Listen from now on. `port` then is the real one, where 0 was asked for."""
        if self._listener is not None or self._stop.is_set():
            return
        self._spool = Spool(self._folder or self._default_folder(), limit=self._spool_bytes)
        try:
            self._listener = Listener(
                self._spool, self.host, self.port, transports=self._transports, limits=self._limits
            )
        except BaseException:
            self._spool.close()
            raise
        self.port = self._listener.port
        self._forget(self._at)

    def resume(self, position: bytes) -> None:
        """Go on behind it, from now on; it is that of a saved checkpoint. Raises InputError for none."""
        super().resume(position)
        self._forget(self._at)

    def _default_folder(self) -> Path:
        from icelos.data.workspace import Workspace
        from icelos.settings import load

        name = f"syslog-{self.host.replace(':', '_')}-{self.port}"
        return Workspace.of(load().settings).folder("spool") / name

    def close(self) -> None:
        """Take what has arrived, stop listening, and end the iteration. The rest waits in the spool."""
        self._stop.set()
        if self._listener is not None:
            self._listener.stop()
        if self._spool is not None:
            self._spool.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def counts(self) -> Counts:
        """What came and what was dropped since the start, for metrics."""
        return self._listener.counts if self._listener is not None else Counts()

    def lag(self) -> int:
        """Bytes in the spool behind the item that came last."""
        return self._spool.behind(self._at.place) if self._spool is not None else 0

    def confirm(self, position: bytes) -> None:
        """A checkpoint with this position is saved: what lies before it may go.

        Raises InputError for what is no position, StoreError where files cannot be removed.
        """
        try:
            done = msgspec.json.decode(position, type=_Position)
        except msgspec.MsgspecError as error:
            raise InputError("not a position in it", source=self._name) from error
        self._forget(done)

    def _forget(self, done: _Position) -> None:
        if self._spool is not None and done.spool == self._spool.identity:
            try:
                self._spool.forget(done.place)
            except OSError as error:
                raise StoreError(
                    f"cannot remove: {error.strerror}", source=str(self._spool.folder)
                ) from error

    # ---- reading

    def _behind(
        self, position: _Position
    ) -> Generator[tuple[_Position, Record | Failure | None], None, None]:
        self.start()
        spool = self._spool
        if spool is None:
            return
        if position.spool != spool.identity:  # of a spool that is gone: everything here is new
            position = _Position(spool.identity)
        while not self._stop.is_set():
            try:
                for place, entry in spool.read(position.place):
                    position = _Position(spool.identity, place.segment, place.offset)
                    yield position, _item(position, entry)
                    if self._stop.is_set():
                        return
            except OSError as unread:
                raise StoreError(f"cannot read: {unread.strerror}", source=str(spool.folder)) from unread
            if self._listener is not None and self._listener.error is not None:
                error = self._listener.error
                raise StoreError(f"cannot go on listening: {error}", source=self._name) from error
            spool.wait(position.place, _WAIT)
            if not spool.behind(position.place):
                yield position, None


def _item(at: _Position, entry: Entry | None) -> Record | Failure:
    place = f"{at.segment}.{at.offset}"
    if entry is None:
        identity = record_id(at.spool, place)
        reason = "the rest of a file of the spool cannot be read"
        return failure(record_id=identity, job="", error=reason, source=f"syslog/spool:{place}")
    identity, where = record_id(at.spool, place, entry.data), f"syslog/{entry.sender}:{place}"
    if entry.kind == PROBLEM:
        reason, _, data = entry.data.decode("utf-8", "replace").partition("\n")
        return failure(record_id=identity, job="", error=reason, source=where, raw=data)
    text = entry.data.decode("utf-8", "backslashreplace")
    received = {"at": datetime.fromtimestamp(entry.time / 1000, UTC).isoformat(), "from": entry.sender}
    return LogLine(
        id=identity, source=where, text=text, fields={**(fields_of(text) or {}), "received": received}
    )


def _address(location: str) -> tuple[str, int, str]:
    """Address, port and transport of a location."""
    try:
        parts = urlsplit(location)
        port = PORT if parts.port is None else parts.port
    except ValueError as error:
        raise SettingsError("not an address to listen on", hint=_FORM) from error
    if parts.scheme == "syslog+tls":
        raise SettingsError(
            "TLS is not spoken", hint="let rsyslog or stunnel do that, and listen here behind it"
        )
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (
        parts.scheme != "syslog"
        or parts.path not in ("", "/")
        or parts.username
        or said.keys() - {"transport"}
    ):
        raise SettingsError("not an address to listen on", hint=_FORM)
    host = parts.hostname or "127.0.0.1"
    try:
        return (
            str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)),
            port,
            said.get("transport", ""),
        )
    except ValueError as error:
        raise SettingsError("not an address of this machine", hint=_FORM) from error


_FORM = "write syslog://127.0.0.1:5514?transport=tcp"


def _transports(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(","))) if text else TRANSPORTS
    if not set(found) <= set(TRANSPORTS):
        raise SettingsError(f"transport is {text!r}", hint='"tcp", "udp", or "tcp,udp"')
    return found


def _networks(text: str, host: str) -> tuple[str, ...]:
    if not text:
        if ipaddress.ip_address(host).is_loopback:
            return _LOCAL
        raise SettingsError("it is not said who may send", hint="such as allow=10.0.0.0/8,192.0.2.7")
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"allow is {text!r}", hint="such as 10.0.0.0/8,192.0.2.7") from error


def _number(name: str, text: str, default: int, most: int) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:20]) <= most:
        raise SettingsError(f"{name} is {text!r}", hint=f"a whole number from 1 to {most}")
    return int(text)
