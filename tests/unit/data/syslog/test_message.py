"""Fields of whatever comes: by the form that a message claims, or by a simpler one where it lies."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.syslog.message import fields_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [a@1 b="c"] hello',
            {"host": "h", "app": "evntslog", "severity": 5, "data": {"a@1": {"b": "c"}}, "message": "hello"},
        ),
        (
            "<34>Oct 11 22:14:15 mymachine su[7]: failed",
            {"host": "mymachine", "app": "su", "pid": "7", "message": "failed"},
        ),
        (
            "<13>Oct 11 22:14:15 h CEF:0|Vendor|Product|1|100|worm stopped|10|src=10.0.0.1 act=blocked",
            {"deviceVendor": "Vendor", "src": "10.0.0.1", "severity": "10"},
        ),
        ("CEF:0|V|P|1|100|n|10|", {"deviceVendor": "V"}),
        ("<13>Oct 11 22:14:15 h LEEF:1.0|V|P|1|logon|src=10.0.0.1\tusr=a", {"vendor": "V", "usr": "a"}),
        ("<13>1 - - - - - - CEF:0|V|P|1|1|n|1|a=b", {"a": "b"}),
        ("<13>Oct 11 22:14:15 h CEF:0|broken", {"host": "h", "message": "CEF:0|broken"}),
        ("<13>Oct 11 22:14:15 h app: he wrote CEF:0|V|P|1|1|n|1|", {"app": "app"}),
        ("anything", {"message": "anything"}),
    ],
)
def test_fields(text: str, expected: dict[str, Any]) -> None:
    fields = fields_of(text)
    assert fields is not None
    assert expected.items() <= fields.items()


def test_what_has_no_fields() -> None:
    assert fields_of("<999>x") is None
    assert fields_of("<13>1 - - - - - [a b") is None


PARTS = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        ["<34>", "1 ", "- ", "[a@1 ", 'b="c"', "] ", "Oct 11 22:14:15 ", "host ", "app[1]: ", "CEF:0|",
         "LEEF:2.0|", "|", "a=b ", "\\", "2003-10-11T22:14:15.003Z "]
    ),
)  # fmt: skip


@given(st.lists(PARTS, max_size=14).map("".join))
def test_whatever_comes_has_fields_that_are_json_or_none(text: str) -> None:
    fields = fields_of(text)
    if fields is not None:
        assert msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, object])
