"""Who a mail says it is from: names, brands and people imitated, and answers that go elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from icelos.jobs.mail.signals.brands import Claim, claims, owners
from icelos.jobs.mail.signals.domains import FREEMAIL, addresses, organisation, shown_host
from icelos.jobs.mail.signals.facts import Facts, is_provider, read_sender, same_party
from icelos.jobs.mail.signals.hosts import (
    FREE_HOSTING,
    MAIL_HOSTS,
    MAILING_SERVICES,
    SHORTENERS,
    entry,
    is_cheap,
    is_service,
)
from icelos.jobs.mail.signals.lookalike import ENDING, Likeness, likeness
from icelos.jobs.mail.signals.spelling import looks_random, plain_letters
from icelos.jobs.mail.signals.symbols import Signal, hit


def shown_name(facts: Facts) -> Iterator[Signal]:
    """The name that mail programs show holds another address, or another domain, than the true one."""
    sender, quote = facts.sender, facts.message.first("from")
    if not sender.organisation:
        return
    for address, claimed in addresses(sender.name):
        if organisation(claimed) and not same_party(claimed, sender.host):
            why = f"the sender's name shows {address}, the address is at {sender.host}"
            yield hit("display-name-address", why, "From", quote)
    claimed = shown_host(sender.name)
    if claimed and "@" not in sender.name and not same_party(claimed, sender.host):
        why = f"the sender's name shows {claimed}, the address is at {sender.host}"
        yield hit("display-name-domain", why, "From", quote)


def brand_in_name(facts: Facts) -> Iterator[Signal]:
    """A brand's name as sender, and an address that is not the brand's."""
    sender = facts.sender
    if not sender.name:
        return
    theirs = owners(sender.host)
    for claim in claims(sender.name):
        stranger = claim.brand.key not in theirs
        if claim.misspelt and stranger:
            why = f"the sender's name imitates {claim.brand.names[0]} with look-alike characters"
            yield hit("brand-misspelt", why, "From", facts.message.first("from"))
        elif stranger and (sender.is_everyone or not theirs) and not facts.is_ours(sender.host):
            yield _stranger(facts, claim)


def brand_led_astray(facts: Facts) -> Iterator[Signal]:
    """It names a brand, as sender or in the subject, and all its links lead to one stranger."""
    places = {web.organisation or web.host for web in facts.webs if web.host}
    if len(places) != 1 or facts.sender.organisation in places:
        return
    host = next(web.host for web in facts.webs if web.host)
    involved = owners(host) | owners(facts.sender.host)
    if is_service(host):
        return
    for claim in [*claims(facts.sender.name), *claims(facts.message.subject)]:
        if claim.brand.key not in involved and not claim.brand.plain:
            why = f"it names {claim.brand.names[0]}, and all its links lead to {host}"
            yield hit("brand-led-astray", why, "body", host)
            return


def _stranger(facts: Facts, claim: Claim) -> Signal:
    sender, brand = facts.sender, claim.brand.names[0]
    why = f"the sender calls itself {brand}, the address is at {sender.host or 'no host at all'}"
    if not claim.alone:
        return hit("brand-in-name", why, "From", sender.name)
    loose = sender.is_everyone or looks_random(sender.organisation.partition(".")[0])
    return hit("brand-from-free-mail" if loose else "brand-from-stranger", why, "From", sender.name)


def brand_in_subject(facts: Facts) -> Iterator[Signal]:
    """The subject names a brand that neither the sender nor any link belongs to."""
    if not facts.webs or not facts.sender.host:
        return
    involved = owners(facts.sender.host).union(*(owners(web.host) for web in facts.webs))
    for claim in claims(facts.message.subject):
        if claim.brand.key not in involved and not claim.brand.plain:
            why = f"the subject names {claim.brand.names[0]}, and nothing in it leads there"
            yield hit("brand-in-subject", why, "Subject", facts.message.subject)
            return


def person_imitated(facts: Facts) -> Iterator[Signal]:
    """The name of a protected person, from an address that is neither theirs nor of our organisation."""
    sender = facts.sender
    if not facts.known.people or not sender.name or not sender.address:
        return
    words = _words(sender.name)
    for person in facts.known.people:
        protected = read_sender(person) if "@" in person else None
        name = _words(protected.name if protected else person)
        own = protected is not None and protected.address.lower() == sender.address.lower()
        if len(name) >= 2 and name <= words and not own and not facts.is_ours(sender.host):
            why = f"it bears the name of {' '.join(sorted(name))}, the address is {sender.address}"
            yield hit("person-imitated", why, "From", facts.message.first("from"))
            return


def _words(name: str) -> frozenset[str]:
    return frozenset(word.strip(".,;'\"()") for word in plain_letters(name).replace(",", " ").split()) - {""}


LONG_LOCAL = 24
"""Characters; longer ones are made by machines that count bounces, and honest ones do so."""


def sender_domain(facts: Facts) -> Iterator[Signal]:
    """The sender's domain imitates another, is web space for nothing, or looks made by a machine."""
    sender = facts.sender
    if not sender.organisation:
        return
    like = likeness(sender.host, facts.known.names)
    if like is not None:
        yield _imitation("from", like, f"the sender's domain {sender.host}", "From", sender.address)
    first = sender.organisation.partition(".")[0]
    if entry(FREE_HOSTING, sender.host) or entry(SHORTENERS, sender.host):
        yield hit("sender-free-space", f"{sender.host} is web space for everyone", "From", sender.address)
    elif _is_ordinary(sender.host):
        if looks_random(first):
            yield hit(
                "sender-domain-random", f"{sender.host} looks made by a machine", "From", sender.address
            )
        if is_cheap(sender.host):
            why = f"{sender.host} is under an ending that costs next to nothing"
            yield hit("sender-cheap-ending", why, "From", sender.address)
    local = sender.address.partition("@")[0]
    if len(local) <= LONG_LOCAL and looks_random(local):
        yield hit("sender-random", f"{sender.address} looks made by a machine", "From", sender.address)


