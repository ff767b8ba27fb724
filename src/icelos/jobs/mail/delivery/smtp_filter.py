"""An SMTP server between two mail servers: what comes in is judged, and handed to the next one with headers.

It stands behind Postfix as a `content_filter`, or before it as an `smtpd_proxy_filter`. Sender and recipients
are offered to the next server as they come, and its replies are handed back; a mail is called accepted only
when the next server accepted it, or the quarantine has it on disk. So it never has a mail of its own to lose:
whoever sent it still holds it until then, and sends it again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import msgspec

from icelos.jobs.mail.delivery.headers import marked, not_judged
from icelos.jobs.mail.delivery.listening import Address, Room
from icelos.jobs.mail.delivery.next_hop import NextHop, Unreachable, with_crlf
from icelos.jobs.mail.delivery.policy import Action, OnError, Policy
from icelos.jobs.mail.delivery.pool import Busy, Judging, NotJudged
from icelos.jobs.mail.delivery.quarantine import Held
from icelos.jobs.mail.delivery.smtp_session import Connection
from icelos.jobs.mail.judge import Judgement, clean

LOG = logging.getLogger("icelos.mail")
LOST = "451 4.4.1 The next mail server does not answer, try again later"
NO_UTF8 = "550 5.6.7 The next mail server does not take SMTPUTF8"
NOT_KEPT = "451 4.3.0 The mail could not be kept in quarantine, try again later"
HEADROOM = 16 * 1024
"""Bytes that new headers may add, for the size that the next server is told."""


Keep = Callable[[Held], str]
"""Stores durably, and returns the id of what is stored."""


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail goes, and what one client may take up. Sizes in bytes, times in seconds."""

    next_hop: Address
    hostname: str
    message: int = 50 * 1024 * 1024
    seconds: float = 300.0
    recipients: int = 1000


class Filter:
    """What every connection shares. `keep` is asked for mail that the policy holds back."""

    def __init__(self, judging: Judging, policy: Policy, room: Room, relay: Relay, keep: Keep) -> None:
        self.judging = judging
        self.policy = policy
        self.room = room
        self.relay = relay
        self.keep = keep
        self._connections: set[Connection] = set()

    async def serve(self, connection: socket.socket) -> None:
        """One connection, from its greeting to the end."""
        loop = asyncio.get_running_loop()
        _, session = await loop.connect_accepted_socket(self._connection, connection)
        self._connections.add(session)
        try:
            await session.ended.wait()
        finally:
            self._connections.discard(session)
            session.cut_off()

    def stop(self) -> None:
        """Say goodbye to who waits; who is in the middle of a mail hears it after that mail."""
        for session in tuple(self._connections):
            session.say_goodbye()

    def _connection(self) -> Connection:
        mails, relay = Handler(self), self.relay
        mails.connection = Connection(
            mails, hostname=relay.hostname, message=relay.message, seconds=relay.seconds
        )
        return mails.connection


