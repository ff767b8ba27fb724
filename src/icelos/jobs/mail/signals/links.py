"""Where links lead, and how that is hidden. One signal a trick, however many links play it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from icelos.jobs.mail.signals.brands import SOCIAL, claims, owners
from icelos.jobs.mail.signals.domains import (
    decoded_host,
    is_public_ip,
    mixed_scripts,
    organisation,
    shown_host,
)
from icelos.jobs.mail.signals.facts import Facts, same_party
from icelos.jobs.mail.signals.hosts import (
    COMMON_HOSTING,
    FREE_HOSTING,
    OPEN_REDIRECTORS,
    SHORTENERS,
    entry,
    is_cheap,
    is_service,
)
from icelos.jobs.mail.signals.lookalike import likeness
from icelos.jobs.mail.signals.spelling import looks_random
from icelos.jobs.mail.signals.symbols import Signal, hit
from icelos.jobs.mail.signals.web import Web

MANY_LABELS = 4
"""Labels below the registered domain from which a host is odd."""
_USUAL_PORTS = frozenset({0, 80, 443, 8080, 8443})


_IDLE = re.compile(r"\s*(?:javascript:\s{0,9}(?:void\b|;|//|\Z)|data:[^,]*\Z)", re.IGNORECASE)
"""A link of a web page that does nothing in a mail, and words that only look like one."""


def links(facts: Facts) -> Iterator[Signal]:
    """All that single links show."""
    for web in facts.webs:
        if web.url.scheme in {"javascript", "data", "vbscript"}:
            if _IDLE.match(web.target):
                continue
            why = f"a link runs {web.url.scheme}: instead of leading somewhere"
            yield hit("script-link", why, "body", web.target)
        elif web.host:
            if web.origin == "qr":
                why = f"a code in a picture leads to {web.host}"
                yield hit("link-in-code", why, "picture", web.target)
            for look in (_mismatch, _address, _place, _imitation, _path):
                yield from look(web, facts)


def _mismatch(web: Web, facts: Facts) -> Iterator[Signal]:
    """The text of a link names another organisation's host, or a brand, than the one it leads to."""
    if web.through or not web.text:
        return
    shown = shown_host(web.text)
    if shown:
        if not _leads_there(web, shown, facts):
            why = f"a link shows {shown} and leads to {web.host}"
            yield hit("link-text-mismatch", why, "body", web.target)
    elif not _is_usual(web, facts):
        for claim in claims(web.text[:80]):
            if (
                claim.alone
                and not claim.brand.plain
                and claim.brand.group != SOCIAL
                and claim.brand.key not in owners(web.host)
            ):
                why = f"a link speaks of {claim.brand.names[0]} and leads to {web.host}"
                yield hit("brand-borrowed", why, "body", web.target)


def _leads_there(web: Web, shown: str, facts: Facts) -> bool:
    """To the host shown, by itself or by a service that counts visits, or that of the sender himself."""
    passed_on = [inner for inner in facts.webs if inner.through == web.host]
    return (
        same_party(web.host, shown)
        or is_service(shown)
        or any(same_party(inner.host, shown) for inner in passed_on)
        or _is_usual(web, facts)
    )


def _is_usual(web: Web, facts: Facts) -> bool:
    """A host of the sender's own or of a mailing service: newsletters count visits there."""
    return is_service(web.host) or same_party(web.host, facts.sender.host)


def _address(web: Web, _: Facts) -> Iterator[Signal]:
    """How the host is written: user information, a bare IP address, other alphabets, ports, codes."""
    host, target = web.host, web.target
    if organisation(web.url.userinfo.partition(":")[0].lower()):
        why = f"a link shows {web.url.userinfo[:80]} before the @ of {host}"
        yield hit("link-userinfo", why, "body", target)
    if is_public_ip(host):
        yield hit("link-to-ip", f"a link leads to the bare address {host}", "body", target)
    elif web.url.port not in _USUAL_PORTS and web.organisation:
        yield hit("link-port", f"a link names port {web.url.port} of {host}", "body", target)
    if "xn--" in host or not host.isascii():
        mixed = mixed_scripts(host)
        how = "mixes alphabets" if mixed else "is not in plain letters"
        name = "link-mixed-scripts" if mixed else "link-punycode"
        yield hit(name, f"a link's host {decoded_host(host)} {how}", "body", target)
    if _hides_letters(target):
        yield hit("link-encoded", "a link writes plain letters as percent codes", "body", target)


_CODED = re.compile(r"(?:%(?:3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])){3}", re.IGNORECASE)


def _hides_letters(target: str) -> bool:
    """Three letters in a row as percent codes in host or path: no program writes plain letters so."""
    return "%" in target and _CODED.search(target.partition("?")[0]) is not None


