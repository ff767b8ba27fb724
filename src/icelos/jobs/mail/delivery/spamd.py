"""A server of the spamd protocol, so that spamc, Exim and milters that know SpamAssassin work unchanged."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import msgspec

from icelos.jobs.mail.delivery import protocol
from icelos.jobs.mail.delivery.fields import split
from icelos.jobs.mail.delivery.headers import marked, not_judged, report
from icelos.jobs.mail.delivery.listening import Room
from icelos.jobs.mail.delivery.outbox import Told
from icelos.jobs.mail.delivery.points import REQUIRED, points
from icelos.jobs.mail.delivery.policy import OnError, Policy
from icelos.jobs.mail.delivery.pool import Busy, Judging, NotJudged
from icelos.jobs.mail.delivery.protocol import Refused, Request
from icelos.jobs.mail.judge import Judgement

LOG = logging.getLogger("icelos.mail")
_MOST_SYMBOLS = 100


Tell = Callable[[Told], None]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may take up: bytes of a message, and seconds for sending it and taking the answer."""

    message: int = 32 * 1024 * 1024
    seconds: float = 60.0


class Spamd:
    """Serves connections, one request each. `tell` takes what users say; None = TELL is refused."""

    def __init__(
        self, judging: Judging, policy: Policy, room: Room, bounds: Bounds, *, tell: Tell | None = None
    ) -> None:
        self._judging = judging
        self._policy = policy
        self._room = room
        self._bounds = bounds
        self._tell = tell

    async def serve(self, connection: socket.socket) -> None:
        """One connection, from its request to the end."""
        reader, writer = await asyncio.open_connection(sock=connection, limit=protocol.MAX_LINE)
        try:
            writer.write(await self._reply(reader))
            await asyncio.wait_for(writer.drain(), self._bounds.seconds)
        finally:
            writer.close()
        await asyncio.wait_for(writer.wait_closed(), self._bounds.seconds)

    async def _reply(self, reader: asyncio.StreamReader) -> bytes:
        seconds = self._bounds.seconds
        try:
            request = await asyncio.wait_for(protocol.read_request(reader), seconds)
            return await self._answer(request, reader)
        except Refused as refused:
            LOG.warning("spamd: %s", refused)
            return refused.line
        except TimeoutError:
            text = f"Timeout: ({seconds:g} second timeout while reading input from client)"
            return Refused("EX_TIMEOUT", text).line

    async def _answer(self, request: Request, reader: asyncio.StreamReader) -> bytes:
        if request.method == "PING":
            return protocol.PONG
        if request.method == "SKIP":
            return b""
        if request.method == "TELL":
            self._check_tell(request)
        bounds = self._bounds
        size = bounds.message if request.length is None or request.compressed else request.length
        taken = await self._room.take(size, patience_s=bounds.seconds)
        try:
            reading = protocol.read_message(reader, request, most=bounds.message)
            raw = await asyncio.wait_for(reading, bounds.seconds)
            return await (
                self._told(request, raw) if request.method == "TELL" else self._judged(request, raw)
            )
        finally:
            self._room.give_back(taken)

    def _check_tell(self, request: Request) -> None:
        if self._tell is None:
            raise protocol.unavailable("TELL commands are not enabled, set mail.allow_tell.")
        for place in ("local", "remote"):
            if place in request.set and place in request.remove:
                raise protocol.broken(f"Unable to set {place} and remove {place} in the same operation.")

    async def _told(self, request: Request, raw: bytes) -> bytes:
        if self._tell is not None and "local" in request.set | request.remove:
            spam = request.spam if "local" in request.set else None
            try:
                await asyncio.to_thread(self._tell, Told(raw, spam, request.user))
            except Exception as error:
                LOG.exception("spamd: TELL failed")
                raise protocol.unavailable("what was told could not be kept") from error
        return protocol.told(request)

    async def _judged(self, request: Request, raw: bytes) -> bytes:
        start = time.monotonic()
        try:
            judgement = await self._judging.judge(raw)
        except NotJudged as reason:
            LOG.warning("spamd: %s of %d bytes: %s", request.method, len(raw), reason)
            return self._not_judged(request, raw, reason)
        spam = self._policy.is_spam(judgement)
        score = points(judgement, self._policy.threshold, spam=spam).total
        LOG.info(
            "spamd: %s of %d bytes: %s %.2f in %.2f s",
            request.method, len(raw), judgement.verdict, score, time.monotonic() - start,
        )  # fmt: skip
        body = self._body(request, raw, judgement, spam=spam)
        return protocol.answer(request, spam=spam, score=score, required=REQUIRED, body=body)

    def _body(self, request: Request, raw: bytes, judgement: Judgement, *, spam: bool) -> bytes:
        if request.method == "PROCESS":
            return marked(raw, judgement, self._policy)
        if request.method == "HEADERS":
            return _header_of(marked(raw, judgement, self._policy))
        if request.method == "SYMBOLS":
            told = points(judgement, self._policy.threshold, spam=spam)
            names = ",".join(name for name, _ in told.parts[:_MOST_SYMBOLS])
            return (names + ("" if request.version >= 1.3 else "\r\n")).encode("ascii")
        if request.method == "REPORT" or (request.method == "REPORT_IFSPAM" and spam):
            return report(judgement, self._policy).encode("ascii")
        return b""

    def _not_judged(self, request: Request, raw: bytes, reason: NotJudged) -> bytes:
        """Failing open, a mail comes back with the reason; else it is for the client to say what is done."""
        open_to_it = self._policy.on_error is OnError.DELIVER and not isinstance(reason, Busy)
        if not open_to_it or request.method not in {"PROCESS", "HEADERS"}:
            return Refused("EX_TEMPFAIL", f"Temporary failure: {reason}").line
        body = not_judged(raw, str(reason))
        body = _header_of(body) if request.method == "HEADERS" else body
        return protocol.answer(request, spam=False, score=0.0, required=REQUIRED, body=body)


def _header_of(raw: bytes) -> bytes:
    """Up to the empty line, with it."""
    head = split(raw)
    return head.prefix + b"".join(head.fields) + head.newline
