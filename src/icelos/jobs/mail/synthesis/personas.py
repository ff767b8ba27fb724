"""Who stands in a mail: people, organisations, brands, numbers, dates; all made up, in the reader's language.

`Values` answers each slot of a phrase when it is first asked for, and the same again after that. Draws go by
name (`dice`), so that two mails of one seed have the same people whatever their phrases ask for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import msgspec

from icelos.jobs.mail.synthesis import addresses
from icelos.jobs.mail.synthesis.dice import number, pick, stream
from icelos.jobs.mail.synthesis.synthetic import Scene
from icelos.jobs.mail.synthesis.words import Words, brands, international, parts, words

_SLOT = re.compile(r"\{([a-z]{3,10})\}")
_KIND_BY_INTENT = {
    "crypto": "crypto",
    "shipping": "parcel",
    "password-reset": "cloud",
    "security-notice": "cloud",
    "receipt": "shop",
    "prize": "shop",
    "gift-cards": "shop",
    "newsletter": "shop",
    "callback": "software",
}

_FROM_PEOPLE = frozenset({"work", "meeting", "personal", "community", "bounce", "job-genuine"})
"""Topics whose senders are at home in an organisation, not a brand."""


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may fix about the people of a mail; what is empty is drawn."""

    first: str = ""
    last: str = ""
    organisation: str = ""
    boss: str = ""
    colleague: str = ""
    vendor: str = ""
    email: str = ""