class Handler:
    """The mail under way on one connection, and the connection to the next server that is open for it."""

    connection: Connection

    def __init__(self, shared: Filter) -> None:
        self._shared = shared
        self._relay = shared.relay
        self._hop: NextHop | None = None
        self._taken = 0
        self._sender = ""
        self._recipients: list[str] = []

    async def sender(self, address: str, options: list[str]) -> str:
        """Offered to the next server at once."""
        self.end()
        if unknown := [one for one in options if _name(one) not in _PARAMETERS]:
            return f"555 5.5.4 Unknown parameter {_name(unknown[0])}"
        try:
            reply = await self._offer(address, options)
        except Unreachable as reason:
            LOG.warning("smtp: %s", reason)
            reply = LOST
        if reply.startswith("2"):
            self._sender = address
        else:
            self.end()
        return reply

    async def _offer(self, sender: str, options: list[str]) -> str:
        relay = self._relay
        self._hop = hop = await NextHop.connect(relay.next_hop, hello=relay.hostname, seconds=relay.seconds)
        if "SMTPUTF8" in options and "SMTPUTF8" not in hop.extensions:
            return NO_UTF8
        known = set(hop.extensions.get("XFORWARD", "").upper().split())
        told = [f"{name}={value}" for name, value in self.connection.forwarded.items() if name in known]
        if told:
            await hop.command(f"XFORWARD {' '.join(told)}")
        line = " ".join([f"MAIL FROM:<{sender}>", *_handed_on(options, hop.extensions)])
        return str(await hop.command(line))

    async def recipient(self, address: str, options: list[str]) -> str:
        """Offered to the next server at once."""
        if len(self._recipients) >= self._relay.recipients:
            return "452 4.5.3 Too many recipients"
        if unknown := [one for one in options if _name(one) not in {"NOTIFY", "ORCPT"}]:
            return f"555 5.5.4 Unknown parameter {_name(unknown[0])}"
        try:
            hop = self._next()
            line = " ".join([f"RCPT TO:<{address}>", *_handed_on(options, hop.extensions)])
            reply = await hop.command(line)
        except Unreachable as reason:
            LOG.warning("smtp: %s", reason)
            return LOST
        if reply.good:
            self._recipients.append(address)
        return str(reply)

    async def room(self, declared: int) -> int:
        """Twice what was declared, as dots are doubled and line ends grow. Raises TimeoutError."""
        most = min(self._relay.message, 2 * declared + (64 << 10))
        self._taken = await self._shared.room.take(most, patience_s=30.0)
        return most

    async def take(self, message: bytes) -> str:
        """Judge it, and do what the policy says. The reply is that of whoever has the mail now."""
        start, raw, policy = time.monotonic(), with_crlf(message), self._shared.policy
        try:
            judgement = await self._shared.judging.judge(raw)
        except NotJudged as reason:
            LOG.warning("smtp: %d bytes not judged: %s", len(raw), reason)
            if policy.on_error is OnError.DEFER or isinstance(reason, Busy):
                return f"451 4.7.1 Not judged: {clean(str(reason), 200)}"
            return await self._hand_on(not_judged(raw, str(reason)))
        action = policy.action(judgement)
        reply = await self._done(action, raw, judgement)
        LOG.info(
            "smtp: %d bytes: %s, %s in %.2f s: %s",
            len(raw), judgement.verdict, action, time.monotonic() - start, reply[:80],
        )  # fmt: skip
        return reply

    async def _done(self, action: Action, raw: bytes, judgement: Judgement) -> str:
        if action is Action.REJECT:
            return "550 5.7.1 Refused: this message looks like phishing or fraud"
        if action is Action.QUARANTINE:
            return await self._kept(raw, judgement)
        return await self._hand_on(marked(raw, judgement, self._shared.policy))

    async def _kept(self, raw: bytes, judgement: Judgement) -> str:
        held = Held(raw=raw, sender=self._sender, recipients=tuple(self._recipients), judgement=judgement)
        try:
            name = await asyncio.to_thread(self._shared.keep, held)
        except Exception:
            LOG.exception("smtp: a mail could not be kept")
            return NOT_KEPT
        return f"250 2.0.0 Ok: quarantined as {name}"

    async def _hand_on(self, message: bytes) -> str:
        try:
            return str(await self._next().data(message))
        except Unreachable as reason:
            LOG.warning("smtp: %s", reason)
            return LOST

    def _next(self) -> NextHop:
        if self._hop is None:
            raise Unreachable("the connection to the next server has ended")
        return self._hop

    def end(self) -> None:
        """Give back what the mail under way took; a half-offered mail is nothing to the next server."""
        hop, self._hop = self._hop, None
        self._sender, self._recipients = "", []
        if hop is not None:
            hop.leave()
        taken, self._taken = self._taken, 0
        self._shared.room.give_back(taken)


_PARAMETERS = {
    "SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "AUTH": "AUTH", "RET": "DSN", "ENVID": "DSN",
    "NOTIFY": "DSN", "ORCPT": "DSN",
}  # fmt: skip
"""Parameters of MAIL and RCPT, each with the extension that a server has for it."""


def _handed_on(options: list[str], extensions: dict[str, str]) -> list[str]:
    """The parameters that the next server understands."""
    kept = [one for one in options if _PARAMETERS.get(_name(one)) in extensions]
    return [
        f"SIZE={int(one[5:]) + HEADROOM}" if _name(one) == "SIZE" and one[5:].isdigit() else one
        for one in kept
    ]


def _name(option: str) -> str:
    return option.partition("=")[0]
