"""The dead-letter topic: each message that failed, as it came, with headers that say why.

A dead letter is read like any other message, and is the same record then: `icelos scan JOB
kafka://…/DEAD_LETTERS` tries it again, and a good outcome closes its failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import icelos
from icelos.engine.kafka.messages import CUT, RECORD, SOURCE, UNREAD, Message
from icelos.engine.kafka.producing import Headers, Outgoing, Undelivered
from icelos.findings import RAW_LIMIT, Failure

ERROR, FROM, JOB, MADE_BY, ATTEMPT, TIME = (
    "icelos-error", "icelos-from", "icelos-job", "icelos-made-by", "icelos-attempt", "icelos-time",
)  # fmt: skip
"""Headers: reason; TOPIC:PARTITION:OFFSET where it was read; job; version; how often it failed; when."""
_OURS = frozenset({ERROR, FROM, JOB, MADE_BY, ATTEMPT, TIME, CUT, RECORD, SOURCE})
_ATTEMPTS = 10**6


def dead_letter(topic: str, message: Message, failure: Failure) -> Outgoing:
    """The message, key and foreign headers included, with the reason of its failure."""
    headers: Headers = [
        (name, value if value is not None else b"") for name, value in message.headers if name not in _OURS
    ]
    said = {
        RECORD: failure.record_id,
        SOURCE: failure.source,
        ERROR: failure.error,
        FROM: message.place,
        JOB: failure.job,
        MADE_BY: f"icelos {icelos.__version__}",
        ATTEMPT: str(_attempt(message)),
        TIME: datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    headers += [(name, text.encode("utf-8", "replace")) for name, text in said.items()]
    return Outgoing(topic, message.value, message.key, headers)


def _attempt(message: Message) -> int:
    """Once more than what an earlier dead letter of the same message says."""
    before = dict(message.headers).get(ATTEMPT) or b"0"
    return min(int(before), _ATTEMPTS) + 1 if before.isdigit() and len(before) < 10 else 1


def cut(failed: Sequence[Undelivered]) -> list[Outgoing]:
    """Those that were too large, with the beginning of their value alone and few headers."""
    return [beginning(one.message) for one in failed if one.is_too_large]


def place_of(letter: Outgoing) -> bytes:
    """Where the message was read."""
    return dict(letter.headers).get(FROM, b"")


def beginning(message: Outgoing) -> Outgoing:
    """A dead letter that is small."""
    size = str(len(message.value or b"")).encode()
    headers = [
        (name, value[:RAW_LIMIT]) for name, value in message.headers if name in {*_OURS, UNREAD} - {CUT}
    ]
    key = message.key if message.key is None or len(message.key) <= RAW_LIMIT else None
    return message._replace(
        value=(message.value or b"")[:RAW_LIMIT], key=key, headers=[*headers, (CUT, size)]
    )
