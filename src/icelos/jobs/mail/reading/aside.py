"""Reading aside: files whose formats are programs for a parser go to a process of its own, with bounds.

PDFs, images and Outlook files are read by libraries in which loops and floods are found every year. The
process has limits on time and memory; a file that breaks it costs that file, and the mail is read on. It is
kept for the next mail, as starting one takes longer than most files do.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 2.5
"""For all files of one mail together."""
MEMORY = 176 * 1024 * 1024
"""Address space of the process, in bytes."""
MAX_DATA = 12 * 1024 * 1024
MAX_OUTLOOK = 48 * 1024 * 1024
MAX_ANSWER = 96 * 1024 * 1024
NAME = 16
"""Bytes that tell what is asked, before the file."""
MAX_IDLE = 2
"""Processes kept for later."""
USES = 500
"""Files after which a process is replaced: what a library leaks ends with it."""


class Found(msgspec.Struct):
    """What a file held: text, links, codes in images, a whole mail; or why nothing could be told."""

    text: str = ""
    links: list[str] = []
    codes: list[str] = []
    mail: bytes = b""
    cut: bool = False
    error: str = ""


@cache
def has_codes() -> bool:
    """Whether the extra "qr" is installed, which reads codes in images."""
    return find_spec("zxingcpp") is not None and find_spec("PIL") is not None


class Aside:
    """What is read aside for one mail, within its time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds

    def read(self, what: str, data: bytes) -> Found:
        """`what` is "pdf", "pdf-images", "image" or "outlook". Never raises: the error is in the answer."""
        if len(data) > (MAX_OUTLOOK if what == "outlook" else MAX_DATA):
            return Found(error="larger than is read")
        if self._left <= 0.0:
            return Found(error="no time left for it")
        began = time.monotonic()
        try:
            with _process(self._left) as process:
                return process.ask(what, data, self._left - (time.monotonic() - began))
        except (OSError, EOFError, TimeoutError, msgspec.MsgspecError, subprocess.SubprocessError) as error:
            slow = isinstance(error, TimeoutError)
            return Found(error="takes more time than is allowed" if slow else "breaks what reads it")
        finally:
            self._left -= time.monotonic() - began


class _Process:
    """One process that reads files, and the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        paths = os.pathsep.join(path for path in sys.path if path)
        environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "icelos.jobs.mail.reading.aside_process", str(MEMORY)]
        with theirs:
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        self._socket = ours
        self.uses = 0

    def ask(self, what: str, data: bytes, seconds: float) -> Found:
        """Raises OSError, EOFError, TimeoutError or MsgspecError where it breaks or takes too long."""
        self.uses += 1
        ends = time.monotonic() + seconds
        self._socket.settimeout(max(0.001, seconds))
        self._socket.sendall(len(data).to_bytes(8, "big") + what.encode().ljust(NAME))
        self._socket.sendall(data)
        size = int.from_bytes(self._received(8, ends), "big")
        if size > MAX_ANSWER:
            raise EOFError("answer is too large")
        return msgspec.msgpack.decode(self._received(size, ends), type=Found)

    def _received(self, size: int, ends: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            self._socket.settimeout(max(0.001, ends - time.monotonic()))
            piece = self._socket.recv(min(1 << 20, size - len(found)))
            if not piece:
                raise EOFError("it ended")
            found += piece
        return bytes(found)

    def end(self) -> None:
        """End it at once."""
        self._socket.close()
        self._child.kill()
        self._child.wait()

    def left_behind(self) -> None:
        """In a copy of the process that started it: let go of what is shared, end nothing."""
        self._socket.close()
        self._child.returncode = 0  # not ours to wait for


_IDLE: list[_Process] = []
_LOCK = threading.Lock()


@contextlib.contextmanager
def _process(seconds: float) -> Iterator[_Process]:
    """An idle process or a new one; it goes back if it did its work."""
    if not _PLACES.acquire(timeout=seconds):
        raise TimeoutError
    try:
        with _LOCK:
            process = _IDLE.pop() if _IDLE else None
        process = process or _Process()
        try:
            yield process
        except BaseException:
            process.end()
            raise
        _given_back(process)
    finally:
        _PLACES.release()


_PLACES = threading.BoundedSemaphore(MAX_IDLE)


def _given_back(process: _Process) -> None:
    if process.uses < USES:
        with _LOCK:
            _IDLE.append(process)
    else:
        process.end()


def end_all() -> None:
    """End the processes that are kept for later."""
    with _LOCK:
        idle, _IDLE[:] = _IDLE[:], []
    for process in idle:
        process.end()


def _in_a_copy() -> None:
    """After a fork: the processes belong to the parent, and its locks may be held by nobody."""
    global _LOCK, _PLACES
    _LOCK, _PLACES = threading.Lock(), threading.BoundedSemaphore(MAX_IDLE)
    for process in _IDLE:
        process.left_behind()
    _IDLE.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_copy)
atexit.register(end_all)
