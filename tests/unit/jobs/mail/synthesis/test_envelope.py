from email import message_from_bytes, policy

import msgspec
import pytest

from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.synthesis.compose import compose
from icelos.jobs.mail.synthesis.envelope import MARK, to_message


def test_messages_read_back_without_defects() -> None:
    for seed in range(150):
        mail = compose(seed=seed)
        message = read_message(to_message(mail))
        assert message.defects == []
        assert message.first(MARK.lower()) == "yes"
        assert " ".join(message.subject.split()) == " ".join(mail.subject.split())
        assert mail.sender_address in message.first("from")
        if not mail.html_only:
            assert message.text.split() == mail.text.split()
        assert len(message.attachments) == bool(mail.attachment)


def test_the_standard_library_agrees() -> None:
    for seed in range(60):
        mail = compose(seed=seed)
        parsed = message_from_bytes(to_message(mail), policy=policy.default)
        assert not parsed.defects
        assert str(parsed["subject"]).split() == mail.subject.split()
        assert parsed["date"].datetime.year >= 2016


def test_the_same_mail_gives_the_same_bytes() -> None:
    mail = compose(seed=5)
    assert to_message(mail) == to_message(compose(seed=5))


@pytest.mark.parametrize("field", ["subject", "sender_name", "recipient"])
def test_a_line_end_begins_no_header(field: str) -> None:
    mail = msgspec.structs.replace(compose(seed=5), **{field: "Hi\nBcc: x@example.org"})
    message = read_message(to_message(mail))
    assert message.first("bcc") == ""
    assert message.first("mime-version") == "1.0"
