"""Ids: stable, and different where the parts differ."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.records import Component, Document, LogLine, Section, record_id

PARTS = st.lists(st.one_of(st.text(max_size=6), st.binary(max_size=6)), max_size=4)


def _as_bytes(parts: list[str | bytes]) -> list[bytes]:
    return [p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in parts]


@given(PARTS, PARTS)
def test_ids_are_equal_only_where_all_parts_are(one: list[str | bytes], other: list[str | bytes]) -> None:
    assert (record_id(*one) == record_id(*other)) == (_as_bytes(one) == _as_bytes(other))


def test_an_id_is_the_same_in_every_process() -> None:
    assert record_id("mail.mbox", "17") == "56d035b0aae273f2ee67885ad375b1e6"
    assert len(record_id()) == 32


def test_records_do_not_change() -> None:
    record = LogLine(id="1", source="a:1", text="x")
    with pytest.raises(AttributeError):
        record.text = "y"  # type: ignore[misc]


def test_one_component_and_advisory_is_one_record() -> None:
    component = Component(id="1", source="s", target="t", purl="pkg:pypi/a@1", name="a", version="1")
    named = msgspec.structs.replace(component, advisory="CVE-2020-1")
    assert component != named
    assert msgspec.json.decode(msgspec.json.encode(named), type=Component) == named


def test_text_of_a_document_has_its_headings() -> None:
    sections = (Section("One", "first"), Section("", "second"))
    assert Document(id="d", source="d", title="t", sections=sections).text == "One\nfirst\n\nsecond"
