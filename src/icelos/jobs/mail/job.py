"""The job "mail": one message in; a verdict with the symbols that made it, or nothing where it is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from icelos.contracts import Needs, Scored
from icelos.data.imap import ImapSource
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Failure, Finding, How, Verdict, failure
from icelos.jobs.mail.intents.taxonomy import MALICIOUS
from icelos.jobs.mail.judge import Judge, Judgement, clean, open_judge
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.signals.facts import Facts, Known
from icelos.records import Mail, Record
from icelos.settings import Settings

LEARNT = frozenset(["words", "meaning", "build", "intent", "ordinary-topic"])
"""Symbols of the model; those of intents begin with "intent-"."""


class MailJob:
    """Scores mail by a judge; mails that are judged clear teach its sender sketches, where it has them."""

    name = "mail"
    needs = Needs(memory_mib=500)

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """A Finding, a Failure for what cannot be read as mail, or None for clear mail."""
        read = [self._read(record) for record in batch]
        messages = [one for one in read if isinstance(one, Message)]
        raws = [record.raw for record, one in zip(batch, read, strict=True)
                if isinstance(record, Mail) and isinstance(one, Message)]  # fmt: skip
        judged = iter(self._judge.judge_messages(messages, raws))
        outcomes = [
            self._outcome(record, one, next(judged)) if isinstance(one, Message) else one
            for record, one in zip(batch, read, strict=True)
        ]
        self._judge.learn(
            [
                one
                for one, outcome in zip(read, outcomes, strict=True)
                if outcome is None and isinstance(one, Message)
            ]
        )
        return outcomes

    def _read(self, record: Record) -> Message | Failure:
        if not isinstance(record, Mail):
            raise InputError(f"not a mail but a {type(record).__name__}", source=record.source)
        try:
            return read_message(record.raw)
        except InputError as error:
            return failure(
                record_id=record.id, job=self.name, error=error, source=record.source, raw=record.raw
            )

    def _outcome(self, record: Record, message: Message, judgement: Judgement) -> Scored:
        if judgement.verdict is Verdict.CLEAR:
            return None
        return Finding(
            record_id=record.id, job=self.name, verdict=judgement.verdict, label=label(judgement),
            score=round(judgement.score, 6), summary=judgement.sentence,
            evidence=_evidence(judgement, record.source), made_by=judgement.made_by, source=record.source,
            attributes={"intents": ", ".join(judgement.intents), **envelope(message)},
        )  # fmt: skip


LONGEST, RECIPIENTS = 300, 20
"""Characters of what a header says, and recipients, that a finding tells."""


def envelope(message: Message) -> dict[str, str]:
    """What a mail says of itself, those that it says: sender, recipients (addresses, separated by ", "),
    subject, and time (RFC 3339, UTC). All of it is the sender's word."""
    facts = Facts(message, Known())
    values = {
        "sender": facts.sender.address.lower() or message.first("from"),
        "recipients": ", ".join(dict.fromkeys(facts.recipients[:RECIPIENTS])),
        "subject": message.subject,
        "time": _sent(message.first("date")),
    }
    return {name: clean(value, LONGEST) for name, value in values.items() if value.strip()}


def _sent(date: str) -> str:
    try:
        found = parsedate_to_datetime(date[:100])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found.year >= 1970 else ""


def label(judgement: Judgement) -> str:
    """The likeliest harmful intent, or "suspicious" where none stands out."""
    harmful = {name: one for name, one in judgement.intents.items() if name in MALICIOUS}
    return max(harmful, key=lambda name: harmful[name]) if harmful else "suspicious"


def _evidence(judgement: Judgement, source: str) -> tuple[Evidence, ...]:
    """Every symbol with its weight, so that the score can be checked by adding up; the bias comes last."""
    told = [
        Evidence(
            f"{symbol.weight:+.2f} {symbol.name}: {clean(symbol.quote, 300)}",
            f"{source} {symbol.where}",
            How.MODEL if symbol.name in LEARNT or symbol.name.startswith("intent-") else How.RULE,
        )
        for symbol in judgement.symbols
    ]
    return (*told, Evidence(f"{judgement.bias:+.2f} any mail", source, How.RULE))


def build(settings: Settings, options: Mapping[str, str]) -> MailJob:
    """For the registry. The option `model` names a version; those of a mailbox over IMAP are its source's.

    Raises SettingsError, InputError.
    """
    unknown = sorted(set(options) - {"model", *ImapSource.options})
    if unknown:
        raise SettingsError(f"job mail has no option {unknown[0]!r}", hint="model, and those of mailboxes")
    return MailJob(open_judge(settings, options.get("model", "")))
