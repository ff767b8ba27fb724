"""A bounded number of processes that judge, and the mails that wait for one of them.

A mail that makes its worker crash or run over the deadline is a `NotJudged`; the worker is replaced, and no
other mail notices.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Protocol

import msgspec

from icelos.errors import RunError
from icelos.jobs.mail.delivery.worker import LENGTH, Answer, Orders
from icelos.jobs.mail.judge import Judgement

START_SECONDS = 60.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Threads of numeric libraries do not survive a fork; there are several processes instead."""
_SLACK = 1.0
"""Seconds over the deadline until a worker that should have ended itself is taken as gone."""


class NotJudged(Exception):
    """No verdict was reached on a mail; the text says why, in words that may go into a header."""


class Busy(NotJudged):
    """No fault of the mail: there is too much of it at the moment. It is to come again, whatever the policy
    does with mail that cannot be judged, or a flood would open the door.
    """


class Judging(Protocol):
    """What the servers ask."""

    async def judge(self, raw: bytes) -> Judgement:
        """Raises NotJudged."""
        ...


class Pool:
    """Judges in processes of its own. One event loop uses it, from `start` to `stop`."""

    def __init__(self, orders: Orders, *, workers: int, waiting: int, patience_s: float) -> None:
        self._orders = orders
        self._workers = workers
        self._waiting = waiting
        self._patience_s = patience_s
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._asking = 0
        self._starting = asyncio.Lock()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def nursery(self) -> int | None:
        """The number of the process that forks the workers."""
        return self._nursery.pid if self._nursery else None

    async def start(self) -> None:
        """Raises RunError where the judge cannot be loaded."""
        await asyncio.to_thread(self._start_nursery)
        for _ in range(self._workers):
            self._idle.put_nowait(_Worker())

    async def stop(self) -> None:
        """Ends the processes; what they are judging ends with NotJudged."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
        await asyncio.to_thread(self._stop_nursery)

    async def judge(self, raw: bytes) -> Judgement:
        """Raises NotJudged: too many wait, the deadline is over, or the judge failed."""
        if self._asking >= self._workers + self._waiting:
            raise Busy("too many messages wait to be judged")
        self._asking += 1
        try:
            return await self._judge(raw)
        finally:
            self._asking -= 1

    async def _judge(self, raw: bytes) -> Judgement:
        try:
            worker = await asyncio.wait_for(self._idle.get(), self._patience_s)
        except TimeoutError:
            raise Busy("it waited too long to be judged") from None
        try:
            answer = await self._ask(worker, raw)
        except BaseException:
            worker.close()  # also where the asking is cancelled: an answer that is still to come is nobody's
            raise
        finally:
            self._idle.put_nowait(worker)
        if answer.judgement is None:
            raise NotJudged(f"the judge failed: {answer.error}")
        return answer.judgement

    async def _ask(self, worker: _Worker, raw: bytes) -> Answer:
        if not worker.is_open:
            await worker.open(await self._new_worker())
        try:
            data = await asyncio.wait_for(worker.exchange(raw), self._orders.deadline_s + _SLACK)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            seconds = self._orders.deadline_s
            raise NotJudged(f"the judge crashed, or took more than {seconds:g} s") from None
        return msgspec.json.decode(data, type=Answer)

    def _start_nursery(self) -> None:
        control, theirs = socket.socketpair()
        environment = {
            **os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }  # fmt: skip
        with theirs:
            self._nursery = subprocess.Popen(
                [sys.executable, "-m", "icelos.jobs.mail.delivery.worker"],
                stdin=theirs.fileno(), env=environment, start_new_session=True,
            )  # fmt: skip
        self._control = control
        orders = msgspec.json.encode(self._orders)
        control.settimeout(START_SECONDS)
        try:
            control.sendall(LENGTH.pack(len(orders)) + orders)
            ready = control.recv(1)
        except OSError:
            ready = b""
        if ready != b"R":
            self._stop_nursery()
            raise RunError("the judge could not be loaded", hint="its reason stands above")

    def _stop_nursery(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._nursery is not None:
            with suppress(subprocess.TimeoutExpired):
                self._nursery.wait(5)
            self._nursery.kill()
            self._nursery.wait()
            self._nursery = None

    async def _new_worker(self) -> socket.socket:
        """A connection to a fresh worker. Raises NotJudged where none can be had."""
        control = self._control
        try:
            return self._forked()
        except OSError:  # the process that forks them is gone; another mail may have had it started meanwhile
            async with self._starting:
                if self._control is control:
                    with suppress(RunError):
                        await asyncio.to_thread(self._renew)
        try:
            return self._forked()
        except OSError:
            raise NotJudged("the judge is not running") from None

    def _forked(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                if self._control is None:
                    raise OSError("not started")
                socket.send_fds(self._control, [b"N"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def _renew(self) -> None:
        self._stop_nursery()
        self._start_nursery()


class _Worker:
    """The connection to one worker; closed, it is opened again for the next mail."""

    def __init__(self) -> None:
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    async def open(self, connection: socket.socket) -> None:
        self._reader, self._writer = await asyncio.open_connection(sock=connection)

    async def exchange(self, raw: bytes) -> bytes:
        """Raises OSError or IncompleteReadError where the worker ends."""
        if self._reader is None or self._writer is None:
            raise OSError("not open")
        self._writer.writelines([LENGTH.pack(len(raw)), raw])
        await self._writer.drain()
        (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
        return await self._reader.readexactly(length)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
