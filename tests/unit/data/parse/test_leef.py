from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.leef import parse_leef
from icelos.errors import InputError


@pytest.mark.parametrize(
    "line",
    [
        "LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tusrName=a=b",
        "LEEF:2.0|Microsoft|MSExchange|4.0 SP1|15345|^|src=192.0.2.0^dst=172.50.123.1^usrName=a=b",
        "LEEF:2.0|Microsoft|MSExchange|4.0 SP1|15345|0x5E|src=192.0.2.0^dst=172.50.123.1^usrName=a=b",
        "LEEF:2.0|Microsoft|MSExchange|4.0 SP1|15345||src=192.0.2.0\tdst=172.50.123.1\tusrName=a=b",
        "LEEF:2.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tusrName=a=b",
    ],
)
def test_both_versions_and_all_delimiters(line: str) -> None:
    fields = parse_leef(line)
    assert fields["product"] == "MSExchange"
    assert fields["eventId"] == "15345"
    assert fields["src"] == "192.0.2.0"
    assert fields["usrName"] == "a=b"


def test_after_a_syslog_header_and_a_delimiter_within_a_value() -> None:
    fields = parse_leef("Jan 18 11:07:53 host1 LEEF:2.0|v|p|1|e|;|msg=a;b;sev=5")
    assert fields["msg"] == "a;b"
    assert fields["sev"] == "5"
    assert fields["syslog"] == {"timestamp": "Jan 18 11:07:53", "host": "host1"}


@pytest.mark.parametrize("line", ["", "LEEF:3.0|a|b|c|d|", "LEEF:1.0|a|b|c", "LEEF:1.0|a|b|c|d|words"])
def test_broken_lines_say_why(line: str) -> None:
    with pytest.raises(InputError):
        parse_leef(line)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for line in (text, f"LEEF:1.0|{text}", f"LEEF:2.0|a|b|c|d|{text}", f"{text} LEEF:1.0|a|b|c|d|k=v"):
        with suppress(InputError):
            assert "leefVersion" in parse_leef(line)
