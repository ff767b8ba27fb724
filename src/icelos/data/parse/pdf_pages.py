"""The child of `pdf.py`: a PDF on standard input, its pages as one JSON object on standard output.

python -m icelos.data.parse.pdf_pages SECONDS PAGES CHARACTERS MEMORY < file.pdf
"""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from contextlib import suppress
from datetime import datetime
from typing import Any


def main(arguments: list[str]) -> int:
    """Limits first, then read, then one line; an error is a line as well."""
    seconds, pages, characters, memory = map(int, arguments)
    _limit(seconds, memory)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    try:
        found = read(sys.stdin.buffer.read(), pages, characters)
    except MemoryError:
        found = {"error": "PDF needs more memory than is allowed"}
    except Exception as error:  # noqa: BLE001 - whatever the library trips over is the file's fault
        found = {"error": f"broken PDF: {type(error).__name__}: {error}"[:300]}
    sys.stdout.buffer.write(json.dumps(found).encode())
    return 0


def _limit(seconds: int, memory: int) -> None:
    """Bounds that the kernel keeps, where there is a kernel that does."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(data: bytes, most_pages: int, most_characters: int) -> dict[str, Any]:
    """{"info", "pages", "cut"} or {"error"}; a page that cannot be read is an empty one."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not _opened(reader):
        return {"error": "PDF is encrypted"}
    texts: list[str] = []
    total, bad, hidden = 0, 0, 0
    for page in reader.pages:
        if len(texts) >= most_pages or total > most_characters:
            break
        try:
            text, unseen = _visible(page)
            hidden += unseen
        except Exception:  # noqa: BLE001 - the other pages may be well
            text, bad = "", bad + 1
        texts.append(text[:most_characters])
        total += len(text)
    if bad and bad == len(texts):
        return {"error": "broken PDF: no page can be read"}
    cut = bad > 0 or len(texts) < len(reader.pages)
    found: dict[str, Any] = {"info": _info(reader), "pages": texts, "cut": cut}
    return {**found, "hidden": hidden} if hidden else found


INVISIBLE = 3
"""Text rendering mode that paints nothing (ISO 32000-1, 9.3.6)."""
SMALLEST = 1.0
"""Points up to which nobody reads."""
NEAR_WHITE = 0.98


def _visible(page: Any) -> tuple[str, int]:
    """The text of a page that a reader sees, and how many other characters there are.

    Not seen is what is painted by no ink, in white, smaller than a point, or off the page. Where none of a
    page's text is painted it is the text layer of a scan: that is what the reader sees in the picture.
    """
    pieces: list[tuple[str, bool]] = []
    ink = _Ink()
    box = page.mediabox
    left, bottom, right, top = (float(v) for v in (box.left, box.bottom, box.right, box.top))

    def piece(text: str, cm: Any, tm: Any, _: Any, size: Any) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = max(abs(tm[0]), abs(tm[1]), abs(tm[2]), abs(tm[3])) * max(abs(cm[0]), abs(cm[1]), abs(cm[3]))
        tiny = 0 < float(size or 0) * scale <= SMALLEST
        outside = not (left - 1 <= x <= right + 1 and bottom - 1 <= y <= top + 1)
        pieces.append((text, not (ink.unseen or tiny or outside)))

    whole = page.extract_text(visitor_text=piece, visitor_operand_before=ink.operand)
    unseen = sum(len(text.strip()) for text, seen in pieces if not seen)
    if not unseen or not any(seen and text.strip() for text, seen in pieces):
        return whole, 0
    return "".join(text if seen else "\n" * text.count("\n") for text, seen in pieces).strip(), unseen


class _Ink:
    """What text is painted with, as the operators of a page go by."""

    def __init__(self) -> None:
        self._mode, self._white = 0, False
        self._kept: list[tuple[int, bool]] = []

    @property
    def unseen(self) -> bool:
        return self._mode == INVISIBLE or self._white

    def operand(self, operator: Any, operands: Any, *_: Any) -> None:
        """Called before each operator."""
        if operator == b"q":
            self._kept.append((self._mode, self._white))
        elif operator == b"Q" and self._kept:
            self._mode, self._white = self._kept.pop()
        elif operator == b"Tr" and operands:
            self._mode = int(operands[0])
        elif operator in {b"g", b"rg", b"k", b"sc", b"scn"}:
            self._white = _is_white(operator, operands)


def _is_white(operator: bytes, operands: Any) -> bool:
    """In grey, RGB, or CMYK, where nought is white; patterns are not."""
    try:
        values = [float(value) for value in operands]
    except (TypeError, ValueError):
        return False
    if operator == b"k" or len(values) == 4:
        return bool(values) and max(values) <= 1 - NEAR_WHITE
    return bool(values) and min(values) >= NEAR_WHITE


def _opened(reader: Any) -> bool:
    """Many files are encrypted with an empty password, to forbid printing and no more."""
    try:
        return bool(reader.decrypt(""))
    except Exception:  # noqa: BLE001 - an unknown cipher is as closed as a wrong password
        return False


def _info(reader: Any) -> dict[str, str]:
    try:
        meta = reader.metadata
    except Exception:  # noqa: BLE001 - a broken dictionary of a readable file
        meta = None
    if meta is None:
        return {}
    named = {
        "title": "title",
        "author": "author",
        "modified": "modification_date",
        "created": "creation_date",
        "keywords": "keywords",
    }
    return {key: text for key, name in named.items() if (text := _text(meta, name))}


def _text(meta: Any, name: str) -> str:
    try:
        value = getattr(meta, name, None)
    except Exception:  # noqa: BLE001 - dates in no known form
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value or "")[:500]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
