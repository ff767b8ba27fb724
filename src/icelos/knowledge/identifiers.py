"""Exact names: how they are written, compared, and found in a question.

An identifier is compared whole and without regard to case: CVE-2025-6216 is never CVE-2025-62168,
and T1110 is not T1110.003.
"""

from __future__ import annotations

import re

FAMILIES = re.compile(
    r"(?<![\w.-])(?:"
    r"CVE-\d{4}-\d{4,19}|CWE-\d{1,5}|CAPEC-\d{1,5}|GHSA(?:-[a-z0-9]{4}){3}"
    r"|TA?\d{4}(?:\.\d{3})?|AML\.T\d{4}(?:\.\d{3})?"
    r"|[GSMC]\d{4}|DS\d{4}|DET\d{4}|AN\d{4}|A\d{4}"
    r"|ICS[AM]?A?-\d{2}-\d{3}-\d{2}[A-Z]?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r")(?![\w-]|\.\d)",
    re.IGNORECASE,
)
"""Identifiers of public catalogues: CVE, CWE, CAPEC, GHSA, ATT&CK (technique, tactic, group, software,
mitigation, campaign, data source, detection, asset), ATLAS, CISA advisories, and the UUIDs of Sigma rules."""

_TOKEN = re.compile(r"\w(?:[\w.:/@+-]*\w)?")
_PUNCTUATED = re.compile(r"[\d.:/@_-]")


def fold(name: str) -> str:
    """The form in which names are compared: case folded, runs of white space as one space."""
    return " ".join(name.split()).casefold()


def known_families(text: str) -> list[str]:
    """Identifiers of public catalogues in a text, as written, in order, each once."""
    return list(dict.fromkeys(match.group() for match in FAMILIES.finditer(text)))


def candidates(text: str, *, limit: int = 200) -> list[str]:
    """Words of a text that could be someone's identifier: those with a digit or inner punctuation, folded."""
    found = dict.fromkeys(fold(name) for name in known_families(text))
    for match in _TOKEN.finditer(text):
        word = match.group()
        if _PUNCTUATED.search(word) and len(word) > 2:
            found[fold(word)] = None
        if len(found) >= limit:
            break
    return list(found)
