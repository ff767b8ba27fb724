from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.syslog import parse_syslog
from icelos.errors import InputError


def test_the_examples_of_rfc_5424() -> None:
    fields: dict[str, Any] = parse_syslog(
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        '[exampleSDID@32473 iut="3" eventSource="Appli\\"cation" eventID="1011"][p@1 class="high"] '
        "\ufeffAn application event log entry..."
    )
    assert (fields["facility"], fields["severity"]) == (20, 5)
    assert fields["host"] == "mymachine.example.com"
    assert fields["app"] == "evntslog"
    assert fields["message_id"] == "ID47"
    assert "pid" not in fields
    assert fields["data"]["exampleSDID@32473"] == {
        "iut": "3",
        "eventSource": 'Appli"cation',
        "eventID": "1011",
    }
    assert fields["data"]["p@1"] == {"class": "high"}
    assert fields["message"] == "An application event log entry..."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick",
            {"facility": 4, "severity": 2, "timestamp": "Oct 11 22:14:15", "host": "mymachine", "app": "su",
             "message": "'su root' failed for lonvick"},
        ),
        (
            "Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster",
            {"timestamp": "Dec 10 06:55:46", "host": "LabSZ", "app": "sshd", "pid": "24200",
             "message": "Invalid user webmaster"},
        ),
        (
            "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; uid=0",
            {"timestamp": "Jun 14 15:16:01", "host": "combo", "app": "sshd(pam_unix)", "pid": "19939",
             "message": "authentication failure; uid=0"},
        ),
        (
            "2024-02-29T08:00:00.5+01:00 web1 nginx: GET /",
            {"timestamp": "2024-02-29T08:00:00.5+01:00", "host": "web1", "app": "nginx", "message": "GET /"},
        ),
        (
            "2016-09-28 04:30:30, Info CBS Loaded",
            {"timestamp": "2016-09-28 04:30:30", "message": "Info CBS Loaded"},
        ),
        ("no header at all", {"message": "no header at all"}),
        ("", {"message": ""}),
    ],
)  # fmt: skip
def test_lines_as_they_are_met(line: str, expected: dict[str, object]) -> None:
    assert parse_syslog(line) == expected


@pytest.mark.parametrize(
    "line", ["<192>x", '<1>1 2003-10-11T22:14:15Z h a p m [x y="1"', "<1>1 - h a p m [x y=1] text"]
)
def test_broken_lines_say_why(line: str) -> None:
    with pytest.raises(InputError):
        parse_syslog(line)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for line in (text, f"<13>{text}", f"<13>1 - - - - - {text}", f"Oct 11 22:14:15 host {text}"):
        with suppress(InputError):
            assert "message" in parse_syslog(line)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs"]), max_size=50))
def test_a_parameter_comes_out_as_it_went_in(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    fields: dict[str, Any] = parse_syslog(f'<13>1 - - - - - [e@1 k="{escaped}"] m')
    assert fields["data"] == {"e@1": {"k": value}}
