"""What is done with a mail of each verdict, whose word counts, and what happens without a verdict."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from icelos.findings import Verdict
from icelos.jobs.mail.judge import Judgement
from icelos.settings import MailSettings


class Action(StrEnum):
    """What becomes of a mail, in ascending order of severity."""

    DELIVER = "deliver"
    TAG = "tag"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class OnError(StrEnum):
    """Fail open or fail closed: what is done with a mail that could not be judged."""

    DELIVER = "deliver"
    DEFER = "defer"


class SpamFrom(StrEnum):
    """The verdict from which a mail is called spam to a mail server, at 5.0 points."""

    REVIEW = "review"
    ALERT = "alert"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation wants its mail treated."""

    review: float = 0.5
    alert: float = 0.9
    spam_from: SpamFrom = SpamFrom.REVIEW
    on_review: Action = Action.TAG
    on_alert: Action = Action.TAG
    on_error: OnError = OnError.DELIVER
    subject_tag: str = ""
    allow: tuple[str, ...] = ()
    allow_unauthenticated: bool = False
    block: tuple[str, ...] = ()
    trusted_servers: tuple[str, ...] = ()

    @property
    def threshold(self) -> float:
        """The score that is 5.0 points."""
        return self.review if self.spam_from is SpamFrom.REVIEW else self.alert

    def verdict(self, score: float) -> Verdict:
        """By the thresholds."""
        if score >= self.alert:
            return Verdict.ALERT
        return Verdict.REVIEW if score >= self.review else Verdict.CLEAR

    def is_spam(self, judgement: Judgement) -> bool:
        """Whether mail servers are told so."""
        return judgement.verdict is Verdict.ALERT or (
            judgement.verdict is Verdict.REVIEW and self.spam_from is SpamFrom.REVIEW
        )

    def action(self, judgement: Judgement) -> Action:
        """What is to be done with a mail of this judgement."""
        by_verdict = {Verdict.ALERT: self.on_alert, Verdict.REVIEW: self.on_review}
        return by_verdict.get(judgement.verdict, Action.DELIVER)


def policy_of(mail: MailSettings) -> Policy:
    """The policy that the section [mail] describes. Raises msgspec.ValidationError for an unknown action."""
    given = {field.name: getattr(mail, field.name) for field in msgspec.structs.fields(Policy)}
    return msgspec.convert(given, Policy)
