"""Processes that judge: `python -m icelos.jobs.mail.delivery.worker`, started by `pool`, not by people.

The first process loads the judge once and forks the workers, which so share its memory. It has one thread and
judges nothing. Its standard input is a socket: a byte with a descriptor asks for a worker on that descriptor;
when the socket ends, so does it, and the workers' sockets end as well.

A worker reads frames (a length of 4 bytes, then the message) and answers frames of JSON. A timer of the
system ends it when a mail takes longer than its deadline, even within native code, and limits on its memory
make a mail that would take more fail: what starts it takes both as a failed mail.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Protocol

import msgspec

from icelos.jobs.mail.delivery.lists import with_lists
from icelos.jobs.mail.delivery.policy import Policy
from icelos.jobs.mail.judge import Judgement
from icelos.settings import MailSettings

LENGTH = struct.Struct("!I")
MAX_FRAME = 256 * 1024 * 1024
STATM = Path("/proc/self/statm")
"""Where Linux tells a process how much memory it holds."""


class Judges(Protocol):
    """Whatever says what is to be said of one message."""

    def judge(self, raw: bytes) -> Judgement: ...


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a process that judges is told when it starts. `judge` is "module:attribute", named by our code."""

    judge: str
    settings: MailSettings
    policy: Policy
    deadline_s: float
    memory_mib: int


class Answer(msgspec.Struct, frozen=True):
    """A judgement, or the reason why there is none."""

    judgement: Judgement | None = None
    error: str = ""


def main() -> None:
    """Read the orders, load the judge, fork workers until nobody asks any more."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(
        os.open(os.devnull, os.O_RDONLY), 0
    )  # a worker that held the socket would hide this process's end
    orders = msgspec.json.decode(receive(control) or b"", type=Orders)
    judge = _load(orders)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal reaches every process of the group
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # the collector would write into pages that the workers share
    control.sendall(b"R")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not request:
            return
        for descriptor in descriptors:
            _fork(control, descriptor, judge, orders)
            os.close(descriptor)


def _load(orders: Orders) -> Judges:
    module, _, attribute = orders.judge.partition(":")
    made: Judges = getattr(import_module(module), attribute)(orders.settings)
    with suppress(Exception):  # what loads late is loaded now, before the memory is shared
        made.judge(b"From: a@example.com\nSubject: first\n\nA first message.\n")
    return made


def _fork(control: socket.socket, descriptor: int, judge: Judges, orders: Orders) -> None:
    if os.fork():
        return
    try:
        control.close()
        with socket.socket(fileno=descriptor) as connection:
            serve(connection, judge, orders)
    finally:
        os._exit(0)


def serve(connection: socket.socket, judge: Judges, orders: Orders) -> None:
    """Judge what comes until the connection ends."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a judge may wait for processes of its own
    _limit_memory(orders.memory_mib)
    while (raw := receive(connection)) is not None:
        signal.setitimer(signal.ITIMER_REAL, orders.deadline_s)
        answer = msgspec.json.encode(_answer(judge, raw, orders.policy))
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.sendall(LENGTH.pack(len(answer)) + answer)


def _answer(judge: Judges, raw: bytes, policy: Policy) -> Answer:
    try:
        answer = Answer(with_lists(judge.judge(raw), raw, policy))
        msgspec.json.encode(answer)
    except Exception as error:  # noqa: BLE001 - whatever a hostile mail brings about, it is one mail's failure
        return Answer(error=_described(error))
    return answer


def _described(error: Exception) -> str:
    """The kind of the error, and its text only where it is ours: a stranger's may hold the mail's words."""
    ours = type(error).__module__.startswith("icelos")
    return f"{type(error).__name__}: {error}"[:300] if ours else type(error).__name__


def _limit_memory(mebibytes: int) -> None:
    """Only what is taken beyond what is there already, so that a large model does not count."""
    if not mebibytes or not STATM.exists():
        return
    import resource

    held = int(STATM.read_bytes().split()[5]) * resource.getpagesize()
    limit = held + (mebibytes << 20)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def receive(connection: socket.socket) -> bytes | None:
    """One frame, or None at the end of the connection."""
    header = _exactly(connection, LENGTH.size)
    if header is None:
        return None
    return _exactly(connection, min(LENGTH.unpack(header)[0], MAX_FRAME))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        piece = connection.recv(min(length - len(data), 1 << 20))
        if not piece:
            return None
        data += piece
    return bytes(data)


if __name__ == "__main__":
    main()
    sys.exit()
