"""Made-up domains, addresses and URLs, of the many shapes that attackers and honest senders use.

Well-known names of services occur as they occur in real mail. Nothing is ever looked up or sent.
"""

from __future__ import annotations

import random
import re
import unicodedata

from icelos.jobs.mail.synthesis.dice import weighted
from icelos.jobs.mail.synthesis.words import brands

_FREE_MAIL = ("gmail.com gmail.com gmail.com outlook.com hotmail.com yahoo.com aol.com icloud.com proton.me gmx.net "
              "mail.com yandex.com zoho.com live.com web.de orange.fr libero.it uol.com.br").split()  # fmt: skip
_FREE_HOSTS = ("weebly.com web.app pages.dev github.io blogspot.com wixsite.com netlify.app firebaseapp.com "
               "workers.dev r2.dev glitch.me godaddysites.com webflow.io square.site vercel.app herokuapp.com "
               "azurewebsites.net duckdns.org ddns.net myfreesites.net carrd.co backblazeb2.com").split()  # fmt: skip
_SHORTENERS = "bit.ly tinyurl.com cutt.ly is.gd rb.gy t.ly s.id t.co ow.ly rebrand.ly shorturl.at goo.su qrco.de".split()
_SHARES = (
    "https://docs.google.com/forms/d/e/{id}/viewform", "https://drive.google.com/file/d/{id}/view?usp=sharing",
    "https://www.dropbox.com/s/{id}/document.pdf?dl=0", "https://{word}-my.sharepoint.com/:b:/g/{id}",
    "https://forms.office.com/r/{short}", "https://www.canva.com/design/{id}/view", "https://wetransfer.com/downloads/{id}",
    "https://storage.googleapis.com/{word}/{short}.html", "https://sites.google.com/view/{word}/home",
)  # fmt: skip
_REDIRECTORS = (
    "https://www.google.com/url?q=https%3A%2F%2F{host}%2F&sa=D", "https://u{n}.ct.sendgrid.net/ls/click?upn={id}",
    "https://l.facebook.com/l.php?u=https%3A%2F%2F{host}", "https://{host}/redirect.php?url={id}",
    "https://urldefense.com/v3/__https://{host}__;!!{id}", "https://{word}.us{m}.list-manage.com/track/click?u={id}&id={short}",
)  # fmt: skip
_LURES = ("secure login verify support account update signin service billing id help confirm portal auth alert info "
          "online my webmail mail web pay center team desk unlock review customer").split()  # fmt: skip
_ODD_TLDS = ("com com com net info top xyz online site shop live club icu ru cn pw tk ga ml cf work buzz click link "
             "support services co me cc dev app store space website fun").split()  # fmt: skip
_SMALL_SITES = ("bakery plumbing yoga church florist dental garage studio travel school kindergarten gym salon cafe "
                "hotel farm tiles roofing vet clinic foto music chess football").split()  # fmt: skip
_BROKEN_INTO = ("wp-content/plugins/{word}/", "wp-includes/js/{word}/", "wp-admin/css/", "wp-content/uploads/2023/{word}/",
                ".well-known/acme-challenge/", "cgi-bin/", "images/", "administrator/components/", "~{word}/", "media/{word}/",
                "vendor/{word}/", "js/", "new/", "assets/")  # fmt: skip
_PAGES = ("login.php index.html verify.html signin/ index.php?id={short} ?email={id} auth.html account/ update.php "
          "{short} secure/ invoice.php?ref={n} view.html").split()  # fmt: skip
_HONEST_PATHS = ("account help orders/{n} orders/{n}/track settings/security reset?token={id} news/{short} shop/{word} invoices/{n} "
                 "unsubscribe?u={id} events/{word} docs/{word} support/tickets/{n} offers calendar/{short} track/{n} profile "
                 "verify?code={id} blog/2024/{word} login download/{short} surveys/{short} pay/{short}").split()  # fmt: skip
