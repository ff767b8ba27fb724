"""Made-up domains, addresses and URLs, of the many shapes that attackers and honest senders use.

Well-known names of services occur as they occur in real mail. Nothing is ever looked up or sent.
"""

from __future__ import annotations

import random
import re
import unicodedata
from functools import lru_cache

from icelos.jobs.mail.synthesis.dice import Odds, pick
from icelos.jobs.mail.synthesis.words import brands, parts

_SWAPS = (
    ("o", "0"),
    ("l", "1"),
    ("i", "l"),
    ("m", "rn"),
    ("e", "3"),
    ("a", "e"),
    ("s", "5"),
    ("u", "v"),
    ("w", "vv"),
)
HONEST_SHAPES = Odds({"own": 74, "share": 9, "redirect": 9, "short": 3, "plain": 5})
HOSTILE_SHAPES = Odds(
    {
        "lookalike": 28,
        "free": 14,
        "short": 9,
        "broken": 18,
        "random": 10,
        "number": 2,
        "share": 10,
        "redirect": 7,
        "site": 2,
    }
)
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "Ł": "L", "ı": "i", "æ": "ae", "&": "and"})
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@lru_cache(maxsize=4096)
def slug(name: str) -> str:
    """Letters and digits of a name, as a domain would have them; a made-up word for other scripts."""
    plain = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return re.sub(r"[^a-z0-9]", "", plain.encode("ascii", "ignore").decode("ascii").lower())[
        :30
    ] or _romanised(name)


def _romanised(name: str) -> str:
    """A word that stands for a name without Latin letters, always the same one."""
    return (pick(parts().syllables_1, 0, name) + pick(parts().syllables_2, 0, name)).lower()


def random_id(rng: random.Random, length: int) -> str:
    """Letters and digits."""
    return "".join(rng.choices(_LETTERS, k=length))


def brand_domain(brand: str, ending: str = "com") -> str:
    """Where a brand is at home; `ending` is that of its country."""
    return brands().domains.get(brand) or f"{slug(brand)}.{ending}"


def lookalike(name: str, rng: random.Random) -> str:
    """A domain that means to be taken for another's."""
    base = slug(name)
    lure, tld = rng.choice(parts().lures), rng.choice(parts().odd_endings)
    shape = rng.randrange(7)
    if shape == 0:
        old, new = rng.choice(_SWAPS)
        swapped = base.replace(old, new, 1)
        return f"{swapped if swapped != base else base + base[-1]}.{rng.choice(('com', 'com', 'net', 'co'))}"
    return (
        f"{base}-{lure}.{tld}",
        f"{lure}-{base}.{tld}",
        f"{base}{lure}.{tld}",
        f"{base}.{lure}-{random_id(rng, 4)}.{tld}",
        f"www.{base}.com.{random_id(rng, 5)}.{tld}",
        f"{base}{rng.randrange(10, 999)}.{tld}",
    )[shape - 1]


def small_site(rng: random.Random, name: str) -> str:
    """The domain of some small business."""
    return f"{slug(name)}-{rng.choice(parts().trades)}.{rng.choice(parts().small_endings)}"


def free_address(name: str, rng: random.Random) -> str:
    """A mailbox at a large provider."""
    names = [slug(part) for part in name.split()[:2]] or ["info"]
    joined = rng.choice((".", "", "_", "-")).join(names)
    return f"{joined}{rng.choice(('', '', str(rng.randrange(1, 2000))))}@{rng.choice(parts().free_mail)}"


def hostile_url(name: str, other: str, rng: random.Random) -> str:
    """Where a malicious mail leads: `name` is who it claims to be, `other` some unrelated party."""
    shape = HOSTILE_SHAPES.draw(rng)
    host = _hostile_host(shape, name, other, rng)
    if shape == "short":
        return f"https://{rng.choice(parts().shorteners)}/{random_id(rng, rng.randrange(5, 9))}"
    if shape in {"share", "redirect"}:
        return _filled(rng.choice(parts().shares if shape == "share" else parts().redirectors), rng, host)
    folder = rng.choice(parts().broken_into) if shape == "broken" else ""
    scheme = "http" if rng.random() < 0.25 else "https"
    path = rng.choice(parts().pages) if rng.random() < 0.75 else ""
    return f"{scheme}://{host}/" + _filled(folder + path, rng, host)


def _hostile_host(shape: str, name: str, other: str, rng: random.Random) -> str:
    if shape == "free":
        tail = rng.choice(("", str(rng.randrange(100))))
        return f"{slug(name)}-{rng.choice(parts().lures)}{tail}.{rng.choice(parts().free_hosts)}"
    if shape == "random":
        labels = random_id(rng, rng.randrange(6, 14)), random_id(rng, rng.randrange(5, 12))
        return f"{'.'.join(labels)}.{rng.choice(parts().odd_endings)}"
    if shape == "number":  # the blocks of RFC 5737, which nobody has
        return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"
    if shape in {"broken", "redirect", "site"}:
        return small_site(rng, other)
    return lookalike(name, rng)


def honest_url(domain: str, rng: random.Random) -> str:
    """Where an honest mail leads: mostly home, now and then through its mailing service."""
    shape = HONEST_SHAPES.draw(rng)
    if shape == "short":
        return f"https://{rng.choice(parts().shorteners)}/{random_id(rng, 7)}"
    if shape in {"share", "redirect"}:
        return _filled(rng.choice(parts().shares if shape == "share" else parts().redirectors), rng, domain)
    if shape == "plain":
        return f"https://{domain}"
    sub = rng.choice(parts().honest_hosts)
    path = _filled(rng.choice(parts().honest_paths), rng, domain)
    if rng.random() < 0.2:
        path += f"{'&' if '?' in path else '?'}utm_source=email&utm_campaign={random_id(rng, 6)}"
    return f"https://{sub + '.' if sub else ''}{domain}/{path}"


def _filled(shape: str, rng: random.Random, host: str) -> str:
    if "{" not in shape:
        return shape
    return shape.format(
        id=random_id(rng, rng.randrange(16, 40)),
        short=random_id(rng, 8),
        n=rng.randrange(10000, 99999999),
        m=rng.randrange(1, 22),
        word=rng.choice(parts().trades),
        host=host,
    )
