"""What the receiving server said of a message's origin: Authentication-Results (RFC 8601).

Anyone may write such a header into a mail; the receiving server puts its own on top. So only the topmost
one of a trusted server counts, and where no server is named as trusted, the topmost of all: a forged
"fail" only harms its forger, and a "pass" speaks for a message only where a trusted server said it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from icelos.jobs.mail.signals.domains import organisation

_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_RESULT = re.compile(r"\b(spf|dkim|dmarc|arc|compauth)\s{0,5}=\s{0,5}([a-z]{1,20})", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\b(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|mfrom|helo))\s{0,5}=\s{0,5}\"?([^\s;\"]{1,320})",
    re.IGNORECASE,
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a message's origin.

    `results`: method ("spf", "dkim", "dmarc", "arc", "compauth") -> result in lower case. `domains`: those
    that a pass of SPF or DKIM speaks for. `trusted`: told by a server that is trusted by name, or checked
    here. `quote`: the words it stands in.
    """

    results: dict[str, str] = {}
    domains: frozenset[str] = frozenset()
    trusted: bool = False
    quote: str = ""

    def is_aligned(self, host: str) -> bool:
        """Whether a passed check speaks for this host's organisation (relaxed, RFC 7489 3.1)."""
        ours = organisation(host)
        return bool(ours) and any(_speaks_for(domain, ours) for domain in self.domains)


def _speaks_for(domain: str, ours: str) -> bool:
    """Google signs for customers without a key of their own as "corp-com.20230601.gappssmtp.com"."""
    if domain.endswith(".gappssmtp.com"):
        return domain.partition(".")[0] == ours.replace(".", "-")
    return organisation(domain) == ours


def told(headers: Sequence[tuple[str, str]], trusted: Sequence[str] = ()) -> Origin:
    """The origin by the header that counts."""
    header = topmost(headers, trusted)
    return Origin(
        results=results(header),
        domains=passed_domains(header),
        trusted=bool(trusted and header),
        quote=header,
    )


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


def passed_domains(header: str) -> frozenset[str]:
    """The domains that a pass of SPF or DKIM speaks for."""
    found: set[str] = set()
    for statement in _COMMENT.sub(" ", header).split(";")[:40]:
        result = _RESULT.search(statement)
        if result and result[1].lower() in {"spf", "dkim"} and result[2].lower() == "pass":
            found.update(
                value.rpartition("@")[2].strip("<>.").lower() for value in _DOMAIN.findall(statement)
            )
    return frozenset(found)


def _server(value: str) -> str:
    words = _COMMENT.sub(" ", value.partition(";")[0]).split()
    return words[0].lower() if words else ""