_HONEST_HOSTS = {"www": 8, "": 4, "click.mail": 2, "links": 1, "email": 1, "my": 2, "account": 2, "news": 1, "go": 1, "e": 1, "app": 2, "support": 1}  # fmt: skip
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
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def slug(name: str) -> str:
    """Letters and digits of a name, as a domain would have them."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return re.sub(r"[^a-z0-9]", "", plain.encode("ascii", "ignore").decode("ascii").lower())[:30] or "company"


def random_id(rng: random.Random, length: int) -> str:
    """Letters and digits."""
    return "".join(rng.choices(_LETTERS, k=length))


def brand_domain(brand: str) -> str:
    """Where a brand is at home."""
    return brands().domains.get(brand) or f"{slug(brand)}.com"


def lookalike(name: str, rng: random.Random) -> str:
    """A domain that means to be taken for another's."""
    base = slug(name)
    lure, tld = rng.choice(_LURES), rng.choice(_ODD_TLDS)
    shape = rng.randrange(7)
    if shape == 0:
        old, new = rng.choice(_SWAPS)
        swapped = base.replace(old, new, 1)
        return f"{swapped if swapped != base else base + base[-1]}.{rng.choice(('com', 'com', 'net', 'co'))}"
    return (
        f"{base}-{lure}.{tld}", f"{lure}-{base}.{tld}", f"{base}{lure}.{tld}", f"{base}.{lure}-{random_id(rng, 4)}.{tld}",
        f"www.{base}.com.{random_id(rng, 5)}.{tld}", f"{base}{rng.randrange(10, 999)}.{tld}",
    )[shape - 1]  # fmt: skip


def small_site(rng: random.Random, name: str) -> str:
    """The domain of some small business."""
    return f"{slug(name)}-{rng.choice(_SMALL_SITES)}.{rng.choice(('com', 'com', 'net', 'org', 'de', 'com.br', 'it', 'nl', 'fr', 'co.za', 'in', 'pl', 'es', 'co.uk'))}"


def free_address(name: str, rng: random.Random) -> str:
    """A mailbox at a large provider."""
    parts = [slug(part) for part in name.split()[:2]] or ["info"]
    joined = rng.choice((".", "", "_", "-")).join(parts)
    return f"{joined}{rng.choice(('', '', str(rng.randrange(1, 2000))))}@{rng.choice(_FREE_MAIL)}"


def hostile_url(name: str, other: str, rng: random.Random) -> str:
    """Where a malicious mail leads: `name` is who it claims to be, `other` some unrelated party."""
    shape = weighted(rng, {"lookalike": 28, "free": 14, "short": 9, "broken": 18, "random": 10, "number": 2, "share": 10, "redirect": 7, "site": 2})  # fmt: skip
    host = _hostile_host(shape, name, other, rng)
    if shape == "short":
        return f"https://{rng.choice(_SHORTENERS)}/{random_id(rng, rng.randrange(5, 9))}"
    if shape in {"share", "redirect"}:
        return _filled(rng.choice(_SHARES if shape == "share" else _REDIRECTORS), rng, host)
    folder = rng.choice(_BROKEN_INTO) if shape == "broken" else ""
    scheme = "http" if rng.random() < 0.25 else "https"
    path = rng.choice(_PAGES) if rng.random() < 0.75 else ""
    return f"{scheme}://{host}/" + _filled(folder + path, rng, host)


def _hostile_host(shape: str, name: str, other: str, rng: random.Random) -> str:
    if shape == "free":
        return f"{slug(name)}-{rng.choice(_LURES)}{rng.choice(('', str(rng.randrange(100))))}.{rng.choice(_FREE_HOSTS)}"
    if shape == "random":
        return f"{random_id(rng, rng.randrange(6, 14))}.{random_id(rng, rng.randrange(5, 12))}.{rng.choice(_ODD_TLDS)}"
    if shape == "number":  # the blocks of RFC 5737, which nobody has
        return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"
    if shape in {"broken", "redirect", "site"}:
        return small_site(rng, other)
    return lookalike(name, rng)


def honest_url(domain: str, rng: random.Random) -> str:
    """Where an honest mail leads: mostly home, now and then through its mailing service."""
    shape = weighted(rng, {"own": 74, "share": 9, "redirect": 9, "short": 3, "plain": 5})
    if shape == "short":
        return f"https://{rng.choice(_SHORTENERS)}/{random_id(rng, 7)}"
    if shape in {"share", "redirect"}:
        return _filled(rng.choice(_SHARES if shape == "share" else _REDIRECTORS), rng, domain)
    if shape == "plain":
        return f"https://{domain}"
    sub = weighted(rng, _HONEST_HOSTS)
    tail = f"?utm_source=email&utm_campaign={random_id(rng, 6)}" if rng.random() < 0.2 else ""
    return (
        f"https://{sub + '.' if sub else ''}{domain}/"
        + _filled(rng.choice(_HONEST_PATHS), rng, domain)
        + tail
    )


def _filled(shape: str, rng: random.Random, host: str) -> str:
    if "{" not in shape:
        return shape
    return shape.format(
        id=random_id(rng, rng.randrange(16, 40)), short=random_id(rng, 8), n=rng.randrange(10000, 99999999), m=rng.randrange(1, 22),
        word=rng.choice(_SMALL_SITES), host=host,
    )  # fmt: skip
