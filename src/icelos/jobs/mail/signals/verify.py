"""Origin checked here, from the bytes of a mail: DKIM and ARC by dkimpy, the DMARC policy by authheaders.

SPF needs the address of the sending host, which only the receiving server knows; it is left to that
server's Authentication-Results. The look-up of names is handed in: nothing reaches the network by itself.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from icelos.errors import MissingExtra
from icelos.jobs.mail.signals.authentication import Origin, told
from icelos.jobs.mail.signals.domains import organisation
from icelos.jobs.mail.signals.facts import Facts
from icelos.settings import MailSettings

Lookup = Callable[[str], str]
"""From a name ("s1._domainkey.bank.example") to its TXT record, or nothing."""

MAX_SIGNATURES = 4
"""Signatures that are checked; a mail may hold a thousand."""
MAX_CHECKED = 8 * 1024 * 1024
"""Bytes from which a mail is not checked: canonical forms are copies of it."""
MAX_BLANKS = 2e8
"""Sum of squares of runs of blanks: dkimpy's canonical form takes so long over them."""
_BLANKS = re.compile(rb"[ \t]{16,}")
_TAG = re.compile(rb"(?:^|;)\s*([a-z]{1,5})\s*=\s*([^;]{0,4000})", re.IGNORECASE)


def check_origin(raw: bytes, sender: str, lookup: Lookup) -> Origin:
    """What the mail's own signatures prove of `sender`, the host in From.

    An empty origin where the mail is too large or made to be slow. Whatever is broken in a mail or a record
    is a failed check; what `lookup` raises is no answer. Raises MissingExtra where dkimpy or authheaders is
    not installed.
    """
    if len(raw) > MAX_CHECKED or sum(len(run) ** 2 for run in _BLANKS.findall(raw)) > MAX_BLANKS:
        return Origin()
    asked = _Asked(lookup)
    found = dict(_signatures(raw, asked))
    passed = frozenset(domain for domain, result in found.items() if result == "pass")
    results = {"dkim": "pass" if passed else "fail" if found else "none"}
    chain = _chain(raw, asked)
    if chain != "none":
        results["arc"] = chain
    origin = Origin(results=results, domains=passed, trusted=True)
    policy = _policy(sender, asked)
    if policy:
        origin.results["dmarc"] = "pass" if _is_aligned(sender, passed, policy) else "fail"
    return origin


class Verifier:
    """Checks the origin of mails where no trusted server has done so. Safe to share between threads."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def origin(self, raw: bytes, facts: Facts) -> Origin | None:
        """What is proven of the sender in `facts` by its bytes; None leaves it to the header."""
        servers = facts.known.servers
        if not facts.sender.host or (servers and told(facts.message.headers, servers).results):
            return None
        found = check_origin(raw, facts.sender.host, self._lookup)
        return found if found.results else None


def verifier_of(settings: MailSettings) -> Verifier | None:
    """A verifier that asks name servers, where the settings switch it on; else None."""
    return Verifier(ask_name_servers()) if settings.check_origin else None


class _Asked:
    """Answers of one look-up, each asked once; an error is no answer."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._answers: dict[str, str] = {}

    def text(self, name: str) -> str:
        key = name.rstrip(".").lower()
        if key not in self._answers:
            self._answers[key] = ""
            with contextlib.suppress(Exception):  # a name server's trouble is not the mail's
                self._answers[key] = self._lookup(key) or ""
        return self._answers[key]

    def binary(self, name: bytes | str, timeout: int = 5) -> bytes:
        """As dkimpy asks."""
        del timeout
        plain = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        return self.text(plain).encode("utf-8", "replace")


def _dkim() -> Any:
    try:
        import dkim
    except ImportError as error:
        raise MissingExtra("dkimpy", extra="mail") from error
    return dkim


def _signatures(raw: bytes, asked: _Asked) -> Iterator[tuple[str, str]]:
    """(signing domain, "pass" or "fail") of each signature."""
    dkim = _dkim()
    checker: Any = None
    with contextlib.suppress(Exception):
        checker = dkim.DKIM(raw, minkey=1024, timeout=5)
    if checker is None:
        return
    fields = [value for name, value in checker.headers if name.lower() == b"dkim-signature"]
    for place, value in enumerate(fields[:MAX_SIGNATURES]):
        domain = dict(_TAG.findall(value)).get(b"d", b"").strip().decode("ascii", "replace").lower()
        result = False
        with contextlib.suppress(Exception):  # dkimpy raises many kinds for what is malformed
            result = bool(checker.verify(idx=place, dnsfunc=asked.binary))
        if domain:
            yield domain, "pass" if result and not _is_partial(value) else "fail"


def _is_partial(signature: bytes) -> bool:
    """Signatures over a part of the body (l=) prove nothing of what is appended."""
    return any(tag.lower() == b"l" for tag, _ in _TAG.findall(signature))


def _chain(raw: bytes, asked: _Asked) -> str:
    """The state of the ARC chain (RFC 8617): "pass", "fail" or "none"."""
    result = "none"
    if not re.search(rb"^ARC-Seal[ \t]*:", raw[: 256 * 1024], re.IGNORECASE | re.MULTILINE):
        return result
    result = "fail"
    with contextlib.suppress(Exception):
        state, _, _ = _dkim().ARC(raw, minkey=1024, timeout=5).verify(dnsfunc=asked.binary)
        result = state.decode() if isinstance(state, bytes) else str(state)
    return result if result in {"pass", "fail", "none"} else "fail"


def _policy(sender: str, asked: _Asked) -> dict[str, str]:
    """The tags of the DMARC record that counts for a host: its own, else its organisation's."""
    try:
        from authheaders.dmarc_lookup import lookup_receiver_record
    except ImportError as error:
        raise MissingExtra("authheaders", extra="mail") from error
    for host in dict.fromkeys((sender, organisation(sender))):
        found: dict[str, str] = {}
        if host:
            with contextlib.suppress(Exception):  # a malformed record is none
                found = dict(lookup_receiver_record(host, asked.text))
        if found.get("p"):
            return found
    return {}


def _is_aligned(sender: str, passed: frozenset[str], policy: dict[str, str]) -> bool:
    """By the policy's mode: "s" asks for the same host, else the same organisation is enough."""
    if policy.get("adkim") == "s":
        return sender in passed
    return organisation(sender) in {organisation(domain) for domain in passed}


def ask_name_servers(seconds: float = 3.0) -> Lookup:
    """A look-up that asks the system's name servers. Only for those who switched it on.

    Raises MissingExtra where dnspython is not installed.
    """
    try:
        import dns.resolver
    except ImportError as error:
        raise MissingExtra("dnspython", extra="mail") from error
    resolver = dns.resolver.Resolver()
    resolver.lifetime = seconds

    def lookup(name: str) -> str:
        answers = resolver.resolve(name, "TXT", raise_on_no_answer=False)
        texts = [b"".join(record.strings).decode("utf-8", "replace") for record in answers]
        return next((text for text in texts if text.lower().startswith(("v=", "k=", "p="))), "")

    return lookup
