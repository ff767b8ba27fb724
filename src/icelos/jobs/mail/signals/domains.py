"""Hosts, addresses and the organisations behind them, by the public suffix list that tldextract bundles."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

if TYPE_CHECKING:
    from tldextract import TLDExtract

FREEMAIL = frozenset(
    """
    10minutemail.com 126.com 163.com abv.bg alice.it aliceadsl.fr aliyun.com aol.com aon.at arcor.de att.net
    azet.sk bbox.fr bellsouth.net bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com centrum.cz
    charter.net chello.at club-internet.fr comcast.net consultant.com cox.net daum.net disroot.org dr.com
    duck.com earthlink.net email.com email.cz email.it engineer.com europe.com excite.com fastmail.com
    foxmail.com free.fr freenet.de globo.com globomail.com gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.es
    gmx.fr gmx.net gmx.us googlemail.com guerrillamail.com hanmail.net hetnet.nl hey.com hispeed.ch home.nl
    hotmail.co.uk hotmail.com hotmail.com.br hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl
    hushmail.com i.ua icloud.com ig.com.br inbox.lv inbox.ru interia.pl juno.com kpnmail.nl laposte.net
    libero.it list.ru live.ca live.co.uk live.com live.com.pt live.de live.fr live.it live.nl lycos.com
    mail.com mail.pt mail.ru mail2world.com mailbox.org mailfence.com mailinator.com me.com msn.com
    mynet.com naver.com netzero.net neuf.fr ntlworld.com o2.pl onet.pl op.pl optonline.net optusnet.com.au
    orange.fr outlook.com outlook.com.br outlook.de outlook.es outlook.fr outlook.it outlook.jp outlook.pt
    planet.nl pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com r7.com rambler.ru rediffmail.com
    riseup.net rocketmail.com rogers.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com skynet.be
    sohu.com sympatico.ca t-online.de talktalk.net telenet.be temp-mail.org terra.com.br tin.it
    tiscali.co.uk tiscali.it tuta.com tuta.io tutanota.com tutanota.de ukr.net uol.com.br usa.com
    verizon.net virgilio.it walla.co.il wanadoo.fr web.de windowslive.com wp.pl xs4all.nl yahoo.ca
    yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.mx
    yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru yeah.net ymail.com yopmail.com
    ziggo.nl zipmail.com.br zoho.com
    """.split()
)
"""Mail for everyone: the organisation of such an address is not that of its sender."""

_ADDRESS = re.compile(r"[A-Za-z0-9._%+'=-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62})")
_DOMAIN = re.compile(
    r"(?:https?://|(?=www\.)|^)(?P<host>(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?=[/:?#\s,;)]|\.?$)",
    re.IGNORECASE,
)


class Url(msgspec.Struct, frozen=True):
    """The parts of a web address that matter here; the host in lower case, the rest as written."""

    scheme: str
    host: str
    userinfo: str
    port: int = 0
    path: str = ""
    query: str = ""
    fragment: str = ""


def addresses(text: str) -> list[tuple[str, str]]:
    """(address, its host in lower case) for each mail address in a text."""
    return [(found.group(), found[1].lower()) for found in _ADDRESS.finditer(text[:8192])]


def shown_host(text: str) -> str:
    """The host that a link's text claims to lead to, or nothing: "www.bank.de/login" but not "click here"."""
    found = _DOMAIN.search(text.strip()[:500])
    host = found["host"].lower() if found else ""
    told = found is not None and found.group().lower().startswith(("http", "www."))
    unlikely = _FILES if told else _FILES + _FILES_UNLESS_TOLD
    return host if organisation(host) and not host.endswith(unlikely) else ""


_FILES = (".zip", ".mov")
"""Top-level domains that are far more often the end of a file's name."""
_FILES_UNLESS_TOLD = tuple(
    f".{end}" for end in "py sh pl rs cc so md sv inc ps mk am in pm ml cat app".split()
)
"""Those that are as often, unless "www." or "https://" stands before."""


def parse_url(text: str) -> Url | None:
    """A web address, or None for what is none."""
    cleaned = re.sub(r"[\t\r\n]", "", text.strip())
    try:
        parts = urlsplit(cleaned)
        host = unquote(parts.hostname or "").rstrip(".").lower()
        userinfo = parts.netloc.rpartition("@")[0]
        port = parts.port or 0
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return Url(parts.scheme.lower(), "", "") if parts.scheme else None
    return Url(parts.scheme.lower(), host, userinfo, port, parts.path, parts.query, parts.fragment)


@lru_cache(maxsize=65536)
def organisation(host: str) -> str:
    """The registrable domain ("bank.co.uk" of "www.bank.co.uk"); nothing for an IP or a bare suffix."""
    return str(_extract()(host).top_domain_under_public_suffix)


@lru_cache(maxsize=1)
def _extract() -> TLDExtract:
    """The bundled list only: never the network, never a cache on disk."""
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=False)


def is_public_ip(host: str) -> bool:
    """An IP address of the open Internet, in any notation that browsers take ("0x7f.1", "2130706433")."""
    address = _ip(host)
    return address is not None and address.is_global


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|\d{1,10}", part) for part in parts):
        return None
    try:
        numbers = [int(p, 16) if p[:2].lower() == "0x" else int(p, 8 if p[0] == "0" else 10) for p in parts]
        value = sum(number << (8 * (3 - place)) for place, number in enumerate(numbers[:-1])) + numbers[-1]
        return ipaddress.IPv4Address(value)
    except (ValueError, ipaddress.AddressValueError):
        return None


def mixed_scripts(host: str) -> bool:
    """Whether one label of a host mixes Latin with Cyrillic or Greek (UTS 39, "single script")."""
    return any(len(_scripts(label)) > 1 for label in decoded_host(host).split("."))


def decoded_host(host: str) -> str:
    """The host with its punycode labels as people see them."""
    labels = []
    for label in host.split(".")[:12]:
        try:
            labels.append(
                label[4:68].encode("ascii").decode("punycode") if label.startswith("xn--") else label
            )
        except (UnicodeError, ValueError):
            labels.append(label)
    return ".".join(labels)


def _scripts(label: str) -> set[str]:
    names = {unicodedata.name(c, "").partition(" ")[0] for c in label if c.isalpha()}
    return names & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}
