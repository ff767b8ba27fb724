from __future__ import annotations

import msgspec
import pytest

from icelos.jobs.mail.delivery.policy import Action
from icelos.jobs.mail.delivery.settings import DeliverySettings, delivery_settings, policy_of
from icelos.settings import MailSettings


def test_every_setting_is_described() -> None:
    fields = msgspec.json.schema(DeliverySettings)["$defs"]["DeliverySettings"]["properties"]
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_section_of_mail_has_the_same_settings() -> None:
    taken = delivery_settings(MailSettings())
    assert taken == DeliverySettings()
    assert {field.name for field in msgspec.structs.fields(DeliverySettings)} <= {
        field.name for field in msgspec.structs.fields(MailSettings)
    }


def test_the_section_of_mail_is_taken_by_names() -> None:
    given = MailSettings(review=0.4, workers=7, on_alert="quarantine", block=("example.com",))
    delivery = delivery_settings(given)
    assert (delivery.workers, delivery.on_alert, delivery.waiting) == (7, Action.QUARANTINE, 250)
    policy = policy_of(given, delivery)
    assert (policy.review, policy.on_alert, policy.block) == (0.4, Action.QUARANTINE, ("example.com",))


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        delivery_settings(MailSettings(on_alert="explode"))  # type: ignore[arg-type]
