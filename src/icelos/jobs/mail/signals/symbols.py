"""All signals by name, with their weights, in one table.

A weight is in log-odds: how much more often the trick stands in malicious than in honest mail with the
same text, set by judgement and held against ham where it fired wrongly. About 0.5 is weak, 1 is weak but
seen, 2 speaks for itself, 4 alone asks for a review. All weights and `BIAS` sum to the score's log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

BIAS = -4.0
"""Log-odds of a message that no signal speaks of: 1.8 %."""


class Signal(msgspec.Struct, frozen=True):
    """One signal: its weight, a clause that says why, where it stands, and the words that stand there."""

    name: str
    weight: float
    why: str
    where: str
    quote: str


class Symbol(msgspec.Struct, frozen=True):
    """What a name stands for: the weight it has, and one line for the documentation."""

    weight: float
    description: str


def hit(name: str, why: str, where: str, quote: str) -> Signal:
    """A signal of the table, with the table's weight."""
    return Signal(name, SYMBOLS[name].weight, why, where, quote[:4000])


_TABLE: tuple[tuple[str, float, str], ...] = (
    # who it says it is from
    ("display-name-address", 2.0, "the sender's name shows an address of another organisation"),
    ("display-name-domain", 1.5, "the sender's name shows a domain of another organisation"),
    ("brand-from-free-mail", 3.0, "a brand's name as sender, the address at a provider for everyone"),
    ("brand-from-stranger", 2.5, "a brand's name as sender, the address at another organisation"),
    ("brand-in-name", 1.3, "a brand's name among others in the sender's name, the address elsewhere"),
    ("brand-misspelt", 2.5, "a brand's name written with characters that look alike"),
    ("brand-in-subject", 0.5, "the subject names a brand that neither the sender nor any link belongs to"),
    ("brand-led-astray", 0.7, "it names a brand, and all its links lead to one stranger"),
    ("brand-borrowed", 1.2, "a link's text names a brand, the link leads to an unrelated host"),
    ("person-imitated", 3.0, "the name of a protected person, the address neither theirs nor ours"),
    ("from-lookalike", 3.0, "the sender's domain imitates another by its spelling"),
    ("from-combination", 2.5, "the sender's domain is a known name joined to another word"),
    ("from-joined", 1.2, "the sender's domain is a known name with a word that firms add themselves"),
    ("from-other-ending", 1.5, "the sender's domain is a known name under another ending"),
    ("from-below", 2.5, "the sender's host has a known name below a foreign domain"),
    ("reply-to-lookalike", 3.0, "answers go to a domain that imitates another"),
    ("reply-to-free-mail", 2.0, "answers go to a provider for everyone, not to the sender's organisation"),
    ("reply-to-elsewhere", 0.8, "answers go to another organisation"),
    ("reply-to-other-mailbox", 1.2, "answers go to another mailbox at a provider for everyone"),
    ("bounces-elsewhere", 0.3, "bounces go to an organisation that is neither the sender's nor a service"),
    ("sender-elsewhere", 0.3, "Sender and From are of different organisations"),
    ("several-senders", 1.5, "From holds addresses of several organisations"),
    ("sender-malformed", 0.8, "From holds no address that mail could come from"),
    ("recipient-in-subject", 0.8, "the subject addresses the recipient by the mail address"),
    ("to-itself", 0.8, "it is addressed to its own sender"),
    ("to-nobody-named", 0.6, "its recipients are not disclosed"),
    ("sender-random", 0.3, "the sender's address looks made by a machine"),
    ("sender-domain-random", 1.0, "the sender's domain looks made by a machine"),
    ("sender-free-space", 1.5, "the sender's domain is free web space or a short link's"),
    ("sender-cheap-ending", 0.6, "the sender's domain is under an ending that costs next to nothing"),
    ("message-id-elsewhere", 0.1, "the Message-ID is neither of the sender nor of a known service"),
    # where it comes from
    ("origin-failed", 2.0, "the receiving server's checks of origin failed (weight by check)"),
    ("origin-unaligned", 0.4, "what was authenticated is not the organisation in From"),
    ("origin-unknown", 0.3, "nothing at all was authenticated"),
    ("own-domain-forged", 3.0, "it claims one of our domains and failed authentication"),
    ("origin-proven", -1.0, "a trusted server proved a known organisation in From (DMARC, aligned)"),
    # where its links lead
    ("script-link", 2.5, "a link runs a script or holds its page in itself"),
    ("link-text-mismatch", 2.0, "a link shows one organisation's host and leads to another's"),
    ("link-userinfo", 3.5, "a link shows a host before an @, and leads to the one behind it"),
    ("link-to-ip", 2.2, "a link leads to a bare IP address"),
    ("link-punycode", 1.0, "a link's host is not in plain letters"),
    ("link-mixed-scripts", 2.0, "a link's host mixes alphabets"),
    ("link-port", 0.8, "a link names an unusual port"),
    ("link-in-code", 1.0, "a QR code in a picture leads somewhere"),
    ("link-shortener", 0.7, "a link hides where it leads behind a short one"),
    ("link-free-space", 1.3, "a link leads to free web space that tells nothing of its owner"),
    ("link-common-space", 0.3, "a link leads to web space that honest and dishonest people share"),
    ("link-redirected", 1.2, "a link uses a great name's page to send visitors on elsewhere"),
    ("link-lookalike", 3.0, "a link's domain imitates another by its spelling"),
    ("link-combination", 2.0, "a link's domain is a known name joined to another word"),
    ("link-joined", 0.8, "a link's domain is a known name with a word that firms add themselves"),
    ("link-other-ending", 1.0, "a link's domain is a known name under another ending"),
    ("link-below", 2.5, "a link's host has a known name below a foreign domain"),
    ("link-brand-path", 0.8, "a link's path begins with a brand's name, its host is another's"),
    ("link-recipient-hidden", 2.0, "a link carries the recipient's address after the # or in base64"),
    ("link-planted", 1.2, "a link leads into the inner folders of a site that others run"),
    ("link-encoded", 1.0, "a link writes plain letters as percent codes"),
    ("link-many-labels", 0.5, "a link's host has very many labels"),
    ("link-random-host", 0.8, "a link's domain looks made by a machine"),
    ("link-cheap-ending", 0.6, "a link's domain is under an ending that costs next to nothing"),
    ("link-asks-sign-in", 0.3, "a link's path speaks of signing in, its host is not the sender's"),
    # what it carries
    ("attachment-runs", 4.0, "an attachment is a program"),
    ("attachment-macros", 2.5, "an attachment can carry macros"),
    ("attachment-html", 2.0, "an attachment is a web page"),
    ("attachment-html-active", 3.0, "an attached web page has scripts or a form"),
    ("attachment-disguised", 2.0, "an attachment hides its type behind another"),
    ("attachment-reversed", 3.0, "an attachment's name is written backwards in part"),
    ("attachment-spaced", 2.0, "an attachment's name hides its ending behind many spaces"),
    ("archive-runs", 3.5, "an archive holds a program or a script"),
    ("archive-locked", 1.0, "an attachment is encrypted"),
    ("archive-password-told", 2.0, "an attachment is encrypted and the mail tells its password"),
    # how it is written
    ("asks-password", 3.0, "the mail itself has a field for a password"),
    ("has-form", 0.5, "the mail itself has a form to fill in"),
    ("hidden-text", 1.0, "much of its text is hidden from the reader"),
    ("hidden-splits", 1.5, "words are split by invisible characters"),
    ("hidden-tags", 2.0, "it holds invisible tag characters"),
    ("letters-mixed", 2.0, "words mix alphabets so as to look like others"),
    ("letters-spaced", 0.4, "words are written with spaces between their letters"),
    ("letters-styled", 1.5, "the sender or the subject is written in mathematical or small capital letters"),
    ("random-words", 1.0, "words without sense, as made to fill filters"),
    ("picture-only", 0.8, "almost no text, a picture and a link"),
    ("wording: asks to confirm an account", 0.6, "words that ask to confirm an account"),
    ("wording: threatens to close or lock", 0.6, "words that threaten to close or lock an account"),
    ("wording: presses for haste", 0.6, "words that press for haste"),
    ("wording: asks for a payment or new bank details", 0.6, "words that ask for money"),
    ("wording: speaks of money to be had or to be paid in secret", 0.6, "words of gains or ransom"),
    ("not-read-whole", 4.0, "parts beyond the bounds were not looked at (1.0 for text)"),
)  # fmt: skip

SYMBOLS: Mapping[str, Symbol] = {name: Symbol(weight, told) for name, weight, told in _TABLE}
