"""What one mail says of its sender, as hashes and counts under a store's salt. No text goes on from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.senders import route
from icelos.jobs.mail.senders.hashing import Hasher
from icelos.jobs.mail.senders.style import Style, style
from icelos.jobs.mail.senders.writing import Writing, shape, writing
from icelos.jobs.mail.signals.authentication import results, topmost
from icelos.jobs.mail.signals.domains import FREEMAIL, organisation, parse_url
from icelos.jobs.mail.signals.wording import pressing_words

MOST_LINKS = 16


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One mail's facts. All values are hashes, counts or times.

    `sender` and `organisation` are keys; no organisation for freemail. `proven`: the own servers found that
    the sender's domain sent it. `when` is in seconds since 1970, `hour` and `weekday` are those of the
    sender's own zone, -1 where Date does not say. `habits` gives hashed values by name, `tables` and
    `numbers` the style of what the sender wrote. `threads` are the mails that it is or answers.
    """

    sender: bytes
    organisation: bytes
    proven: bool
    when: float
    hour: int
    weekday: int
    habits: Mapping[str, tuple[int, ...]]
    tables: NDArray[np.float32]
    numbers: tuple[float, ...]
    words: int
    threads: tuple[int, ...]
    answers: bool


def facts_of(
    message: Message,
    hasher: Hasher,
    *,
    trusted: Sequence[str] = (),
    intents: Sequence[str] = (),
    clock: Callable[[], float] = time.time,
) -> Facts | None:
    """The facts of a message, or None where it names no sender.

    `trusted` are the servers whose word on the origin counts; without them nothing is proven.
    """
    address, through_list = route.sender_address(message)
    if not address:
        return None
    host = address.rpartition("@")[2]
    domain = organisation(host) or host
    written = writing(message)
    manner = style(written.prose, hasher)
    when, hour, weekday, zone = _time(message.first("date"), clock())
    references = route.references(message)
    habits = {
        **_route_habits(message, address, zone),
        **_manner_habits(written, manner),
        "intents": tuple(intents)[:8] or _wording(message, written) or ("none",),
    }
    return Facts(
        sender=hasher.key(f"sender {address}"),
        organisation=b"" if domain in FREEMAIL else hasher.key(f"organisation {domain}"),
        proven=not through_list and _proven(message, trusted),
        when=when,
        hour=hour,
        weekday=weekday,
        habits={
            name: tuple(hasher.value(f"{name} {value}") for value in values if value)
            for name, values in habits.items()
        },
        tables=manner.tables,
        numbers=manner.numbers,
        words=manner.words,
        threads=tuple(hasher.value(one) for one in (*references, message.first("message-id").strip()) if one),
        answers=bool(references),
    )


def _wording(message: Message, written: Writing) -> tuple[str, ...]:
    """Groups of wording that presses: what stands for intents where no model gives them."""
    return tuple(pressing_words(f"{message.subject}\n{written.prose}"))


def _proven(message: Message, trusted: Sequence[str]) -> bool:
    """Whether a trusted server found that DMARC passes: that the domain in From sent it."""
    return bool(trusted) and results(topmost(message.headers, trusted)).get("dmarc") == "pass"


def _time(date: str, now: float) -> tuple[float, int, int, str]:
    """Seconds since 1970, not in the future; hour, weekday and offset as the sender writes them."""
    try:
        found = parsedate_to_datetime(date[:100])
        when = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return now, -1, -1, ""
    zone = found.strftime("%z") if _says_zone(found, date) else ""
    return min(max(when, 0.0), now), found.hour, found.weekday(), zone


def _says_zone(found: datetime, date: str) -> bool:
    return found.tzinfo is not None and "-0000" not in date


def _route_habits(message: Message, address: str, zone: str) -> dict[str, tuple[str, ...]]:
    left, right = route.message_id(message)
    answers_to = [one for _, one in route.address_pairs(message.first("reply-to"))]
    return {
        "program": (route.program(message) or "none",),
        "zone": (zone or "none",),
        "message-id": (left or "none",),
        "message-id host": (right or "none",),
        "signers": (" ".join(route.signers(message)) or "none",),
        "origin": (route.origin(message) or "none",),
        "structure": (route.structure(message),),
        "encoding": (route.encoding(message),),
        "reply-to": (" ".join(one for one in answers_to if one != address)[:300] or "none",),
        "recipients": route.recipients(message),
        "links": tuple(_link_domains(message)),
        "attachments": tuple({one.content_type[:60] for one in message.attachments[:20]}) or ("none",),
    }


def _manner_habits(written: Writing, manner: Style) -> dict[str, tuple[str, ...]]:
    """How it is laid out and framed; only where something was written."""
    first = written.greeting.lower().split()
    return {
        "layout": (written.layout,),
        "attribution": (written.attribution or "none",),
        "greeting": (
            " ".join([first[0], str(min(len(first), 3)), written.greeting[-1]]) if first else "none",
        ),
        "sign-off": (written.sign_off.lower()[:120] or "none",),
        "sign-off shape": (shape(written.sign_off)[:30] or "none",),
        "signature": (written.signature.lower()[:60] or "none",),
        "language": (manner.language,),
    }


def _link_domains(message: Message) -> list[str]:
    hosts = (url.host for link in message.links[:200] if (url := parse_url(link.target)))
    return list(dict.fromkeys(organisation(host) or host for host in hosts if host))[:MOST_LINKS]
