"""The job "mail": one message in; a verdict with the signals that made it, or nothing where it is clear.

This is the rule baseline, and it says so: it explains itself and is the same everywhere, and it sees
tricks, not intents. A learnt detector takes its place behind the same job.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from icelos import __version__
from icelos.contracts import Needs, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Finding, How, Verdict, failure
from icelos.jobs.mail.message import read_message
from icelos.jobs.mail.signals import BIAS, Signal, signals
from icelos.records import Mail, Record
from icelos.settings import MailSettings, Settings

MODEL = "rule baseline 1"


class MailJob:
    """Scores mail by signals; `review` and `alert` are the scores from which a verdict is given."""

    name = "mail"
    needs = Needs(memory_mib=300)

    def __init__(self, settings: MailSettings = MailSettings()) -> None:  # noqa: B008 - frozen
        self._settings = settings
        self._made_by = {"model": MODEL, "icelos": __version__}

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """A Finding, a Failure for what cannot be read as mail, or None for clear mail."""
        return [self._score(record) for record in batch]

    def _score(self, record: Record) -> Scored:
        if not isinstance(record, Mail):
            raise InputError(f"not a mail but a {type(record).__name__}", source=record.source)
        try:
            message = read_message(record.raw)
        except InputError as error:
            return failure(
                record_id=record.id, job=self.name, error=error, source=record.source, raw=record.raw
            )
        found = signals(message, trusted=self._settings.trusted_servers)
        score = probability(found)
        if score < self._settings.review:
            return None
        verdict = Verdict.ALERT if score >= self._settings.alert else Verdict.REVIEW
        return Finding(
            record_id=record.id, job=self.name, verdict=verdict, label="suspicious (rule baseline)",
            score=round(score, 6), summary=_summary(found, score), evidence=_evidence(found, record.source),
            made_by=self._made_by, source=record.source,
        )  # fmt: skip


def probability(found: Sequence[Signal]) -> float:
    """The logistic of the weights' sum, from 0 to 1."""
    return 1.0 / (1.0 + math.exp(-(BIAS + sum(hit.weight for hit in found))))


def _summary(found: Sequence[Signal], score: float) -> str:
    """One sentence: the heaviest reasons, and how many more there are."""
    reasons = "; ".join(_clean(signal.why, 200) for signal in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return f"The rule baseline gives {score:.2f} because {reasons}{more}."


def _evidence(found: Sequence[Signal], source: str) -> tuple[Evidence, ...]:
    """Every signal with its weight, so that the score can be checked by adding up; the bias comes last."""
    told = [
        Evidence(
            f"{signal.weight:+.2f} {signal.name}: {_clean(signal.quote, 300)}",
            f"{source} {signal.where}",
            How.RULE,
        )
        for signal in found
    ]
    return (*told, Evidence(f"{BIAS:+.2f} any mail", source, How.RULE))


def _clean(text: str, most: int) -> str:
    """Text that can be stored and shown: no lone surrogates, no controls, nothing unseen, no length."""
    cut = " ".join(text[: 4 * most].split())
    cut = cut if len(cut) <= most else cut[: most - 1] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)


def build(settings: Settings, options: Mapping[str, str]) -> MailJob:
    """For the registry. Raises SettingsError for an option, as it has none."""
    if options:
        raise SettingsError(
            f"job mail has no option {sorted(options)[0]!r}", hint="see [mail] in icelos.toml"
        )
    return MailJob(settings.mail)
