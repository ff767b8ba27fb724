"""What the receiving server said of a message's origin: Authentication-Results (RFC 8601).

Anyone may write such a header into a mail; the receiving server puts its own on top. So only the topmost
one of a trusted server counts, and where no server is named as trusted, the topmost of all: a forged
"fail" only harms its forger, and a "pass" never speaks for a message here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_RESULT = re.compile(r"\b(spf|dkim|dmarc|compauth)\s{0,5}=\s{0,5}([a-z]{1,20})", re.IGNORECASE)


def topmost(headers: Sequence[tuple[str, str]], trusted: Sequence[str] = ()) -> str:
    """The header that counts, or nothing."""
    servers = {server.lower() for server in trusted}
    for name, value in headers:
        if name == "authentication-results" and (not servers or _server(value) in servers):
            return value
    return ""


def results(header: str) -> dict[str, str]:
    """Method -> result ("dmarc": "fail"). Of several results of one method a pass counts, as for DKIM."""
    found: dict[str, str] = {}
    for method, result in _RESULT.findall(_COMMENT.sub(" ", header)):
        method, result = method.lower(), result.lower()
        if found.get(method) != "pass":
            found[method] = result
    return found


def _server(value: str) -> str:
    words = value.partition(";")[0].split()
    return words[0].lower() if words else ""
