r"""When two names are of one user, host, address, package or vulnerability.

Names are compared whole and without regard to case: CVE-2025-6216 is not CVE-2025-62168, ann is not anna.
Users are the same with and without their domain ("ann", "ann@corp.example", "CORP\ann"), but not in two
domains; hosts as well ("web-01", "web-01.corp.example").
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

_CATALOGUE = re.compile(
    r"(?:CVE|PYSEC|RUSTSEC|GO|OSV|MAL|RHSA|RHBA|ALSA|ELSA|ALAS\w{0,12}|SUSE-SU)-\d{4}[-:]\d[\w:.-]*"
    r"|(?:DSA|DLA|USN)-\d{3,6}(?:-\d{1,3})?|(?:CWE|CAPEC)-\d{1,5}"
    r"|(?:GHSA|CGA)(?:-[0-9a-z]{4}){3}|TA?\d{4}(?:\.\d{3})?",
    re.ASCII | re.IGNORECASE,
)
"""Identifiers of public catalogues: no user or host is called so."""


class User(NamedTuple):
    """A user's own part and domain, folded; "" where the name has none."""

    own: str
    domain: str


def fold(name: str) -> str:
    """The form in which names are compared."""
    return name.strip().casefold()


def own_part(name: str) -> str:
    r"""A user's own part: "ann" of "Ann@corp.example", of "CORP\ann", and of an ARN that ends in "/ann".

    As `facts.own_part` says it in SQL, which knows the case of A to Z only.
    """
    if name[:4].lower() == "arn:":
        return _lower(name[name.rfind("/") + 1 :])
    name = name[name.find("\\") + 1 :]
    place = name.find("@")
    return _lower(name[:place] if place > 0 else name)


def _lower(text: str) -> str:
    return text if text.islower() else "".join(c.lower() if c.isascii() else c for c in text)


def user_of(name: str) -> User:
    """A user's name in its parts."""
    name = name.strip()
    domain, backslash, _ = name.partition("\\")
    if not backslash:
        place = name.find("@")
        domain = name[place + 1 :] if place > 0 else ""
    return User(own_part(name).casefold(), domain.casefold() if name[:4].lower() != "arn:" else "")


def same_user(one: str, other: str) -> bool:
    """Whether two names are of one user. A domain may be written in short ("CORP" for corp.example)."""
    first, second = user_of(one), user_of(other)
    if not first.own or first.own != second.own:
        return False
    if one[:4].lower() == other[:4].lower() == "arn:":
        return fold(one) == fold(other)
    domains = first.domain, second.domain
    if not all(domains) or domains[0] == domains[1]:
        return True
    short, long = sorted(domains, key=len)
    return "." not in short and long.startswith(f"{short}.")


def same_host(one: str, other: str) -> bool:
    """Whether two names are of one host; addresses are compared as such."""
    first, second = fold(one).rstrip("."), fold(other).rstrip(".")
    if not first or first == second:
        return bool(first)
    if address(one) or address(other):
        return bool(address(one)) and address(one) == address(other)
    short, long = sorted((first, second), key=len)
    return "." not in short and "@" not in long and long.startswith(f"{short}.")


def same_purl(one: str, other: str) -> bool:
    """Whether a package URL is another one, or says less of the same: no version, no qualifiers."""
    short, long = sorted((fold(one), fold(other)), key=len)
    return short == long or (
        short.startswith("pkg:") and long.startswith(short) and long[len(short)] in "@?#"
    )


def address(name: str) -> str:
    """An IP address as it is written shortest, "" for anything else."""
    try:
        return str(ipaddress.ip_address(name.strip().strip("[]")))
    except ValueError:
        return ""


def is_identifier(name: str) -> bool:
    """Whether it can only be an entry of a public catalogue."""
    return _CATALOGUE.fullmatch(name.strip()) is not None
