"""What a reader sees of a mail, put together: subject, the part that mail programs show, what is attached."""

from __future__ import annotations

import re
from itertools import islice

from icelos.jobs.mail.reading.normalise import Normalised, normalised

ENOUGH = 10
"""Words of HTML from which on nobody looks at the plain part beside it."""
ALIKE = 0.5
"""Share of the plain part's words that HTML must hold for the two to say the same."""
ATTACHED = 4096
"""Characters of what is attached that are seen with the mail."""
_WORD = re.compile(r"\w{3,}")
_LOOKED_AT = 65_536


def put_together(subject: str, html: str, plain: str, beside: str, attached: str) -> Normalised:
    """The mail as it is read.

    `plain` is text shown in any case, `beside` text that stands as an alternative to the HTML and is shown
    where that says next to nothing. Nothing is said twice: text whose words the HTML holds is left out.
    """
    shown = [subject, html]
    if plain.strip() and not says_the_same(html, plain):
        shown.append(plain)
    if beside.strip() and not _says_enough(html) and not says_the_same(html, beside):
        shown.append(beside)
    shown.append(attached[:ATTACHED])
    return normalised("\n".join(part for part in shown if part.strip()))


def _says_enough(html: str) -> bool:
    return sum(1 for _ in islice(_WORD.finditer(html), ENOUGH)) == ENOUGH


def says_the_same(html: str, plain: str) -> bool:
    """Whether HTML holds the words of a plain text."""
    words = _words(plain)
    return bool(words) and len(words & _words(html)) >= ALIKE * len(words)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text[:_LOOKED_AT].lower()))
