"""The job "mail": one message in; a verdict with the signals that made it, or nothing where it is clear.

This is the rule baseline, and it says so: it explains itself and is the same everywhere, and it sees
tricks, not intents. A learnt detector takes its place behind the same job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from icelos import __version__
from icelos.contracts import Needs, Scored
from icelos.errors import InputError, SettingsError
from icelos.findings import Evidence, Finding, How, Verdict, failure
from icelos.jobs.mail.judge import Judge, Judgement, clean
from icelos.records import Mail, Record
from icelos.settings import MailSettings, Settings

MODEL = "rule baseline 1"


class MailJob:
    """Scores mail by signals; `review` and `alert` are the scores from which a verdict is given."""

    name = "mail"
    needs = Needs(memory_mib=300)

    def __init__(self, settings: MailSettings = MailSettings()) -> None:  # noqa: B008 - frozen
        self._judge = Judge(settings)
        self._made_by = {"model": MODEL, "icelos": __version__}

    def score(self, batch: Sequence[Record]) -> list[Scored]:
        """A Finding, a Failure for what cannot be read as mail, or None for clear mail."""
        return [self._score(record) for record in batch]

    def _score(self, record: Record) -> Scored:
        if not isinstance(record, Mail):
            raise InputError(f"not a mail but a {type(record).__name__}", source=record.source)
        try:
            judgement = self._judge.judge(record.raw)
        except InputError as error:
            return failure(
                record_id=record.id, job=self.name, error=error, source=record.source, raw=record.raw
            )
        if judgement.verdict is Verdict.CLEAR:
            return None
        return Finding(
            record_id=record.id, job=self.name, verdict=judgement.verdict,
            label="suspicious (rule baseline)", score=round(judgement.score, 6), summary=judgement.sentence,
            evidence=_evidence(judgement, record.source), made_by=self._made_by, source=record.source,
        )  # fmt: skip


def _evidence(judgement: Judgement, source: str) -> tuple[Evidence, ...]:
    """Every signal with its weight, so that the score can be checked by adding up; the bias comes last."""
    told = [
        Evidence(
            f"{signal.weight:+.2f} {signal.name}: {clean(signal.quote, 300)}",
            f"{source} {signal.where}",
            How.RULE,
        )
        for signal in judgement.symbols
    ]
    return (*told, Evidence(f"{judgement.bias:+.2f} any mail", source, How.RULE))


def build(settings: Settings, options: Mapping[str, str]) -> MailJob:
    """For the registry. Raises SettingsError for an option, as it has none."""
    if options:
        raise SettingsError(
            f"job mail has no option {sorted(options)[0]!r}", hint="see [mail] in icelos.toml"
        )
    return MailJob(settings.mail)
