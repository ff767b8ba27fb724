"""Calendar invites: their text and links."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.invites import read_invite
from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import read_message

INVITE = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY;LANGUAGE=en:Payroll review\\, urgent
ORGANIZER;CN="Ann; Boss":MAILTO:ann@corp.example
LOCATION:https://meet.example/room
DESCRIPTION:Confirm your details:\\nhttps://evil.example/a
 ccount\\nThanks
URL:https://evil.example/account
X-ALT-DESC;FMTTYPE=text/html:<a href="https://evil.example/html">Join</a>
DTSTART:20260101T100000Z
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_invite_is_read(end: str) -> None:
    text, links = read_invite(INVITE.replace("\n", end))
    assert text.split("\n") == [
        "Payroll review, urgent", "Ann <ann@corp.example>", "https://meet.example/room",
        "Confirm your details:", "https://evil.example/account", "Thanks",
    ]  # fmt: skip
    assert links == [
        Link("https://meet.example/room", "", "invite"),
        Link("https://evil.example/account", "", "invite"),
        Link("https://evil.example/html", "Join", "invite"),
    ]


def test_an_invite_is_part_of_what_is_seen() -> None:
    raw = f"From: a@b.example\nSubject: Invitation\nContent-Type: text/calendar; method=REQUEST\n\n{INVITE}"
    found = read_message(raw.encode())
    assert "Payroll review, urgent" in found.seen
    assert {link.origin for link in found.links} == {"invite"}
    attached = raw.replace("; method=REQUEST", "; name=invite.ics")
    assert [a.kind for a in read_message(attached.encode()).attachments] == ["calendar"]


@given(st.text(alphabet='SUMARY:;="\n\\ n-,', max_size=100))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_invite(text)[0], str)


@pytest.mark.parametrize("piece", ["A;B=", "\n ", "\\n", "SUMMARY:x\n", 'A;B="', "a"])
def test_long_invites_take_time_in_proportion(piece: str) -> None:
    began = time.process_time()
    read_invite(piece * ((1 << 20) // len(piece)))
    assert time.process_time() - began < 1