def _is_ordinary(host: str) -> bool:
    return not (is_provider(host) or owners(host) or entry(MAILING_SERVICES, host))


def _imitation(prefix: str, like: Likeness, what: str, where: str, quote: str) -> Signal:
    return hit(f"{prefix}-{like.kind}", f"{what} {like.how}", where, quote)


def answers(facts: Facts) -> Iterator[Signal]:
    """Answers go to another organisation; worst where that is mail for everyone, or an imitation."""
    sender, quote = facts.sender, facts.message.first("reply-to")
    found = addresses(quote)
    if not found or not sender.organisation or _is_list_post(facts, [host for _, host in found]):
        return
    if any(address.lower() == sender.address.lower() for address, _ in found):
        return
    for address, host in found:
        theirs = organisation(host)
        like = likeness(host, facts.known.names) if theirs else None
        if like is not None and like.kind != ENDING:
            why = f"answers go to {address}, whose domain {like.how}"
            yield hit("reply-to-lookalike", why, "Reply-To", quote)
        if theirs and not same_party(host, sender.host):
            yield _elsewhere(facts, address, theirs)
        elif theirs in FREEMAIL:
            why = f"answers go to {address}, another mailbox than {sender.address}"
            yield hit("reply-to-other-mailbox", why, "Reply-To", quote)


def _is_list_post(facts: Facts, hosts: list[str]) -> bool:
    """A mailing list puts itself into From ("Ann via users") or into Reply-To; answers are then as usual."""
    post = next((host for _, host in addresses(facts.message.first("list-post"))), "")
    if not organisation(post):
        return False
    munged = same_party(post, facts.sender.host) and " via " in f" {facts.sender.name.lower()} "
    return munged or any(same_party(post, host) for host in hosts)


def _elsewhere(facts: Facts, address: str, theirs: str) -> Signal:
    quote, ours = facts.message.first("reply-to"), facts.sender.organisation
    why = f"answers go to {address}, not to {ours}"
    if theirs in FREEMAIL:
        name = "reply-to-other-mailbox" if facts.sender.is_everyone else "reply-to-free-mail"
        return hit(name, why, "Reply-To", quote)
    return hit("reply-to-elsewhere", why, "Reply-To", quote)


def envelope(facts: Facts) -> Iterator[Signal]:
    """Bounces, Sender and Message-ID of an organisation that has nothing to do with From."""
    sender, message = facts.sender, facts.message
    if not sender.organisation or message.first("list-id") or message.first("list-post"):
        return
    for name, header in (("bounces-elsewhere", "return-path"), ("sender-elsewhere", "sender")):
        host = next((host for _, host in addresses(message.first(header))), "")
        if organisation(host) and not _belongs(host, sender.host):
            why = f"{header.title()} is at {organisation(host)}, From at {sender.organisation}"
            yield hit(name, why, header.title(), message.first(header))
    identity = message.first("message-id")
    host = identity.rpartition("@")[2].strip("<> ").lower()[:253]
    if organisation(host) and not _belongs(host, sender.host):
        why = f"Message-ID is of {organisation(host)}, From of {sender.organisation}"
        yield hit("message-id-elsewhere", why, "Message-ID", identity)


def _belongs(host: str, sender: str) -> bool:
    """A sender's own host, or one of a service that carries mail for others."""
    return same_party(host, sender) or bool(entry(MAILING_SERVICES, host) or entry(MAIL_HOSTS, host))


def header_oddities(facts: Facts) -> Iterator[Signal]:
    """Several senders, mail to oneself, recipients that are not named."""
    value, sender = facts.message.first("from"), facts.sender
    hosts = {organisation(host) for _, host in addresses(value.rpartition('"')[2])} - {""}
    if len(hosts) > 1:
        yield hit("several-senders", f"From holds addresses of {len(hosts)} organisations", "From", value)
    if value and not sender.host:
        yield hit("sender-malformed", "From holds no address that mail could come from", "From", value)
    to, subject = facts.message.first("to"), facts.message.subject
    told = next((address for address in facts.recipients[:5] if address in subject.lower()), "")
    if told:
        yield hit("recipient-in-subject", f"the subject addresses {told}", "Subject", subject)
    if sender.address and facts.recipients == [sender.address.lower()]:
        yield hit("to-itself", f"it is addressed to its own sender {sender.address}", "To", to)
    elif "undisclosed" in to.lower():
        yield hit("to-nobody-named", "its recipients are not disclosed", "To", to)


LOOKS = (
    shown_name, brand_in_name, brand_led_astray, brand_in_subject, person_imitated, sender_domain, answers,
    envelope, header_oddities,
)  # fmt: skip
