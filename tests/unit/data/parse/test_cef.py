from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.cef import parse_cef
from icelos.errors import InputError


def test_header_and_extension() -> None:
    fields = parse_cef(
        r"CEF:0|Security|threat\|manager|1.0|100|worm \\ stopped|10|src=10.0.0.1 dst=2.1.2.2 "
        r"request=http://x.example/?a\=b&c=d msg=two words\nnext line cs1Label=Rule Name cs1="
    )
    assert fields["deviceProduct"] == "threat|manager"
    assert fields["name"] == "worm \\ stopped"
    assert fields["severity"] == "10"
    assert fields["dst"] == "2.1.2.2"
    assert fields["request"] == "http://x.example/?a=b&c=d"
    assert fields["msg"] == "two words\nnext line"
    assert fields["cs1Label"] == "Rule Name"
    assert fields["cs1"] == ""
    assert "syslog" not in fields


def test_after_a_syslog_header() -> None:
    fields = parse_cef("<134>Feb 14 19:04:54 host1 CEF:0|V|P|1|42|n|Low|suser=ann")
    assert fields["suser"] == "ann"
    assert fields["syslog"] == {
        "facility": 16, "severity": 6, "timestamp": "Feb 14 19:04:54", "host": "host1",
    }  # fmt: skip


@pytest.mark.parametrize("line", ["", "CEF:0|a|b", "CEF:x|a|b|c|d|e|f|", "CEF:0|a|b|c|d|e|5|words only"])
def test_broken_lines_say_why(line: str) -> None:
    with pytest.raises(InputError):
        parse_cef(line)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for line in (text, f"CEF:0|{text}", f"CEF:0|a|b|c|d|e|5|{text}", f"{text} CEF:0|a|b|c|d|e|5|k=v"):
        with suppress(InputError):
            assert "cefVersion" in parse_cef(line)


_VALUES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs"]), max_size=40).map(
    str.strip
)


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}[A-Z]", fullmatch=True), _VALUES, min_size=1, max_size=5),
    _VALUES,
)
def test_what_was_written_is_read(values: dict[str, str], name: str) -> None:
    def escape(text: str, mark: str) -> str:
        return text.replace("\\", "\\\\").replace(mark, f"\\{mark}")

    extension = " ".join(f"{key}={escape(value, '=')}" for key, value in values.items())
    fields = parse_cef(f"CEF:0|a|b|c|d|{escape(name, '|')}|5|{extension}")
    assert fields["name"] == name
    assert {key: fields[key] for key in values} == values
