"""Domains that imitate others: one letter off, letters that look alike, a known name with a word joined to
it, under another ending, or below a foreign domain.

The known names are the organisation's own domains, those of its partners, and the brands'. What belongs to
any of them imitates none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from icelos.jobs.mail.signals.brands import Brand, brands, owners
from icelos.jobs.mail.signals.domains import FREEMAIL, decoded_host, organisation
from icelos.jobs.mail.signals.hosts import (
    FREE_HOSTING,
    MAIL_HOSTS,
    MAILING_SERVICES,
    SHORTENERS,
    entry,
    is_cheap,
    words,
)
from icelos.jobs.mail.signals.spelling import deletions, distance, plain_letters, skeleton

SPELLING = "lookalike"
COMBINATION = "combination"
JOINED = "joined"
ENDING = "other-ending"
BELOW = "below"
SHORTEST_NEAR = 6
"""Letters from which one letter more or less is an imitation; shorter names are near too many words."""
SHORTEST_FAR = 10
"""Letters from which two are."""


class Likeness(msgspec.Struct, frozen=True):
    """How a host imitates another: the kind, the domain imitated, and a clause for people."""

    kind: str
    imitated: str
    how: str


class Name(msgspec.Struct, frozen=True):
    """A name worth imitating: the label before the ending.

    `plain`: it is an ordinary word. `ours`: the organisation's or a partner's. `main`: the name itself,
    not that of some further domain.
    """

    label: str
    domain: str
    plain: bool
    ours: bool = False
    main: bool = True


class Names:
    """The names that are watched, ready for look-ups. Build it once by `watched`."""

    def __init__(self, own: Sequence[str]) -> None:
        self.own = frozenset(filter(None, (organisation(domain.lower()) for domain in own)))
        self.by_label: dict[str, Name] = {}
        self.by_skeleton: dict[str, Name] = {}
        self.near: dict[str, list[Name]] = defaultdict(list)
        for name in self._all():
            self._add(name)

    def _all(self) -> list[Name]:
        ours = [Name(domain.partition(".")[0], domain, False, True) for domain in sorted(self.own)]
        others = [
            Name(domain.partition(".")[0], domain, brand.plain, main=_is_main(domain, brand))
            for brand in brands()
            for domain in _in_order(brand)
            if organisation(domain) == domain
        ]
        return ours + sorted(others, key=lambda name: (not name.main, name.plain))

    def _add(self, name: Name) -> None:
        if len(name.label) < 3 or (name.label in words("ordinary_labels") and not name.ours):
            return
        if name.label in self.by_label:
            return
        self.by_label[name.label] = name
        if len(name.label) >= 5:
            self.by_skeleton.setdefault(skeleton(name.label), name)
        if len(name.label) >= SHORTEST_NEAR and name.main and not name.plain:
            for cut in deletions(name.label, 2 if len(name.label) >= SHORTEST_FAR else 1):
                self.near[cut].append(name)

    def is_known(self, host: str) -> bool:
        """Whether a host belongs to one of those watched, or serves everyone."""
        ours = organisation(host)
        return ours in self.own or bool(owners(host)) or ours in FREEMAIL or _serves(host)


def _in_order(brand: Brand) -> list[str]:
    """A brand's domains, the one that people know it by first."""
    domains = {*brand.domains, *(f"{stem}.com" for stem in brand.stems)}
    return sorted(domains, key=lambda domain: (not domain.endswith(".com"), len(domain), domain))


def _is_main(domain: str, brand: Brand) -> bool:
    label = domain.partition(".")[0].replace("-", "")
    return label == brand.key or label in {plain_letters(name).replace(" ", "") for name in brand.names}


def _serves(host: str) -> bool:
    tables = (MAILING_SERVICES, MAIL_HOSTS)
    return any(entry(table, host) for table in tables)


@lru_cache(maxsize=1)
def _lures() -> re.Pattern[str]:
    """One to four words of the lure, or digits."""
    longest_first = sorted(words("lures"), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(longest_first)}|\d){{1,4}}")


@lru_cache(maxsize=16)
def watched(own: tuple[str, ...] = ()) -> Names:
    """The names watched for an organisation with these domains and partners."""
    return Names(own)


@lru_cache(maxsize=65536)
def likeness(host: str, names: Names) -> Likeness | None:
    """How a host imitates a watched name, or None."""
    host = decoded_host(host.lower().strip("."))[:253]
    domain = organisation(host)
    if not domain or names.is_known(host):
        return None
    below = _below(host.removesuffix(domain).strip("."), domain, names)
    if entry(FREE_HOSTING, host) or entry(SHORTENERS, host):
        return below
    label = domain.partition(".")[0]
    return _spelt(label, names) or _ending(label, host, names) or below or _combined(label, names)


