"""Syslog over TCP and UDP into a spool, in one thread.

A message is taken off a socket and written to the spool in one round. While the spool is full, or cannot be
written, TCP is not read: the senders' windows fill, and they wait. UDP cannot wait: what does not fit is
counted, as is what the kernel had no room for, and told by a problem in the spool once a second.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from icelos.data.syslog.framing import SHOWN, Decoder, Frame
from icelos.data.syslog.spool import MESSAGE, PROBLEM, Entry, Spool
from icelos.errors import InputError

RECEIVED = 1 << 18
"""Bytes read of a connection at once."""
ROUND = 1 << 24
"""Bytes after which a round is written, whatever else is waiting."""
_DATAGRAMS = 512
_RECEIVE_BUFFER = 1 << 23
_WAIT = 0.25
_LAST = 2.0
"""Seconds in which what has arrived is still taken."""
_SO_RXQ_OVFL = 40 if sys.platform == "linux" else 0
_DROPS = struct.Struct("I")


class Limits(msgspec.Struct, frozen=True):
    """Who may send how much: networks, bytes of a message, connections, seconds of silence on one."""

    networks: tuple[str, ...]
    message: int = 1 << 16
    connections: int = 1024
    idle: float = 3600.0


class Counts(msgspec.Struct):
    """Since the start: messages and problems in the spool, datagrams that did not fit (here, in the kernel),
    connections and datagrams that were refused."""

    received: int = 0
    problems: int = 0
    dropped: int = 0
    overflowed: int = 0
    refused: int = 0


class _Connection:
    def __init__(self, accepted: socket.socket, sender: str, limit: int) -> None:
        self.socket = accepted
        self.sender = sender
        self.decoder = Decoder(limit)
        self.heard = time.monotonic()


class Listener:
    """Sockets and their thread, from construction to `stop`. Raises InputError where an address is taken."""

    def __init__(
        self, spool: Spool, host: str, port: int, *, transports: Sequence[str], limits: Limits
    ) -> None:
        self.counts = Counts()
        self.error: Exception | None = None
        self._spool = spool
        self._limits = limits
        networks = [ipaddress.ip_network(one) for one in limits.networks]
        self._is_allowed = lru_cache(4096)(lambda sender: _is_in(sender, networks))
        self._selector = selectors.DefaultSelector()
        self._streams: set[_Connection] = set()
        self._waiting: list[Entry] = []
        self._paused = False
        self._told = Counts()
        self._told_at = 0.0
        self._stopping = threading.Event()
        self._server: socket.socket | None = None
        self._datagrams: socket.socket | None = None
        try:
            if "tcp" in transports:
                self._server = _bound(host, port, socket.SOCK_STREAM)
                self._server.listen(128)
                port = int(self._server.getsockname()[1])
            if "udp" in transports:
                self._datagrams = _bound(host, port, socket.SOCK_DGRAM)
                port = int(self._datagrams.getsockname()[1])
        except OSError as error:
            self._close()
            where = f"{host}:{port}"
            raise InputError(f"cannot listen: {error.strerror or error}", source=where) from error
        self.port = port
        if self._server is not None:
            self._selector.register(self._server, selectors.EVENT_READ, self._accept)
        if self._datagrams is not None:
            self._selector.register(self._datagrams, selectors.EVENT_READ, self._receive)
        self._thread = threading.Thread(target=self._run, name="syslog", daemon=True)
        self._thread.start()

    @property
    def is_paused(self) -> bool:
        """Whether senders over TCP have to wait at this moment."""
        return self._paused

    def stop(self) -> None:
        """Take what has arrived, then close all sockets. What was half sent is a problem."""
        self._stopping.set()
        self._thread.join()

    # ---- the thread

    def _run(self) -> None:
        told = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._round(_WAIT)
                if time.monotonic() - told >= 1.0:
                    told = time.monotonic()
                    self._every_second(told)
            self._last_rounds()
        except Exception as error:  # noqa: BLE001 - it must not end unheard in a thread
            self.error = error
        finally:
            self._close()

    def _round(self, wait: float) -> bool:
        """Read what is ready and write it; whether there was something."""
        entries: list[Entry] = []
        size = 0
        ready = self._selector.select(wait)
        for key, _ in ready:
            act: Callable[[], list[Entry]] = key.data
            came = act()
            entries += came
            size += sum(len(one.data) for one in came)
            if size > ROUND:
                break
        self._waiting += entries
        self._tell()
        self._write()
        return bool(ready)

    def _write(self) -> None:
        """What waits goes into the spool; where that fails, TCP waits until it does not."""
        written = not self._waiting
        if self._waiting:
            with contextlib.suppress(OSError):
                self._spool.append(self._waiting)
                problems = sum(one.kind == PROBLEM for one in self._waiting)
                self.counts.problems += problems
                self.counts.received += len(self._waiting) - problems
                self._waiting = []
                written = True
        self._pause(not written or self._spool.is_full)

    def _pause(self, paused: bool) -> None:
        if paused == self._paused:
            return
        self._paused = paused
        sockets: list[tuple[socket.socket, Callable[[], list[Entry]]]] = []
        if self._server is not None:
            sockets.append((self._server, self._accept))
        sockets += [(one.socket, lambda one=one: self._read(one)) for one in self._streams]  # type: ignore[misc]
        for one, act in sockets:
            if paused:
                self._selector.unregister(one)
            else:
                self._selector.register(one, selectors.EVENT_READ, act)

    def _every_second(self, now: float) -> None:
        with contextlib.suppress(OSError):
            self._spool.sync()
        if not self._paused:
            for stream in [one for one in self._streams if now - one.heard > self._limits.idle]:
                self._waiting += self._ended(stream)
        self._write()

    def _tell(self, *, at_once: bool = False) -> None:
        """Problems for what was dropped since the last time, once a second at most."""
        now = time.monotonic()
        if not at_once and now - self._told_at < 1.0:
            return
        for name, where in (("dropped", "the spool is full"), ("overflowed", "the kernel had no room")):
            number = getattr(self.counts, name) - getattr(self._told, name)
            if number:
                self._waiting.append(_problem(f"{number} datagrams were lost: {where}", b"", "udp"))
                setattr(self._told, name, getattr(self.counts, name))
                self._told_at = now

    def _last_rounds(self) -> None:
        until = time.monotonic() + _LAST
        while not self._paused and time.monotonic() < until and self._round(0):
            pass
        for stream in list(self._streams):
            self._waiting += self._ended(stream, stopped=True)
        self._tell(at_once=True)
        self._write()

    # ---- TCP

    def _accept(self) -> list[Entry]:
        assert self._server is not None  # noqa: S101
        try:
            accepted, (sender, *_) = self._server.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # until some connection is over
                self.counts.refused += 1
                time.sleep(0.05)
            return []
        if len(self._streams) >= self._limits.connections or not self._is_allowed(sender):
            self.counts.refused += 1
            accepted.close()
            return []
        accepted.setblocking(False)
        stream = _Connection(accepted, sender, self._limits.message)
        self._streams.add(stream)
        self._selector.register(accepted, selectors.EVENT_READ, lambda: self._read(stream))
        return []

    def _read(self, stream: _Connection) -> list[Entry]:
        try:
            data = stream.socket.recv(RECEIVED)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            return self._ended(stream)
        stream.heard = time.monotonic()
        return [_entry(frame, stream.sender) for frame in stream.decoder.feed(data)]

    def _ended(self, stream: _Connection, *, stopped: bool = False) -> list[Entry]:
        self._streams.discard(stream)
        with contextlib.suppress(KeyError):
            self._selector.unregister(stream.socket)
        stream.socket.close()
        frames = stream.decoder.end()
        if stopped:
            frames = [Frame(one.data, "the receiver was stopped within the message") for one in frames]
        return [_entry(frame, stream.sender) for frame in frames]

    # ---- UDP

    def _receive(self) -> list[Entry]:
        assert self._datagrams is not None  # noqa: S101
        entries: list[Entry] = []
        for _ in range(_DATAGRAMS):
            try:
                data, control, _, (sender, *_) = self._datagrams.recvmsg(
                    65535, socket.CMSG_SPACE(_DROPS.size)
                )
            except OSError:
                break
            for level, kind, value in control:
                if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL and len(value) >= _DROPS.size:
                    self.counts.overflowed = _DROPS.unpack_from(value)[0]
            if not self._is_allowed(sender):
                self.counts.refused += 1
            elif self._paused:
                self.counts.dropped += 1
            elif message := data.rstrip(b"\r\n\0"):
                entries.append(self._datagram(message, sender))
        return entries

    def _datagram(self, message: bytes, sender: str) -> Entry:
        if len(message) > self._limits.message:
            return _problem(f"message is longer than {self._limits.message} bytes", message, sender)
        return _entry(Frame(message), sender)

    def _close(self) -> None:
        for one in (self._server, self._datagrams, *(stream.socket for stream in self._streams)):
            if one is not None:
                one.close()
        self._selector.close()


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if _SO_RXQ_OVFL:
                made.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


def _is_in(sender: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    address = ipaddress.ip_address(sender.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


def _entry(frame: Frame, sender: str) -> Entry:
    if frame.error:
        return _problem(frame.error, frame.data, sender)
    return Entry(frame.data, sender, _now(), MESSAGE)


def _problem(reason: str, data: bytes, sender: str) -> Entry:
    return Entry(reason.encode() + b"\n" + data[:SHOWN], sender, _now(), PROBLEM)


def _now() -> int:
    return time.time_ns() // 1_000_000
