"""What the signals share of one message, worked out once: sender, recipients, links and what is known.

`Known` is what the organisation says of itself in its settings; nothing of it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import getaddresses
from functools import cached_property

import msgspec

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.brands import owners
from icelos.jobs.mail.signals.domains import FREEMAIL, addresses, organisation
from icelos.jobs.mail.signals.hosts import FREE_HOSTING, MAIL_HOSTS, entry
from icelos.jobs.mail.signals.lookalike import Names, watched
from icelos.jobs.mail.signals.web import Web, webs_of

MAX_RECIPIENTS = 50


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation knows: all in lower case, or as written for people's names.

    `servers`: names of own servers in Authentication-Results; empty = the topmost counts, for failures only.
    `domains`: its own. `partners`: those of banks, suppliers and the like. `people`: names of those whom
    fraudsters imitate, each alone or with their address: "Ada Lovelace <ada@corp.example>".
    """

    servers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def names(self) -> Names:
        """The domains that are watched for imitations."""
        return watched((*self.domains, *self.partners))


class Sender(msgspec.Struct, frozen=True):
    """The first address of From: display name, address and host, and the organisation of that host."""

    name: str
    address: str
    host: str
    organisation: str

    @property
    def is_everyone(self) -> bool:
        """Whether anyone gets an address at this host in a minute."""
        return self.organisation in FREEMAIL or self.host.endswith(".onmicrosoft.com")


class Facts:
    """One message and what is worked out of it when it is first asked for."""

    def __init__(self, message: Message, known: Known) -> None:
        self.message = message
        self.known = known

    @cached_property
    def sender(self) -> Sender:
        return read_sender(self.message.first("from"))

    @cached_property
    def recipients(self) -> list[str]:
        """Addresses in To and Cc, in lower case."""
        fields = [value for name, value in self.message.headers if name in {"to", "cc", "delivered-to"}]
        return [found.lower() for value in fields[:4] for found, _ in addresses(value)][:MAX_RECIPIENTS]

    @cached_property
    def webs(self) -> list[Web]:
        """Where links lead, those in the plain text too, each target once."""
        return webs_of(self.message)

    @cached_property
    def text(self) -> str:
        return f"{self.message.subject}\n{self.message.body}"

    def is_ours(self, host: str) -> bool:
        """Whether a host belongs to the organisation that receives the mail."""
        ours = organisation(host)
        return bool(ours) and ours in {organisation(domain) for domain in self.known.domains}


def read_sender(value: str) -> Sender:
    """The first sender of a From header, however broken."""
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, AttributeError, TypeError, RecursionError):
        pairs = []
    name, address = pairs[0] if pairs else ("", "")
    found = addresses(value)
    if found and (address.count("@") != 1 or found[-1][0] != address):
        address = found[-1][0] if len(found) == 1 or not address else address
    host = address.rpartition("@")[2].lower().strip(" >.") if "@" in address else ""
    shown = name or value.partition("<")[0].strip(" \"'") if "<" in value or name else ""
    return Sender(shown, address, host, organisation(host))


def same_party(one: str, other: str) -> bool:
    """Whether two hosts belong to one organisation or to one brand."""
    return _party(one) == _party(other) or bool(owners(one) & owners(other))


def _party(host: str) -> str:
    """The organisation; an address by itself; of names that nobody registers ("mail.corp.lan") the end."""
    labels = host.split(".")
    return organisation(host) or (host if ":" in host or labels[-1].isdigit() else ".".join(labels[-2:]))


def is_provider(host: str) -> bool:
    """Whether a host serves everyone: free mail, free web space, mail servers for rent."""
    return organisation(host) in FREEMAIL or any(entry(t, host) for t in (FREE_HOSTING, MAIL_HOSTS))


def known_of(trusted: Sequence[str], known: Known | None) -> Known:
    """`known`, with the trusted servers added."""
    known = known or Known()
    return msgspec.structs.replace(known, servers=(*known.servers, *trusted)) if trusted else known