class Values:
    """The values of one mail's slots. That a scene is hostile decides only where its links lead.

    `like`: the scene whose subject matter chooses the kind of brand, where it is not the scene itself.
    """

    def __init__(self, scene: Scene, seed: int, persona: Persona, *, like: Scene | None = None) -> None:
        topic = like or scene
        self.language = scene.language
        self.words = words(scene.language)
        self.seed = seed
        self.hostile = scene.malicious
        self.kind = brand_kind(topic.intent, topic.name)
        everyday = _SMALL if self.kind in _EVERYDAY else _ANY_SCALE
        self.scale: tuple[int, ...] = _SCALES.get(scene.intent, everyday)
        self.links: list[str] = []
        self._intent = scene.intent
        self._speaks_of_brand = _speaks_of_brand(scene)
        given = {
            "first": persona.first,
            "last": persona.last,
            "org": persona.organisation,
            "boss": persona.boss,
        }
        given |= {"colleague": persona.colleague, "vendor": persona.vendor, "email": persona.email}
        self._known = {name: value for name, value in given.items() if value}

    def sent_by(self, name: str) -> None:
        """Tells who sends: where the scene names no brand, the sender's name takes its place."""
        if not self._speaks_of_brand:
            self._known.setdefault("brand", name)

    def fill(self, phrase: str) -> str:
        """A phrase with its slots filled."""
        return _SLOT.sub(lambda found: self[found[1]], phrase) if "{" in phrase else phrase

    def __getitem__(self, name: str) -> str:
        if name == "link":
            return self.url(f"link{len(self.links)}")
        if name not in self._known:
            self._known[name] = self._drawn(name)
        return self._known[name]

    def url(self, name: str) -> str:
        """A URL that fits the sender; kept in `links` in order."""
        rng = stream(self.seed, f"url/{self.hostile}/{name}")
        if self.hostile:
            url = addresses.hostile_url(self.claimed, self["vendor"], rng)
        else:
            url = addresses.honest_url(self.home, rng)
        self.links.append(url)
        return url

    @property
    def claimed(self) -> str:
        """Who a mail claims to come from, for lookalikes."""
        return self["brand"] if number(self.seed, "claimed") % 3 else self["org"]

    @property
    def home(self) -> str:
        """An honest sender's domain."""
        at_work = self._intent in _FROM_PEOPLE and not self._speaks_of_brand
        if at_work or number(self.seed, "home") % 4 == 0:
            return self.domain
        at_home = self["brand"] in self.words.brands.get(self.kind, ())
        return addresses.brand_domain(self["brand"], self.words.domains[0] if at_home else "com")

    @property
    def domain(self) -> str:
        """The recipient's organisation's domain."""
        return f"{addresses.slug(self['org'])}.{pick(self.words.domains, self.seed, 'domain')}"

    def person(self, name: str) -> str:
        """A first and a last name."""
        return f"{self._name('first', name)} {self._name('last', name)}"

    def _drawn(self, name: str) -> str:
        drawn = _DRAWN.get(name)
        if drawn is None:
            raise KeyError(f"no slot called {name!r}")
        return drawn(self)

    def _name(self, part: str, salt: str) -> str:
        abroad = number(self.seed, f"{salt}/abroad") % 6 == 0
        source = international() if abroad else self.words
        pool: tuple[str, ...] = getattr(source, part)
        return pick(pool, self.seed, f"{salt}/{part}")

    def _organisation(self, salt: str) -> str:
        w, shape = self.words, number(self.seed, f"{salt}/shape") % 8
        name = pick(w.nouns if shape % 2 else w.last, self.seed, f"{salt}/name")
        sector = pick(w.sectors, self.seed, f"{salt}/sector")
        suffix = pick(w.suffixes, self.seed, f"{salt}/suffix")
        if shape == 0 and salt == "org":
            city = pick(w.cities, self.seed, f"{salt}/city")
            return pick(w.public, self.seed, f"{salt}/public").replace("{city}", city)
        if shape == 1:
            return f"{invented(self.seed, salt)} {suffix}".strip()
        return f"{name} {sector} {suffix}".strip()

    def _brand(self) -> str:
        own = self.words.brands.get(self.kind, ())
        if number(self.seed, "brand/invented") % 9 == 0:
            return invented(self.seed, "brand")
        pool = own if own and number(self.seed, "brand/own") % 2 else brands().kinds[self.kind]
        return pick(pool, self.seed, f"brand/{self.kind}")

    def _email(self) -> str:
        first, last = addresses.slug(self["first"]), addresses.slug(self["last"])
        rng = stream(self.seed, "email")
        if rng.random() < 0.35:
            return addresses.free_address(f"{first} {last}", rng)
        box = rng.choice((f"{first}.{last}", f"{first[0]}{last}", first, last, "info", "office"))
        return f"{box}@{self.domain}"

    def _date(self) -> str:
        return date(self.words, self.seed, "date")

    def _time(self) -> str:
        hour, minute = 6 + number(self.seed, "hour") % 15, number(self.seed, "minute") % 12 * 5
        shape = pick(self.words.time_formats, self.seed, "time")
        return shape.format(
            hh=f"{hour:02}",
            h=hour,
            h12=(hour - 1) % 12 + 1,
            min=f"{minute:02}",
            ampm="AM" if hour < 12 else "PM",
        )

    def _wallet(self) -> str:
        rng = stream(self.seed, "wallet")
        if rng.random() < 0.3:
            return "0x" + "".join(rng.choices("0123456789abcdef", k=40))
        return rng.choice(("1", "3", "bc1q")) + "".join(rng.choices("23456789abcdefghjkmnpqrstuvwxyz", k=32))


_DRAWN: dict[str, Callable[[Values], str]] = {
    "first": lambda v: v._name("first", "reader"),
    "last": lambda v: v._name("last", "reader"),
    "boss": lambda v: v.person("boss"),
    "colleague": lambda v: v.person("colleague"),
    "org": lambda v: v._organisation("org"),
    "vendor": lambda v: v._organisation("vendor"),
    "brand": Values._brand,
    "amount": lambda v: amount(v.words, v.seed, "amount", v.scale),
    "date": Values._date,
    "time": Values._time,
    "days": lambda v: pick(("2", "3", "3", "5", "7", "7", "10", "14", "4", "6"), v.seed, "days"),
    "hours": lambda v: pick(("6", "12", "24", "24", "24", "48", "48", "72", "36", "8"), v.seed, "hours"),
    "ref": lambda v: reference(v.seed, "ref"),
    "phone": lambda v: phone(v.words, v.seed, "phone"),
    "city": lambda v: pick(v.words.cities, v.seed, "city"),
    "product": lambda v: pick(v.words.products, v.seed, "product"),
    "email": Values._email,
    "wallet": Values._wallet,
    "project": lambda v: pick(international().projects, v.seed, "project"),
}