def _place(web: Web, facts: Facts) -> Iterator[Signal]:
    """Whose space it is: a short link's, free web space, a great name's page that sends visitors on."""
    host, head = web.host, web.head
    if entry(OPEN_REDIRECTORS, host, head) and _passes_on(web, facts):
        why = f"a link has {host} send its visitors on elsewhere"
        yield hit("link-redirected", why, "body", web.target)
    elif entry(SHORTENERS, host):
        yield hit("link-shortener", f"a link hides where it leads behind {host}", "body", web.target)
    elif entry(COMMON_HOSTING, host, head):
        if not same_party(host, facts.sender.host):
            yield hit("link-common-space", f"a link leads to web space at {host}", "body", web.target)
    elif entry(FREE_HOSTING, host, head):
        yield hit("link-free-space", f"a link leads to free web space at {host}", "body", web.target)
    elif not (owners(host) or is_service(host) or same_party(host, facts.sender.host)):
        yield from _stranger(web)


def _passes_on(web: Web, facts: Facts) -> bool:
    """To another organisation that is in sight, or to one that is not."""
    inner = [other for other in facts.webs if other.through == web.host]
    return not inner or any(not same_party(other.host, web.host) for other in inner)


def _stranger(web: Web) -> Iterator[Signal]:
    """What the name of an unknown host is like."""
    host = web.host
    if is_cheap(host):
        why = f"a link's host {host} is under an ending that costs next to nothing"
        yield hit("link-cheap-ending", why, "body", web.target)
    if looks_random(web.organisation.partition(".")[0]):
        yield hit("link-random-host", f"a link's host {host} looks made by a machine", "body", web.target)
    if host.count(".") - web.organisation.count(".") >= MANY_LABELS and web.organisation:
        yield hit("link-many-labels", f"a link's host {host} has very many labels", "body", web.target)


def _imitation(web: Web, facts: Facts) -> Iterator[Signal]:
    """The host imitates another."""
    if same_party(web.host, facts.sender.host):
        return
    like = likeness(web.host, facts.known.names)
    if like is not None:
        yield hit(f"link-{like.kind}", f"a link's host {web.host} {like.how}", "body", web.target)


_SIGN_IN = re.compile(
    r"(?:log-?in|sign-?in|sign-?on|logon|verif(?:y|ication)|webmail|\bowa\b|password|passwd|authenticat|"
    r"credential|account-?update|secure-?(?:account|log)|roundcube)",
    re.IGNORECASE,
)
_PLANTED = re.compile(
    r"/wp-(?:admin|includes|content/(?!uploads|themes/[^/]{1,60}/(?:images|img)|cache))|/\.well-known/(?!openpgp)|"
    r"/(?:css|js|images|img|fonts|vendor|node_modules|cgi-bin|tmp|cache)/[^?]{0,200}\.(?:php|html?)\Z",
    re.IGNORECASE,
)
"""Folders that hold no pages for visitors: a page there was put there by someone else."""


def _path(web: Web, facts: Facts) -> Iterator[Signal]:
    """What stands after the host: a brand's name, words of signing in, the recipient's address."""
    yield from _recipient(web, facts)
    if is_service(web.host) or same_party(web.host, facts.sender.host) or owners(web.host):
        return
    first = web.head.partition("/")[0]
    for claim in claims(first[:40]) if len(first) >= 3 else ():
        if claim.brand.group != SOCIAL and not claim.brand.plain and claim.alone:
            why = f"a link's path speaks of {claim.brand.names[0]}, its host is {web.host}"
            yield hit("link-brand-path", why, "body", web.target)
    if _PLANTED.search(web.url.path[:500]):
        why = f"a link leads into an inner folder of {web.host}"
        yield hit("link-planted", why, "body", web.target)
    if _SIGN_IN.search(web.url.path[:500]):
        why = f"a link at {web.host}, which is not the sender's, speaks of signing in"
        yield hit("link-asks-sign-in", why, "body", web.target)


def _recipient(web: Web, facts: Facts) -> Iterator[Signal]:
    """The recipient's address where only the page itself reads it."""
    rest = f"{web.url.path}?{web.url.query}#{web.url.fragment}"
    fragment = web.url.fragment.lower().replace("%40", "@")
    why = "a link carries the recipient's address out of sight"
    if any(_is_address(match) for match in _CODE.findall(rest[:1000])):
        yield hit("link-recipient-hidden", why, "body", web.target)
        return
    for address in facts.recipients[:5]:
        coded = base64.b64encode(address.encode()).decode().rstrip("=")[:-1]
        if address in fragment or (len(coded) >= 10 and coded in rest):
            yield hit("link-recipient-hidden", why, "body", web.target)


_CODE = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{16,200}|[A-Za-z0-9_-]{14,200}={0,2})(?![0-9A-Za-z])")


def _is_address(code: str) -> bool:
    """Whether hexadecimal digits or base64 decode to nothing but a mail address."""
    try:
        if re.fullmatch("(?:[0-9a-f]{2})+", code):
            plain = bytes.fromhex(code)
        else:
            bare = code.rstrip("=")
            plain = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return False
    return (
        re.fullmatch(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{2,60}){1,4}", plain)
        is not None
    )


LOOKS = (links,)
