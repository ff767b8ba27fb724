"""What a driver of Ray needs that is not Ray: a folder, its own signals and output, the words of errors."""

from __future__ import annotations

import contextlib
import logging
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM over, and the run has its own way to end."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    with contextlib.suppress(ValueError, TypeError):  # not in the main thread; set by what is not Python
        signal.signal(signal.SIGTERM, before)


def log_message(data: Mapping[str, Any], ignore_prefix: bool = False) -> None:  # noqa: ARG001 - Ray's call
    """What nodes tell the driver (a worker died): Ray prints it on stdout, where findings may go."""
    for line in data.get("lines", ()):
        logging.getLogger("icelos.ray").info("%s", line)


def private_folder() -> Path:
    """A new one for temporary files, with a name so short that the sockets in it keep to their 107 bytes."""
    usual = tempfile.gettempdir()
    parent = usual if len(usual.encode()) <= 12 else "/tmp"  # noqa: S108 - mkdtemp is private there, too
    return Path(tempfile.mkdtemp(prefix="icelos-ray-", dir=parent))


def _lines(error: object) -> list[str]:
    """Those that are not indented, at most 300 characters of each."""
    lines = [line.rstrip()[:300] for line in str(error).splitlines() if line[:1].strip()]
    return lines or [type(error).__name__]


def first_line(error: object) -> str:
    return _lines(error)[0]


def last_line(error: object) -> str:
    return _lines(error)[-1]


def said_of_death(error: object) -> str:
    """The line behind the one that only says that it died."""
    return _lines(error)[:2][-1]
