"""Text, links and images of PDFs, within bounds. Runs in the process of `aside`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from icelos.jobs.mail.reading.aside import Found
from icelos.jobs.mail.reading.pictures import MAX_PIXELS, codes_of

MAX_PAGES = 10
MAX_CHARACTERS = 65_536
MAX_LINKS = 200
MAX_PAGE_STREAM = 4 * 1024 * 1024
"""Bytes of a page's drawing commands above which its text is not laid out."""
IMAGE_PAGES = 3
MAX_IMAGES = 6


def pdf_text(data: bytes) -> Found:
    """The text of the first pages and the links on them; of a broken file, links that stand in the open."""
    found = Found()
    try:
        _read_pages(data, found)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the library trips over is the file's fault
        found.error = f"cannot be read: {type(error).__name__}"
    found.links = list(dict.fromkeys([*found.links, *_raw_links(data)]))[:MAX_LINKS]
    return found


def _read_pages(data: bytes, found: Found) -> None:
    reader = _opened(data)
    if reader is None:
        found.error = "is encrypted"
        return
    for number, page in enumerate(reader.pages):
        if number >= MAX_PAGES or len(found.text) > MAX_CHARACTERS:
            found.cut = True
            break
        found.text = f"{found.text}{_page_text(page)}\n"[: 2 * MAX_CHARACTERS]
        found.links.extend(_page_links(page))
    found.text = found.text[:MAX_CHARACTERS]


def _opened(data: bytes) -> Any:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        return None
    return reader


def _page_text(page: Any) -> str:
    try:
        contents = page.get_contents()
        if contents is None or len(contents.get_data()) > MAX_PAGE_STREAM:
            return ""
        return str(page.extract_text())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the other pages may be well
        return ""


def _page_links(page: Any) -> list[str]:
    found: list[str] = []
    try:
        for annotation in list(page.get("/Annots") or ())[:MAX_LINKS]:
            action = annotation.get_object().get("/A")
            target = action.get_object().get("/URI") if action is not None else None
            if target is not None:
                found.append(str(target.get_object())[:4000])
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - broken annotations of a readable page
        return found
    return found


_URI = re.compile(rb"/URI\s{0,4}\(((?:[^()\\\r\n]|\\[^\r\n]){4,2000})\)")
_OCTAL = re.compile(rb"\\([0-7]{1,3})")


def _raw_links(data: bytes) -> list[str]:
    """Links that stand in the open, for where the file's structure is broken."""
    found = (_OCTAL.sub(lambda m: bytes([int(m[1], 8) & 255]), raw) for raw in _URI.findall(data)[:MAX_LINKS])
    return [target.replace(b"\\", b"").decode("latin-1") for target in found]


def pdf_codes(data: bytes) -> Found:
    """The codes in the images of the first pages."""
    reader = _opened(data)
    found = Found()
    for image in _images(reader) if reader is not None else ():
        found.codes.extend(codes_of(image))
    found.codes = list(dict.fromkeys(found.codes))
    return found


def _images(reader: Any) -> Iterator[Any]:
    """Images as the library decodes them, with sizes looked at before."""
    left = MAX_IMAGES
    for page in list(reader.pages[:IMAGE_PAGES]):
        held: Any = page.get("/Resources")
        held = held.get_object().get("/XObject") if held is not None else None
        held = held.get_object() if held is not None else {}
        for name in list(held)[: 5 * MAX_IMAGES]:
            item = held[name].get_object()
            if item.get("/Subtype") != "/Image" or left <= 0:
                continue
            if 0 < int(item.get("/Width", 0)) * int(item.get("/Height", 0)) <= MAX_PIXELS:
                left -= 1
                yield from _decoded(page, name)


def _decoded(page: Any, name: str) -> Iterator[Any]:
    try:
        image = page.images[name].image
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the other images may be well
        return
    if image is not None:
        yield image
