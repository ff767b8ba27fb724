from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.lazy_fields import LazyFields
from icelos.engine.packing import pack, unpack
from icelos.records import LogLine, Mail, Record

TEXT = st.text()
ROWS = st.builds(
    lambda id, source, text, lazy: LogLine(
        id=id, source=source, text=text, fields=LazyFields(text) if lazy else None
    ),
    TEXT, TEXT, TEXT | st.just('{"a": 1}'), st.booleans(),
)  # fmt: skip


@given(st.lists(ROWS))
def test_rows_come_back_as_they_were(rows: list[LogLine]) -> None:
    packed = pack(rows)
    assert packed is not None
    back = unpack(packed)
    assert [(row.id, row.source) for row in back] == [(row.id, row.source) for row in rows]
    for one, other in zip(rows, back, strict=True):
        assert isinstance(other, LogLine)
        assert one.text == other.text
        assert type(one.fields) is type(other.fields)
        if isinstance(other.fields, LazyFields):
            assert other.fields.text == one.text


@pytest.mark.parametrize(
    "record",
    [
        Mail(id="m", source="m:1", raw=b"x"),
        LogLine(id="1", source="a:1", text='{"a": 1}', fields={"a": 1}),
        LogLine(id="1", source="a:1", text="another", fields=LazyFields("{}")),
        LogLine(id="1", source="a:1", text="\ud800"),
    ],
)
def test_what_is_more_than_its_text_is_not_packed(record: Record) -> None:
    good = LogLine(id="2", source="a:2", text="{}", fields=LazyFields("{}"))
    assert pack([good, record]) is None
    assert pack([good]) is not None


def test_what_is_not_packed_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        unpack(b"\x91\x01")
