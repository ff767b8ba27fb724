"""How a mail is built, as yes or no: its links, its sender, its pictures, its length.

Only what a reader could notice counts: no name of a header, no shape of the MIME, nothing that tells a
corpus. What is odd in itself is a signal with a weight of its own (`icelos.jobs.mail.signals`); here stands
what is ordinary by itself and tells something only together, so that its weights are learnt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.anatomy import anatomy as measured
from icelos.jobs.mail.signals.facts import Facts, Known
from icelos.jobs.mail.signals.hosts import FREE_HOSTING, SHORTENERS, entry, is_cheap, is_service
from icelos.jobs.mail.signals.spelling import looks_random

_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_CODE = re.compile(r"\b(?=[A-Za-z0-9]{0,30}\d)(?=[A-Za-z0-9]{0,30}[A-Za-z])[A-Za-z0-9]{8,30}\b")
_LEAVE = re.compile(
    r"unsubscribe|opt.?out|abmelden|abbestellen|se désabonner|désinscri|descadastr|cancelar inscri|darse"
    r" de baja|afmelden|uitschrijven|disiscri|remove yourself|email preferences|отписаться",
    re.IGNORECASE,
)
_RANDOM_PATH = re.compile(r"/[A-Za-z0-9_=-]{24,}")


class _Look:
    """What several questions need, worked out once."""

    def __init__(self, message: Message) -> None:
        self.facts = facts = Facts(message, Known())
        self.message, self.sender = message, facts.sender
        self.webs = [web for web in facts.webs if web.host and not web.through]
        self.hosts = {web.host for web in self.webs}
        self.organisations = {web.organisation for web in self.webs}
        self.subject = message.subject[:500]
        self.seen = message.seen[:50_000]
        self.words = len(self.seen.split())
        self.hidden = len(message.hidden_text.split())
        self.recipients = facts.recipients
        self.leave = bool(_LEAVE.search(self.seen))

    def any_host(self, test: Callable[[str], object]) -> bool:
        return any(test(host) for host in self.hosts)

    @property
    def own_link(self) -> bool:
        """Whether a link leads to the sender's own organisation."""
        return bool(self.sender.organisation) and self.sender.organisation in self.organisations

    @property
    def named_reader(self) -> bool:
        """Whether the text or subject holds the reader's name, as their address has it."""
        names = {part for one in self.recipients for part in re.split(r"[._+-]", one.partition("@")[0])}
        text = self.seen[:2000].lower()
        return any(len(name) > 3 and name in text for name in names)


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def _capitals(text: str) -> bool:
    letters = _letters(text)
    return len(letters) >= 8 and sum(c.isupper() for c in letters) > 0.7 * len(letters)


QUESTIONS: dict[str, Callable[[_Look], bool]] = {
    "no link": lambda look: not look.webs,
    "one link": lambda look: len(look.webs) == 1,
    "2 to 5 links": lambda look: 2 <= len(look.webs) <= 5,
    "more than 20 links": lambda look: len(look.webs) > 20,
    "links to one organisation": lambda look: len(look.webs) > 1 and len(look.organisations) == 1,
    "links to more than 4 organisations": lambda look: len(look.organisations) > 4,
    "a link to the sender's own": lambda look: look.own_link,
    "links, none to the sender's own": lambda look: bool(look.webs) and not look.own_link,
    "a link on free web space": lambda look: look.any_host(lambda host: entry(FREE_HOSTING, host)),
    "a short link": lambda look: look.any_host(lambda host: entry(SHORTENERS, host)),
    "a link through a mailing service": lambda look: look.any_host(is_service),
    "a link under a cheap ending": lambda look: look.any_host(is_cheap),
    "a link's host looks random": lambda look: look.any_host(
        lambda host: any(map(looks_random, host.split(".")))
    ),
    "a link's host is long": lambda look: look.any_host(lambda host: len(host) > 40),
    "a link with a long random path": lambda look: any(_RANDOM_PATH.search(web.target) for web in look.webs),
    "a link that shows no text": lambda look: any(not web.text.strip() for web in look.webs),
    "sender at free mail": lambda look: look.sender.is_everyone,
    "sender without a name": lambda look: not look.sender.name.strip(),
    "sender's host looks random": lambda look: any(map(looks_random, look.sender.host.split("."))),
    "sender's host under a cheap ending": lambda look: is_cheap(look.sender.host),
    "sender's box looks random": lambda look: looks_random(look.sender.address.partition("@")[0]),
    "sender's box has digits": lambda look: bool(re.search(r"\d{3}", look.sender.address.partition("@")[0])),
    "sender's name has digits": lambda look: bool(re.search(r"\d", look.sender.name)),
    "sender's name in capitals": lambda look: _capitals(look.sender.name),
    "sender's name with emoji or marks": lambda look: (
        bool(_EMOJI.search(look.sender.name)) or "!" in look.sender.name
    ),
    "no subject": lambda look: not look.subject.strip(),
    "subject in capitals": lambda look: _capitals(look.subject),
    "subject with emoji": lambda look: bool(_EMOJI.search(look.subject)),
    "subject with a code": lambda look: bool(_CODE.search(look.subject)),
    "subject with an exclamation mark": lambda look: "!" in look.subject,
    "subject holds the reader's name": lambda look: look.named_reader,
    "under 15 words": lambda look: look.words < 15,
    "15 to 60 words": lambda look: 15 <= look.words < 60,
    "over 400 words": lambda look: look.words > 400,
    "under 15 words and a link": lambda look: look.words < 15 and bool(look.webs),
    "more hidden than shown": lambda look: look.hidden > max(look.words, 40),
    "over 60 hidden words": lambda look: look.hidden > 60,
    "offers to leave a list": lambda look: look.leave,
    "offers to leave a list of nobody named": lambda look: look.leave and not look.own_link,
    "something attached": lambda look: bool(look.message.attachments),
}
"""What is asked of every mail, in the order of the numbers."""


def _measures(facts: Facts) -> dict[str, float]:
    """Shares and counts of links and letters, by name."""
    return {name.replace("_", " "): value / SCALE for name, value in measured(facts).items()}


SCALE = 4.0
"""Counts come as log1p: by this they weigh about as much as an answer."""
NAMES: tuple[str, ...] = (*QUESTIONS, *_measures(Facts(Message([]), Known())))


def anatomy(message: Message) -> NDArray[np.float32]:
    """1 for each question whose answer is yes, else 0, then the measures; shape (len(NAMES),)."""
    look = _Look(message)
    answers = [float(question(look)) for question in QUESTIONS.values()]
    return np.array([*answers, *_measures(look.facts).values()], np.float32)


def told(row: Sequence[float], weights: Sequence[float], most: int = 3) -> list[str]:
    """The answers that weigh most towards harm, for people."""
    heavy = sorted(
        (
            (weight, name)
            for answer, weight, name in zip(row, weights, NAMES, strict=True)
            if answer and weight > 0 and name in QUESTIONS
        ),
        reverse=True,
    )
    return [name for _, name in heavy[:most]]
