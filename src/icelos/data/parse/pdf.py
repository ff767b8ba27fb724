"""PDF text, a section a page. The file is read by a process of its own, with bounds.

A PDF is a program for a parser: loops and floods are found in every library. So `pdf_pages` runs as a
child with limits on time, memory and output, and a file that makes it fail is a Failure and no more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec

from icelos.data.parse.fields import (
    HIDDEN,
    Content,
    Parsed,
    dict_of,
    list_of,
    mentions,
    moment,
    text_of,
    unique,
)
from icelos.data.parse.html import HIDDEN_CHARACTERS
from icelos.data.parse.limits import load_json
from icelos.data.parse.text import cut
from icelos.errors import InputError
from icelos.records import Document, Section, record_id

SECONDS = 60
PAGES = 5_000
CHARACTERS = 32 * 1024 * 1024
MEMORY = 2 * 1024**3


def pdf_documents(data: bytes, name: str, *, seconds: int = SECONDS) -> Iterator[Parsed]:
    """The file as one document. Raises InputError: broken, encrypted, too slow, too large, no text."""
    found = _extracted(data, seconds)
    info = dict_of(found, "info")
    pages = [page if isinstance(page, str) else "" for page in list_of(found, "pages")]
    parts = tuple(_sections(pages))
    hidden = found.get("hidden")
    noted = {HIDDEN_CHARACTERS: str(hidden)} if isinstance(hidden, int) and hidden else {}
    if not parts:
        raise InputError("no text in this PDF", hint="scanned pages need text recognition first")
    stem = Content(name, "", "pdf").stem
    yield Document(
        id=record_id(name, ""),
        source=name,
        title=text_of(info, "title") or stem,
        sections=parts,
        kind="document",
        relations=mentions(stem, *pages),
        tags=unique(
            (
                *(t.strip() for t in text_of(info, "keywords").replace(";", ",").split(",")[:20]),
                HIDDEN * bool(noted),
            )
        ),
        modified=moment(text_of(info, "modified")) or moment(text_of(info, "created")),
        facts={key: value for key in ("author",) if (value := text_of(info, key))} | noted,
        truncated=found.get("cut") is True,
    )


def _sections(pages: list[str]) -> Iterator[Section]:
    for number, text in enumerate(pages, 1):
        for section in cut("", text, 1):
            yield msgspec.structs.replace(section, place=f"page {number}")


def _extracted(data: bytes, seconds: int) -> dict[str, object]:
    command = [
        sys.executable,
        "-m",
        "icelos.data.parse.pdf_pages",
        str(seconds),
        str(PAGES),
        str(CHARACTERS),
        str(MEMORY),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            command, input=data, capture_output=True, timeout=seconds + 5, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"PDF takes more than {seconds} s to read") from error
    except OSError as error:
        raise InputError(f"cannot start the PDF reader: {error}") from error
    if done.returncode < 0 or not done.stdout:
        raise InputError(
            "PDF needs more time or memory than is allowed" if done.returncode < 0 else "broken PDF"
        )
    found = load_json(done.stdout)
    if not isinstance(found, dict) or "error" in found:
        raise InputError(str(found.get("error")) if isinstance(found, dict) else "broken PDF")
    return found
