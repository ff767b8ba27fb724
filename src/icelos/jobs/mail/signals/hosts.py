"""Tables that the package brings: hosts by what they do for others, and lists of words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

SHORTENERS = "shorteners"
FREE_HOSTING = "free_hosting"
COMMON_HOSTING = "common_hosting"
MAILING_SERVICES = "mailing_services"
MAIL_HOSTS = "mail_hosts"
OPEN_REDIRECTORS = "open_redirectors"
_CHEAP = "cheap_endings"


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, frozenset[str]]:
    table = tomllib.loads((files(__package__) / "hosts.toml").read_text(encoding="utf-8"))
    return {name: frozenset(entries) for name, entries in table.items()}


@lru_cache(maxsize=8)
def words(name: str) -> frozenset[str]:
    """A list of words that the package brings: "service", "lures" or "ordinary_labels"."""
    table = tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
    return frozenset(table[name].split())


@lru_cache(maxsize=65536)
def entry(table: str, host: str, first: str = "") -> str:
    """The entry of a table that covers a host, or a host with the beginning of its path; else nothing.

    `first` is the path's first segment or first two, without slashes around: "forms", "pagead/aclk".
    """
    known = _tables()[table]
    labels = host.split(".")[-8:]
    for start in range(len(labels) - 1):
        name = ".".join(labels[start:])
        if name in known:
            return name
        if first:
            head = first.partition("/")[0]
            for path in (first, head):
                if f"{name}/{path}" in known:
                    return f"{name}/{path}"
    return ""


def is_cheap(host: str) -> bool:
    """Whether a host is under an ending that costs next to nothing."""
    labels = host.rsplit(".", 2)
    return labels[-1] in _tables()[_CHEAP] or ".".join(labels[-2:]) in _tables()[_CHEAP]


def is_service(host: str) -> bool:
    """Whether a host belongs to a service that sends mail or guards links for others."""
    return bool(entry(MAILING_SERVICES, host))
