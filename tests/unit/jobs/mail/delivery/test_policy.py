from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from icelos.findings import Verdict
from icelos.jobs.mail.delivery.policy import Action, Policy, SpamFrom, policy_of
from icelos.jobs.mail.judge import Judgement
from icelos.settings import MailSettings

Made = Callable[..., Judgement]


def test_each_verdict_has_its_action(made: Made) -> None:
    policy = Policy(on_review=Action.QUARANTINE, on_alert=Action.REJECT)
    assert policy.action(made(9.0)) is Action.REJECT
    assert policy.action(made(4.5)) is Action.QUARANTINE
    assert policy.action(made()) is Action.DELIVER
    assert policy.action(made(verdict=Verdict.UNKNOWN)) is Action.DELIVER


@pytest.mark.parametrize(
    ("spam_from", "review", "threshold"), [(SpamFrom.REVIEW, True, 0.5), (SpamFrom.ALERT, False, 0.9)]
)
def test_spam_begins_where_the_settings_say(
    made: Made, spam_from: SpamFrom, review: bool, threshold: float
) -> None:
    policy = Policy(spam_from=spam_from)
    assert policy.is_spam(made(9.0))
    assert policy.is_spam(made(4.5)) is review
    assert not policy.is_spam(made())
    assert policy.threshold == threshold
    assert [policy.verdict(score) for score in (0.9, 0.5, 0.49)] == [
        Verdict.ALERT, Verdict.REVIEW, Verdict.CLEAR,
    ]  # fmt: skip


def test_the_section_of_mail_is_taken_by_names() -> None:
    policy = policy_of(MailSettings(review=0.4, on_alert="quarantine", block=("example.com",)))
    assert (policy.review, policy.on_alert, policy.block) == (0.4, Action.QUARANTINE, ("example.com",))
    assert policy_of(MailSettings()) == Policy()


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        policy_of(MailSettings(on_alert="explode"))  # type: ignore[arg-type]
