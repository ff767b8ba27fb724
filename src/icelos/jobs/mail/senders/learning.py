"""Getting to know the senders of a mailbox at once, and calibrating by them what counts as a takeover."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from icelos.errors import InputError
from icelos.findings import Failure
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.senders.calibrate import calibrate, lures
from icelos.jobs.mail.senders.facts import Facts
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.senders.style import language
from icelos.records import Mail, Record

WANTED = 0.001
"""False alarms among the mails of known senders."""
MOST_LANGUAGES = 3
BATCH = 500
_WORD = re.compile(r"\w+")


class Learnt(msgspec.Struct, frozen=True):
    """How many mails were taken in, how many senders are known now, and what takeovers are judged by."""

    mails: int
    senders: int
    weights: str


def learn_senders(
    store: SenderStore,
    mails: Iterable[Record | Failure],
    *,
    trusted: Sequence[str] = (),
    wanted: float = WANTED,
    progress: Callable[[int], None] | None = None,
) -> Learnt:
    """Take the clean mail of an archive in, in the order of time, and calibrate where it is enough.

    What cannot be read is left out. Raises StoreError.
    """
    found, languages = _facts(store, mails, trusted, progress)
    found.sort(key=lambda facts: facts.when)
    known = [one for one, _ in languages.most_common(MOST_LANGUAGES) if one]
    try:
        store.weights = calibrate(found, lures(store.hasher, languages=known or ["en"]), wanted=wanted)
        weights = store.weights.made_from
    except InputError as error:
        weights = f"those that ship ({error.message})"
    for start in range(0, len(found), BATCH):
        store.observe_all(found[start : start + BATCH])
    return Learnt(len(found), len(store), weights)


def _facts(
    store: SenderStore,
    mails: Iterable[Record | Failure],
    trusted: Sequence[str],
    progress: Callable[[int], None] | None,
) -> tuple[list[Facts], Counter[str]]:
    found: list[Facts] = []
    languages: Counter[str] = Counter()
    for record in mails:
        if not isinstance(record, Mail):
            continue
        try:
            message = read_message(record.raw)
        except InputError:
            continue
        facts = store.facts(message, trusted=trusted)
        if facts is not None:
            found.append(facts)
            languages[language(_WORD.findall(message.seen[:2000].lower()))] += 1
        if progress is not None:
            progress(len(found))
    return found, languages
