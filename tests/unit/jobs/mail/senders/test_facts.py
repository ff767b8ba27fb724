import msgspec
import pytest

from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.senders.facts import Facts, facts_of
from icelos.jobs.mail.senders.hashing import Hasher

HASHER = Hasher(b"a" * 16)
RAW = (
    b"From: Ann <ann@corp.example>\r\nTo: ben@corp.example\r\nSubject: the secret plan\r\n"
    b"Date: Tue, 5 Jan 2021 23:10:00 +0900\r\nMessage-ID: <1.2@corp.example>\r\n"
    b"References: <0@corp.example>\r\n"
    b"Authentication-Results: mx.corp.example; dmarc=pass\r\n\r\n"
    b"Hello Ben,\r\n\r\nthe confidential figures of the quarter are on their way to you.\r\n"
)


def facts(raw: bytes = RAW, **more: object) -> Facts:
    found = facts_of(read_message(raw), HASHER, **{"clock": lambda: 2e9, **more})  # type: ignore[arg-type]
    assert found is not None
    return found


def test_time_is_that_of_the_senders_zone() -> None:
    found = facts()
    assert (found.hour, found.weekday) == (23, 1)
    assert found.when == 1609855800.0
    assert found.answers


def test_a_date_in_the_future_counts_as_now() -> None:
    assert facts(clock=lambda: 1e9).when == 1e9


@pytest.mark.parametrize("date", [b"no date", b"", b"Tue, 99 Jan 2021 99:99:99 +9999"])
def test_without_a_date_it_is_now_at_no_hour(date: bytes) -> None:
    found = facts(RAW.replace(b"Tue, 5 Jan 2021 23:10:00 +0900", date))
    assert (found.when, found.hour, found.weekday) == (2e9, -1, -1)


def test_proven_needs_a_trusted_server() -> None:
    assert not facts().proven
    assert facts(trusted=("mx.corp.example",)).proven
    assert not facts(trusted=("other.example",)).proven


def test_freemail_is_no_organisation_and_no_sender_no_facts() -> None:
    assert facts().organisation
    assert not facts(RAW.replace(b"ann@corp.example", b"ann@gmail.com")).organisation
    assert facts_of(Message([("subject", "x")]), HASHER) is None


def test_nothing_of_the_text_is_in_it() -> None:
    def plain(value: object) -> object:
        return value.tolist() if hasattr(value, "tolist") else value

    kept = msgspec.json.encode(
        {name: plain(value) for name, value in msgspec.structs.asdict(facts()).items()}
    )
    for word in (b"secret", b"confidential", b"ann", b"ben", b"corp"):
        assert word not in kept


def test_intents_come_from_the_caller_or_from_wording() -> None:
    pressing = RAW.replace(b"confidential figures", b"outstanding invoice must be paid, wire transfer")
    assert facts(pressing).habits["intents"] != facts().habits["intents"]
    assert facts(intents=("work",)).habits["intents"] != facts().habits["intents"]
