"""The servers of one process: started together, and stopped without losing what is under way."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from icelos.errors import MissingExtra, SettingsError
from icelos.jobs.mail.delivery.listening import (
    Address,
    Allowed,
    Listener,
    Room,
    Serve,
    bound,
    check_bindable,
    parse_address,
)
from icelos.jobs.mail.delivery.outbox import Outbox
from icelos.jobs.mail.delivery.policy import Policy, policy_of
from icelos.jobs.mail.delivery.pool import Judging, Pool
from icelos.jobs.mail.delivery.quarantine import Quarantine
from icelos.jobs.mail.delivery.spamd import Bounds, Spamd
from icelos.jobs.mail.delivery.worker import Orders
from icelos.settings import MailSettings

LOG = logging.getLogger("icelos.mail")
JUDGE = "icelos.jobs.mail.judge:serving_judge"
_EXPIRY_SECONDS = 3600.0


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be served. `remote` allows addresses that are not loopback."""

    mail: MailSettings
    policy: Policy
    quarantine: Path
    feedback: Path
    remote: bool = False
    judge: str = JUDGE


def service_of(mail: MailSettings, folder: Path, *, remote: bool, **changed: object) -> Service:
    """By the settings; what `changed` names and is not None counts instead. Raises SettingsError."""
    given = {name: value for name, value in changed.items() if value is not None}
    mail = msgspec.structs.replace(mail, **given)
    return Service(
        mail=mail, policy=policy_of(mail), remote=remote,
        quarantine=folder / "quarantine", feedback=folder / "feedback",
    )  # fmt: skip


def run(service: Service, ready: Callable[[Sequence[str]], None]) -> None:
    """Serve until SIGTERM or SIGINT. `ready` hears where, once connections are taken. Raises IcelosError."""
    listening = _bound(service)
    try:
        asyncio.run(_run(service, listening, ready))
    finally:
        for one in listening.values():
            one.close()


def _bound(service: Service) -> dict[str, socket.socket]:
    """Listening sockets by the name of their setting."""
    found: dict[str, socket.socket] = {}
    for name in ("spamd", "smtp_filter"):
        text = getattr(service.mail, name)
        if text:
            address = parse_address(text, name=f"mail.{name}")
            check_bindable(address, remote=service.remote, name=f"mail.{name}")
            found[name] = bound(address)
    if not found:
        raise SettingsError("nothing to serve", hint="set mail.spamd or mail.smtp_filter, or --spamd, --smtp")
    return found


async def _run(
    service: Service, listening: dict[str, socket.socket], ready: Callable[[Sequence[str]], None]
) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    mail = service.mail
    pool = Pool(_orders(service), workers=mail.workers, waiting=mail.waiting, patience_s=mail.patience_s)
    await pool.start()
    serving = _Serving(service, pool)
    expiring = asyncio.create_task(_expire(service))
    try:
        serving.start(listening)
        ready([f"{name} {_name_of(one)}" for name, one in listening.items()])
        await stopped.wait()
        await serving.stop()
    finally:
        expiring.cancel()
        await pool.stop()


def _orders(service: Service) -> Orders:
    mail = service.mail
    return Orders(
        judge=service.judge, settings=mail, policy=service.policy, deadline_s=mail.deadline_s,
        memory_mib=mail.worker_memory_mib,
    )  # fmt: skip


class _Serving:
    """The listeners of one process, with what they share."""

    def __init__(self, service: Service, judging: Judging) -> None:
        self._service = service
        self._judging = judging
        self._room = Room(service.mail.under_way_mib << 20)
        self._allowed = Allowed(service.mail.allowed_clients)
        self._listeners: list[Listener] = []
        self._goodbyes: list[Callable[[], None]] = []

    def start(self, listening: dict[str, socket.socket]) -> None:
        for name, one in listening.items():
            serve = self._spamd() if name == "spamd" else self._smtp_filter()
            listener = Listener(one, serve, most=self._service.mail.connections, allowed=self._allowed)
            listener.start()
            self._listeners.append(listener)

    async def stop(self) -> None:
        """What is under way has the grace of the settings."""
        grace_s = self._service.mail.grace_s
        stopping = [asyncio.create_task(one.stop(grace_s=grace_s)) for one in self._listeners]
        await asyncio.sleep(0)
        for goodbye in self._goodbyes:
            goodbye()
        await asyncio.gather(*stopping)

    def _spamd(self) -> Serve:
        mail = self._service.mail
        bounds = Bounds(message=mail.max_message_mib << 20, seconds=mail.client_timeout_s)
        tell = Outbox(self._service.feedback).tell if mail.allow_tell else None
        return Spamd(self._judging, self._service.policy, self._room, bounds, tell=tell).serve

    def _smtp_filter(self) -> Serve:
        try:
            from icelos.jobs.mail.delivery.smtp_filter import Filter, Relay
        except ImportError as error:
            raise MissingExtra("aiosmtpd, which the SMTP filter needs,", extra="mail") from error
        mail = self._service.mail
        relay = Relay(
            next_hop=parse_address(mail.next_hop, name="mail.next_hop"),
            hostname=_hostname(),
            message=mail.max_message_mib << 20,
            seconds=mail.client_timeout_s,
        )
        keep = Quarantine(self._service.quarantine).keep
        made = Filter(self._judging, self._service.policy, self._room, relay, keep)
        self._goodbyes.append(made.stop)
        return made.serve


async def _expire(service: Service) -> None:
    """Old mail leaves the quarantine while the servers run."""
    quarantine = Quarantine(service.quarantine)
    while True:
        if service.quarantine.exists():
            try:
                gone = await asyncio.to_thread(quarantine.expire, days=service.mail.quarantine_days)
                LOG.info("quarantine: %d mails were too old and are gone", gone)
            except Exception:
                LOG.exception("quarantine: cannot expire")
        await asyncio.sleep(_EXPIRY_SECONDS)


def _hostname() -> str:
    name = socket.gethostname()
    return name if name.isascii() and name.replace(".", "").replace("-", "").isalnum() else "localhost"


def _name_of(listening: socket.socket) -> str:
    place = listening.getsockname()
    return place if isinstance(place, str) else str(Address(place[0], place[1]))
