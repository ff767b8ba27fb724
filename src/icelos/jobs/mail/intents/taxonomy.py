"""The words for what a mail wants: intents that harm, and benign topics that use the same words.

One vocabulary for labels, phrase banks, models and findings. A mail may have several.
"""

from __future__ import annotations

from collections.abc import Mapping

MALICIOUS: Mapping[str, str] = {
    "credential-theft": "wants a password, a code or a sign-in on a page of the attacker's",
    "payment-change": "wants a payment sent, or bank details of a supplier changed",
    "invoice": "wants a false invoice, order or renewal paid",
    "gift-cards": "wants gift cards bought and their codes sent",
    "crypto": "wants wallets connected, coins sent or an investment made",
    "payroll-diversion": "wants wages paid to another account",
    "personal-data": "wants identity documents, tax, bank or health data",
    "callback": "wants a telephone number called",
    "extortion": "threatens to publish or to harm unless money is paid",
    "advance-fee": "promises an inheritance, a loan, a lottery prize or a donation for a fee or for data",
    "job-scam": "offers work for little effort, or a place as a money mule",
    "malicious-file": "wants a file opened, enabled or run",
    "reconnaissance": "wants an answer first: asks whether one is at the desk, builds trust",
    "prize": "promises a reward for a survey or a click",
    "unsolicited-offer": "sells pills, casinos, dating, copies, leads or the like to people who never asked",
}
BENIGN: Mapping[str, str] = {
    "receipt": "confirms a purchase or a payment that was made",
    "password-reset": "answers a request to reset a password or to confirm an address",
    "shipping": "says where a parcel is",
    "security-notice": "tells of a sign-in, a change or an incident, as services do",
    "newsletter": "news, offers and digests of a sender that the reader signed up with",
    "meeting": "arranges or changes an appointment",
    "invoice-genuine": "bills for a known contract, with the usual details",
    "account-notice": "tells of terms, statements, renewals or limits of an account",
    "work": "colleagues' ordinary requests, reviews, reports and payments in due process",
    "community": "mailing lists, questions and answers among people who work on the same thing",
    "personal": "family and friends",
    "job-genuine": "recruiters, applications and interviews",
    "bounce": "delivery reports and notices of absence",
}
ALL: tuple[str, ...] = (*MALICIOUS, *BENIGN)


def is_malicious(name: str) -> bool:
    """Whether an intent harms. Raises KeyError for a name that is none."""
    if name not in MALICIOUS and name not in BENIGN:
        raise KeyError(f"no intent called {name!r}")
    return name in MALICIOUS
