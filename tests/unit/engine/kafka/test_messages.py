from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.sources import JsonLinesSource, LineSource, MailSource
from icelos.engine.kafka.dead_letters import dead_letter
from icelos.engine.kafka.messages import CUT, FORMATS, RECORD, SOURCE, UNREAD, Message, parser, written
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.records import Component, Document, LogLine, Mail, Record, record_id

MAIL = b"Message-ID: <1@x>\nSubject: hi\n\nbody\n"


def message(value: bytes | None, *headers: tuple[str, bytes]) -> Message:
    return Message("t", 3, 17, value, b"key", headers)


def sent(item: Record | Failure) -> Message:
    value, headers = written(item)
    return message(value, *headers)


@pytest.mark.parametrize(
    ("name", "source", "content"),
    [
        ("jsonl", JsonLinesSource,
         b'{"id": "event-0001"}\n{"n": 1}\nbroken\n\xff\n{"n": 1}\n{"a": "\xc3\xa9"}\n[1]\n'),
        ("lines", LineSource, b"one\ntwo\r\n\xff\xfe\n\xc3\xa9\n" + b"x" * 9_000_000),
        ("mail", MailSource, b"From a\n" + MAIL + b"\nFrom b\nSubject: x\n\nFrom c\n\n"),
    ],
)  # fmt: skip
def test_what_a_source_gives_comes_out_of_a_topic(
    tmp_path: Path, name: str, source: type[LineSource] | type[MailSource], content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    items = [item for item in source(tmp_path / "file") if item is not None]
    assert any(isinstance(item, Failure) for item in items) or name == "mail"
    assert [parser("x", name)(sent(item)) for item in items] == items


def test_ids_of_messages_that_others_wrote() -> None:
    row = b'{"id": "event-0001"}'
    assert parser("logs")(message(row)) == LogLine(
        id=record_id("row", row.decode()), source="t:3:17", text=row.decode(), fields={"id": "event-0001"}
    )
    plain = parser("logs")(message(b'{"n": 1}'))
    assert isinstance(plain, LogLine)
    assert plain.id == record_id("t", "3", "17", b'{"n": 1}')
    mail = parser("mail")(message(MAIL))
    assert isinstance(mail, Mail)
    assert mail.source == "t:3:17"


def test_headers_that_are_not_trusted_say_nothing() -> None:
    said = ((RECORD, b"0" * 32), (SOURCE, b"other:1"), (UNREAD, b"do not look"))
    found = parser("logs", trusting=False)(message(b'{"n": 1}', *said))
    assert isinstance(found, LogLine)
    assert found.source == "t:3:17"
    assert found.id != "0" * 32
    assert isinstance(parser("logs")(message(b'{"n": 1}', *said)), Failure)


def test_an_id_that_is_none_is_not_taken() -> None:
    for text in (b"0" * 31, b"G" * 32, b""):
        found = parser("logs")(message(b'{"n": 1}', (RECORD, text), (SOURCE, b"other:1")))
        assert isinstance(found, LogLine)
        assert found.source == "t:3:17"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("jsonl", b"[1]", "not a JSON object"), ("jsonl", b"[" * 100_000, "not a JSON object"),
        ("jsonl", b"\xff", "not UTF-8 at byte 0"), ("lines", None, "without a value"),
        ("mail", b" \n", "empty message"), ("components", b"{}", "not a component"),
    ],
)  # fmt: skip
def test_what_is_no_record_fails_in_its_place(name: str, value: bytes | None, reason: str) -> None:
    found = parser("x", name)(message(value))
    assert isinstance(found, Failure)
    assert reason in found.error
    assert found.source == "t:3:17"


def test_what_was_cut_is_never_taken_for_the_whole() -> None:
    found = parser("mail")(message(MAIL, (CUT, b"999")))
    assert isinstance(found, Failure)
    assert "only the beginning" in found.error


def test_a_component_is_a_message() -> None:
    one = Component(id="a" * 32, source="x:1", target="t", purl="pkg:pypi/a@1", name="a", version="1")
    assert parser("vulns")(sent(one)) == one
    other = parser("vulns", trusting=False)(sent(one))
    assert isinstance(other, Component)
    assert other.id != one.id


def test_unknown_formats_and_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="no format"):
        parser("logs", "pickle")
    with pytest.raises(InputError, match="cannot be a message"):
        written(Document(id="x", source="y", title="z", sections=()))


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes_are_a_record_or_a_failure(name: str, value: bytes, header: bytes) -> None:
    found = parser("x", name)(message(value, (RECORD, header), (SOURCE, header)))
    assert len(found.record_id if isinstance(found, Failure) else found.id) == 32
    msgspec.json.encode(found)


def test_a_dead_letter_is_the_same_record_again_and_counts_attempts() -> None:
    row = json.dumps({"n": 1}).encode()
    first = message(row, ("trace", b"1"))
    record = parser("logs")(first)
    assert isinstance(record, LogLine)
    why = failure(record_id=record.id, job="logs", error="boom", source=record.source)
    letter = dead_letter("dead", first, why)
    again = Message("dead", 0, 0, letter.value, letter.key, tuple(letter.headers))
    assert parser("logs")(again) == record
    said = dict(letter.headers)
    assert (said["trace"], said["icelos-attempt"], said["icelos-from"]) == (b"1", b"1", b"t:3:17")
    second = dict(dead_letter("dead", again, why).headers)
    assert (second["icelos-attempt"], second["trace"]) == (b"2", b"1")
    assert (
        dict(dead_letter("dead", message(row, ("icelos-attempt", b"x")), why).headers)["icelos-attempt"]
        == b"1"
    )
