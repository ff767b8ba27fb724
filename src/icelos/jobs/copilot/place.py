"""Where exactly a quote stands: the section and line of its document, not those of its chunk's beginning."""

from __future__ import annotations

import re
from collections.abc import Callable

from icelos.contracts import Hit
from icelos.records import Document, Section

DocumentOf = Callable[[Hit], Document | None]
"""The document of a hit in the hit's version; None where it may not be read (any more)."""

_LINE = re.compile(r"line (\d+)$")


def exact(quote: str, hit: Hit, document_of: DocumentOf) -> tuple[str, str]:
    """Heading and place of a quote. A chunk may join short sections: the quote's own is looked for.

    Falls back to the chunk's heading and place where no section holds the quote whole.
    """
    document = document_of(hit)
    holding = [s for s in document.sections if quote in s.text] if document is not None else []
    if not holding:
        return hit.heading, hit.place
    section = next((s for s in holding if (s.heading, s.place) == (hit.heading, hit.place)), holding[0])
    return section.heading, _place(section, section.text.index(quote))


def _place(section: Section, offset: int) -> str:
    match = _LINE.search(section.place)
    if match is None:
        return section.place
    line = int(match.group(1)) + section.text.count("\n", 0, offset)
    return f"{section.place[: match.start()]}line {line}"
