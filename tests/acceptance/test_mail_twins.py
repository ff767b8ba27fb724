"""Twins: an honest mail, and the same one where only its origin, its answer address or one domain differs.

The doctored one must have the higher score in at least 95 % of 200 seeded pairs. And plain mail in a plain
envelope scores clean: nothing is held against a mail for how it was kept.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from icelos.jobs.mail.judge import open_judge
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.signals.signals import signals
from icelos.settings import MailSettings, load

PAIRS = 200
BAR = 0.95
SERVER = "mx.northwind-traders.com"

BRANDS = tuple(
    line.rsplit(" ", 1)
    for line in """
PayPal paypal.com
Netflix netflix.com
Microsoft microsoft.com
DHL dhl.de
Amazon amazon.com
LinkedIn linkedin.com
Dropbox dropbox.com
DocuSign docusign.net
Wells Fargo wellsfargo.com
Barclays barclays.co.uk
Sparkasse sparkasse.de
Commerzbank commerzbank.de
Bradesco bradesco.com.br
Nubank nubank.com.br
Correios correios.com.br
Millennium bcp millenniumbcp.pt
Rabobank rabobank.nl
PostNL postnl.nl
Boursorama boursorama.com
Chronopost chronopost.fr
CaixaBank caixabank.es
Movistar movistar.es
Intesa Sanpaolo intesasanpaolo.com
Binance binance.com
MetaMask metamask.io
Spotify spotify.com
FedEx fedex.com
Vodafone vodafone.de
Revolut revolut.com
Instagram instagram.com
""".strip().split("\n")
)

BODIES = tuple(
    line.split(" | ")
    for line in """