def invented(seed: int, name: str) -> str:
    """The name of a brand that is nobody's, as far as we know."""
    return pick(parts().syllables_1, seed, f"{name}/1") + pick(parts().syllables_2, seed, f"{name}/2")


def _speaks_of_brand(scene: Scene) -> bool:
    """Whether any phrase of a scene names its brand."""
    pools = (scene.senders, scene.subjects, scene.openers, scene.details, scene.asks, scene.actions)
    return any("{brand}" in phrase for pool in pools for phrase in pool)


@cache
def brand_kind(intent: str, name: str) -> str:
    """The kind of brand that a scene is about, by the words of its name, else by its intent, else any."""
    for kind, hints in brands().hints.items():
        if any(hint in name for hint in hints.split()):
            return kind
    kinds = tuple(kind for kind in brands().kinds if kind != "tax")
    return _KIND_BY_INTENT.get(intent) or pick(kinds, 0, name)


def date(w: Words, seed: int, name: str) -> str:
    """A date as written in the language."""
    day, month, year = (
        1 + number(seed, f"{name}/d") % 28,
        number(seed, f"{name}/m") % 12,
        2017 + number(seed, f"{name}/y") % 9,
    )
    weekday = pick(w.weekdays, seed, f"{name}/w")
    return pick(w.date_formats, seed, f"{name}/shape").format(
        day=day,
        dd=f"{day:02}",
        mm=f"{month + 1:02}",
        m=month + 1,
        month=w.months[month],
        mon=w.months[month][:3],
        year=year,
        yy=year % 100,
        weekday=weekday,
    )


_ANY_SCALE = (40, 200, 900, 900, 5000, 20000, 90000)
_SMALL = (20, 60, 60, 200, 600)
_LARGE = (900, 5000, 20000, 20000, 90000)
_EVERYDAY = frozenset({"telecom", "energy", "streaming", "parcel", "travel", "software", "shop"})
_SCALES = {
    **dict.fromkeys(
        ("receipt", "shipping", "prize", "unsolicited-offer", "newsletter", "gift-cards", "password-reset"),
        _SMALL,
    ),
    **dict.fromkeys(("account-notice", "security-notice", "personal", "community"), (*_SMALL, 900)),
    **dict.fromkeys(("payment-change", "advance-fee", "extortion"), _LARGE),
}
"""The highest amount of money, by intent; several sizes each."""


def amount(w: Words, seed: int, name: str, scales: tuple[int, ...] = _ANY_SCALE) -> str:
    """An amount of money as written in the language: from small change to a company's payment."""
    scale = pick(scales, seed, f"{name}/scale")
    cents = 100 + number(seed, f"{name}/cents") % (scale * 100)
    exact, rounded = f"{cents / 100:,.2f}", f"{max(1, cents // 500) * 5:,}"
    if w.decimal_comma:
        exact, rounded = (text.translate(_COMMAS) for text in (exact, rounded))
    return pick(w.amount_formats, seed, f"{name}/shape").format(e=exact, r=rounded)


_COMMAS = str.maketrans(",.", ".,")


def reference(seed: int, name: str) -> str:
    """A number of a case, an order, an invoice."""
    rng = stream(seed, name)
    digits = str(rng.randrange(10**9))
    return rng.choice(
        (
            digits[:6],
            digits,
            f"INV-{digits[:5]}",
            f"#{digits[:7]}",
            f"{addresses.random_id(rng, 3).upper()}-{digits[:6]}",
            f"20{rng.randrange(17, 26)}/{digits[:4]}",
            f"{digits[:4]}-{digits[4:8]}",
            addresses.random_id(rng, 8).upper(),
            f"CASE {digits[:8]}",
            f"PO{digits[:6]}",
        )
    )


def phone(w: Words, seed: int, name: str) -> str:
    """A telephone number in one of the country's shapes."""
    rng = stream(seed, name)
    return "".join(str(rng.randrange(10)) if c == "#" else c for c in rng.choice(w.phone_formats))