def _spelt(label: str, names: Names) -> Likeness | None:
    if len(label) < 5 or label in names.by_label:
        return None
    name = names.by_skeleton.get(skeleton(label))
    if name is not None and not (name.plain and label.isalpha() and label.isascii()):
        return Likeness(SPELLING, name.domain, f"looks like {name.domain}")
    if not label.isascii() or len(label) < SHORTEST_NEAR - 1:
        return None
    for near in _neighbours(label, names):
        return Likeness(SPELLING, near.domain, f"is a letter or two from {near.domain}")
    return None


def _neighbours(label: str, names: Names) -> list[Name]:
    """Names one letter away, or two where both are long; the first letter is seldom changed."""
    most = 2 if len(label) >= SHORTEST_FAR - 1 else 1
    candidates = {
        name.domain: name for cut in deletions(label[:40], most) for name in names.near.get(cut, ())
    }
    found = []
    for name in candidates.values():
        allowed = 2 if min(len(name.label), len(label)) >= SHORTEST_FAR else 1
        if (
            label[0] == name.label[0]
            and 0 < distance(label[:40], name.label) <= allowed
            and not _plural(label, name.label)
        ):
            found.append(name)
    return sorted(found, key=lambda name: (not name.ours, name.domain))


def _plural(label: str, other: str) -> bool:
    """A form of the same word is often another honest firm's name."""
    longer, shorter = sorted((label, other), key=len, reverse=True)
    return longer in {f"{shorter}s", f"{shorter}e", f"{shorter}y", f"{shorter}n", f"{shorter}r"}


def _ending(label: str, host: str, names: Names) -> Likeness | None:
    """A brand mostly holds its name under the dear endings itself; an organisation seldom does."""
    name = names.by_label.get(label)
    if name is None or (not name.ours and (name.plain or len(label) < 5 or not is_cheap(host))):
        return None
    return Likeness(ENDING, name.domain, f"has the name of {name.domain} under another ending")


def _below(prefix: str, domain: str, names: Names) -> Likeness | None:
    """A known domain, or a known name, left of a foreign domain."""
    labels = prefix.split(".")[-8:] if prefix else []
    dashed = ".".join(labels).replace("-", ".").split(".")
    for size in (3, 2):
        for start in range(len(dashed) - size + 1):
            inner = ".".join(dashed[start : start + size])
            if inner in names.own or owners(inner):
                return Likeness(BELOW, inner, f"has {inner} below {domain}")
    for label in labels:
        found = names.by_label.get(label)
        if found is not None and len(label) >= 5 and not found.plain and found.label not in _SOCIAL:
            return Likeness(BELOW, found.domain, f"has the name of {found.domain} below {domain}")
        joined = _combined(label, names)
        if joined is not None:
            return Likeness(BELOW, joined.imitated, f"has a name like {joined.imitated} below {domain}")
    return None


_SOCIAL = frozenset(
    "facebook twitter instagram youtube linkedin google github wordpress outlook microsoft zimbra roundcube "
    "shopify cpanel".split()
)
"""Names of services that firms call their own hosts by: "google.firm.example", "zimbra.firm.example"."""


def _combined(label: str, names: Names) -> Likeness | None:
    """A known name joined to other words by a hyphen, or to words of the lure without one."""
    tokens = [token for token in re.split(r"[-_]+", label) if token]
    if len(tokens) > 1:
        for place, token in enumerate(tokens[:8]):
            name = names.by_label.get(token) or _disguised(token, names)
            others = tokens[:place] + tokens[place + 1 :]
            if name is not None and _is_lure(name, others):
                return _combination(name)
    return _joined(label, names)


def _disguised(token: str, names: Names) -> Name | None:
    if len(token) < 5 or (token.isalpha() and token.isascii() and not re.search("rn|vv|cl|nn", token)):
        return None
    return names.by_skeleton.get(skeleton(token))


def _is_lure(name: Name, others: Sequence[str]) -> bool:
    """Long names of one's own stand for themselves; ordinary words need a word of the lure beside them."""
    lures = any(_lures().fullmatch(other) for other in others)
    return lures or (not name.plain and len(name.label) >= 7)


def _joined(label: str, names: Names) -> Likeness | None:
    """The name at the beginning or the end of a label, the rest nothing but words of the lure."""
    for size in range(min(len(label) - 2, 20), 4, -1):
        for part, rest in ((label[:size], label[size:]), (label[-size:], label[:-size])):
            name = names.by_label.get(part)
            if name is not None and not name.plain and _lures().fullmatch(rest.strip("-")):
                return _combination(name, JOINED if _HONEST.fullmatch(rest) else COMBINATION)
    return None


_HONEST = re.compile(
    "(?:mail|mails|email|net|home|news|info|online|app|group|web|www|shop|store|cloud|com){1,2}"
)
"""Words that firms themselves join to their names for a second domain."""


def _combination(name: Name, kind: str = COMBINATION) -> Likeness:
    return Likeness(kind, name.domain, f"joins the name of {name.domain} to another word")
