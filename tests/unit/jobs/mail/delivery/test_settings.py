from __future__ import annotations

import msgspec
import pytest

from icelos.jobs.mail.delivery.policy import Action
from icelos.jobs.mail.delivery.settings import DeliverySettings, delivery_settings, policy_of
from icelos.settings import MailSettings


def test_every_setting_is_described() -> None:
    fields = msgspec.json.schema(DeliverySettings)["$defs"]["DeliverySettings"]["properties"]
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_section_of_mail_is_taken_by_names() -> None:
    class Wider(MailSettings, frozen=True, kw_only=True):
        workers: int = 7
        on_alert: str = "quarantine"
        block: tuple[str, ...] = ("example.com",)

    wider = Wider(review=0.4)
    delivery = delivery_settings(wider)
    assert (delivery.workers, delivery.on_alert, delivery.waiting) == (7, Action.QUARANTINE, 250)
    policy = policy_of(wider, delivery)
    assert (policy.review, policy.on_alert, policy.block) == (0.4, Action.QUARANTINE, ("example.com",))


def test_what_is_out_of_range_is_refused() -> None:
    class Wrong(MailSettings, frozen=True, kw_only=True):
        on_alert: str = "explode"

    with pytest.raises(msgspec.ValidationError):
        delivery_settings(Wrong())
