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
    total, bad = 0, 0
    for page in reader.pages:
        if len(texts) >= most_pages or total > most_characters:
            break
        try:
            text = page.extract_text()
        except Exception:  # noqa: BLE001 - the other pages may be well
            text, bad = "", bad + 1
        texts.append(text[:most_characters])
        total += len(text)
    if bad and bad == len(texts):
        return {"error": "broken PDF: no page can be read"}
    cut = bad > 0 or len(texts) < len(reader.pages)
    return {"info": _info(reader), "pages": texts, "cut": cut}


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
