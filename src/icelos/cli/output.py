"""The one place that prints: tables for people, one JSON object a line for programs, errors on stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def prepare() -> None:
    """Characters that the terminal's encoding does not have are replaced, instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def unread() -> None:
    """Nobody reads standard output any more: let what is still to come go nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(text: str) -> str:
    """Text from outside made safe for a terminal: no control or bidirectional override characters."""
    return "".join(c if c in "\n\t" or (c.isprintable() and c not in _BIDI) else "\ufffd" for c in text)


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def console(*, stderr: bool = False) -> Console:
    """A rich console that does not interpret markup in content."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def line(text: str = "") -> None:
    """One line for people."""
    print(printable(text))


def note(text: str) -> None:
    """One line about the run, on stderr; quiet when piped output must stay clean."""
    print(printable(text), file=sys.stderr)


def json_line(value: object) -> None:
    """One JSON object on one line."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def document(data: bytes) -> None:
    """A whole document, as it would stand in a file."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table for people; tab-separated when piped."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(printable(str(cell)).replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.table import Table

    shown = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*(printable(str(cell)) for cell in row))
    console().print(shown)


@contextmanager
def if_stopped(told: str) -> Iterator[None]:
    """What Ctrl-C leaves behind and what to do, for the line that `main` prints then."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(told) from None


def stopped(interrupt: KeyboardInterrupt) -> None:
    """The line after Ctrl-C."""
    note("; ".join(["icelos: stopped", *map(str, interrupt.args)]))


def error(message: str, *, hint: str | None = None, source: str | None = None) -> None:
    """One clear line: what, where, what to do."""
    where = f"{source}: " if source else ""
    note(" ".join(f"icelos: {where}{message}{f' ({hint})' if hint else ''}".split()))