Your receipt {ref} | Thank you for your payment of {sum} on {day}. It is in your account. | View the receipt
Your order {ref} is on its way | Good news: your parcel left our warehouse and arrives on {day}. | Follow it
You changed your password | This is to let you know that your password was changed on {day}. | See activity
News for {day} | Here is what is new this month. We made three things simpler for you. | Read more
Ihre Rechnung {ref} | vielen Dank. Anbei finden Sie die Rechnung über {sum} vom {day}. | Zur Rechnung
Ihre Sendung {ref} | Ihr Paket wird am {day} zugestellt. Sie müssen nichts weiter tun. | Sendung verfolgen
Neues im {day} | in dieser Ausgabe lesen Sie von unseren neuen Angeboten. | Weiterlesen
Seu comprovante {ref} | recebemos o seu pagamento de {sum} em {day}. Obrigado. | Ver comprovante
Sua encomenda {ref} | seu pedido chega em {day}. Acompanhe a entrega quando quiser. | Acompanhar
Votre facture {ref} | merci pour votre paiement de {sum} du {day}. | Voir la facture
Votre colis {ref} | votre colis sera livré le {day}. | Suivre le colis
Su pedido {ref} | hemos enviado su pedido; llegará el {day}. | Ver el pedido
La tua ricevuta {ref} | abbiamo ricevuto il pagamento di {sum} del {day}. | Vedi la ricevuta
Uw bestelling {ref} | uw pakket wordt op {day} bezorgd. | Volg uw pakket
""".strip().split("\n")
)


class Letter(msgspec.Struct, frozen=True):
    """What a mail is made of."""

    name: str
    address: str
    subject: str
    text: str
    action: str
    link: str
    reply_to: str
    origin: str

    def raw(self) -> bytes:
        """The mail, in text and HTML."""
        mail = EmailMessage()
        mail["Authentication-Results"] = f"{SERVER}; {self.origin}"
        mail["From"] = f"{self.name} <{self.address}>"
        mail["To"] = "Bob Example <bob@northwind-traders.com>"
        mail["Reply-To"] = self.reply_to
        mail["Subject"] = self.subject
        mail.set_content(f"Hello Bob,\n{self.text}\n{self.link}\n")
        page = f"<p>Hello Bob,</p><p>{self.text}</p><p><a href='{self.link}'>{self.action}</a></p>"
        mail.add_alternative(f"<html><body>{page}</body></html>", subtype="html")
        return mail.as_bytes()


def honest(dice: random.Random) -> Letter:
    name, domain = dice.choice(BRANDS)
    subject, text, action = dice.choice(BODIES)
    slots = {
        "ref": dice.randint(10_000, 99_999),
        "sum": f"{dice.randint(9, 400)}.{dice.randint(10, 99)}",
        "day": f"{dice.randint(1, 28)}.{dice.randint(1, 12)}.",
    }
    address = f"{dice.choice(['service', 'news', 'noreply', 'info'])}@{domain}"
    passed = f"spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
    link = f"https://www.{domain}/{dice.choice(['orders', 'inbox', 'news', 'help'])}/{slots['ref']}"
    return Letter(name, address, subject.format(**slots), text.format(**slots), action, link, address, passed)


# ---- what a forger changes


def failed_origin(letter: Letter, dice: random.Random) -> Letter:
    domain = letter.address.partition("@")[2]
    result = dice.choice(
        [
            f"spf=fail smtp.mailfrom={domain}; dkim=none; dmarc=fail header.from={domain}",
            f"spf=softfail smtp.mailfrom={domain}; dkim=none; dmarc=fail header.from={domain}",
            f"spf=pass smtp.mailfrom=vps-4711.net; dkim=fail header.d={domain}; dmarc=fail",
            "spf=pass smtp.mailfrom=bulk-sender.org; dkim=none; dmarc=none",
            "spf=none; dkim=none; dmarc=none",
        ]
    )
    return msgspec.structs.replace(letter, origin=result)


def answers_elsewhere(letter: Letter, dice: random.Random) -> Letter:
    domain = letter.address.partition("@")[2]
    host = dice.choice(["gmail.com", "outlook.com", "claims-office.net", imitation(domain, dice)])
    return msgspec.structs.replace(letter, reply_to=f"office@{host}")


def other_sender(letter: Letter, dice: random.Random) -> Letter:
    local, _, domain = letter.address.partition("@")
    fake = imitation(domain, dice)
    origin = letter.origin.replace(domain, fake)
    address = f"{local}@{fake}"
    return msgspec.structs.replace(letter, address=address, reply_to=address, origin=origin)


def other_link(letter: Letter, dice: random.Random) -> Letter:
    domain = letter.address.partition("@")[2]
    fake = imitation(domain, dice)
    return msgspec.structs.replace(letter, link=letter.link.replace(f"www.{domain}", fake))


def imitation(domain: str, dice: random.Random) -> str:
    """A domain that a hurried reader takes for another."""
    label, _, ending = domain.partition(".")
    ways: list[Callable[[], str]] = [
        lambda: f"{label}-{dice.choice(['secure', 'login', 'service', 'support', 'billing'])}.com",
        lambda: f"{dice.choice(['secure', 'my', 'login', 'account'])}-{label}.net",
        lambda: f"{domain}.{dice.choice(['account-check', 'customer-care', 'id-4711'])}.net",
        lambda: f"{label}.{dice.choice(['top', 'xyz', 'online', 'click'])}",
    ]
    if len(label) >= 6:
        place = dice.randrange(1, len(label) - 1)
        ways += [
            lambda: f"{label[:place]}{label[place]}{label[place:]}.{ending}",
            lambda: f"{label[:place]}{label[place + 1 :]}.{ending}",
            lambda: swapped(label, place) + f".{ending}",
            lambda: f"{alike(label)}.{ending}",
        ]
    return dice.choice(ways)()


def swapped(label: str, place: int) -> str:
    """Two neighbours that differ, the other way round."""
    for start in [*range(place, len(label) - 1), *range(1, place)]:
        if label[start] != label[start + 1]:
            return label[:start] + label[start + 1] + label[start] + label[start + 2 :]
    return label + "s"


def alike(label: str) -> str:
    """One letter, or two, for another that looks like it."""
    for plain, other in (("m", "rn"), ("l", "1"), ("o", "0"), ("i", "l"), ("a", "\u0430"), ("e", "\u0435")):
        if plain in label:
            fake = label.replace(plain, other, 1)
            return fake if fake.isascii() else "xn--" + fake.encode("punycode").decode("ascii")
    return label + "1"


FORGERIES = (failed_origin, answers_elsewhere, other_sender, other_link)


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], float]:
    """The score, from 0 to 1, of the judge that a workspace opens; it keeps no sketches of senders here."""
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    mail = MailSettings(senders=False, trusted_servers=(SERVER,))
    judge = open_judge(msgspec.structs.replace(load().settings, mail=mail))
    return lambda raw: judge.judge(raw).score


@pytest.mark.parametrize("seed", range(5))
def test_the_doctored_twin_scores_higher(seed: int, score: Callable[[bytes], float]) -> None:
    dice = random.Random(seed)
    right: Counter[str] = Counter()
    wrong: list[tuple[str, Letter]] = []
    for number in range(PAIRS):
        letter, forge = honest(dice), FORGERIES[number % len(FORGERIES)]
        doctored = forge(letter, dice)
        if score(doctored.raw()) > score(letter.raw()):
            right[forge.__name__] += 1
        else:
            wrong.append((forge.__name__, doctored))
    assert right.total() >= BAR * PAIRS, (dict(right), wrong[:5])


def test_honest_twins_are_clear(score: Callable[[bytes], float]) -> None:
    dice = random.Random(99)
    flagged = [letter for letter in (honest(dice) for _ in range(PAIRS)) if score(letter.raw()) >= 0.5]
    assert flagged == []


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Lunch on Friday", "Hi Bob, shall we have lunch at noon on Friday? Ann"),
        (
            "Protokoll vom Montag",
            "Hallo Bob, im Anhang das Protokoll. Bitte bis Mittwoch durchsehen. Gruß, Ann",
        ),
        ("Relatório", "Olá Bob, segue o relatório do mês. Qualquer dúvida, me avise. Abraço, Ann"),
        (
            "Re: build is broken",
            "The build fails since revision 4711; see https://ci.northwind-traders.com/4711",
        ),
        ("Hello", ""),
    ],
)
def test_a_plain_mail_in_a_plain_envelope_shows_no_sign(subject: str, text: str) -> None:
    plain = EmailMessage()
    plain["From"] = "Ann <ann@lindqvist.se>"
    plain["To"] = "Bob <bob@northwind-traders.com>"
    plain["Subject"] = subject
    plain["Message-ID"] = "<1@lindqvist.se>"
    plain.set_content(text)
    assert signals(read_message(plain.as_bytes())) == []
