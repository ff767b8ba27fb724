from __future__ import annotations

import copy
import json
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from icelos.data.lazy_fields import LazyFields, plain
from icelos.data.row_ids import RowIds
from icelos.data.sources import JsonLinesSource
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.records import LogLine, record_id

TEXT = '{"a": {"b": [1, 2.5, null]}, "n": "x"}'
DECODED = {"a": {"b": [1, 2.5, None]}, "n": "x"}
ROW = LogLine(id="1", source="a:1", text=TEXT, fields=LazyFields(TEXT))
TOO_LARGE = '{"a": 1e999, "status": "x"}'


def test_they_are_a_mapping_like_the_dictionary() -> None:
    fields = LazyFields(TEXT)
    assert fields == DECODED
    assert fields == DECODED
    assert fields == LazyFields(json.dumps(DECODED, separators=(",", ":")))
    assert fields != LazyFields("{}")
    assert fields != {"a": 1}
    assert fields != TEXT
    assert dict(fields) == dict(fields.items()) == DECODED
    assert (list(fields), len(fields), bool(LazyFields("{}"))) == (["a", "n"], 2, False)
    assert (fields["n"], fields.get("z", 3), "a" in fields, "z" in fields) == ("x", 3, True, False)
    assert list(fields.values()) == list(DECODED.values())
    assert list(fields.keys()) == list(DECODED)
    with pytest.raises(KeyError):
        fields["z"]


def test_records_with_them_are_compared_copied_and_sent_as_others() -> None:
    eager = msgspec.structs.replace(ROW, fields=DECODED)
    packed = bytes(ForkingPickler.dumps(ROW))  # as another process gets it
    for other in (copy.copy(ROW), copy.deepcopy(ROW), ForkingPickler.loads(packed), eager):
        assert other == ROW
    assert packed.count(TEXT.encode()) == 1
    for module in (msgspec.json, msgspec.msgpack):
        sent = module.Encoder(enc_hook=plain).encode(ROW)
        assert module.decode(sent, type=LogLine) == ROW
    with pytest.raises(NotImplementedError, match="cannot encode a object"):
        msgspec.json.encode(object(), enc_hook=plain)


def test_what_only_decoding_finds_is_an_input_error_of_the_row() -> None:
    fields = LazyFields(TOO_LARGE)
    with pytest.raises(InputError, match="not a JSON object: Number out of range"):
        fields.get("status")
    assert "1e999" in repr(fields)


LINES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(str.encode),
    st.text('{}[]",:\\ue0129.-+tfn id', max_size=30).map(str.encode),
    st.dictionaries(
        st.sampled_from(["id", "Id", "uuid", "a"]), st.text(max_size=12) | st.integers() | st.none()
    ).map(lambda row: json.dumps(row).encode()),
)


@example([b'{"a":tru}', b'{"a":"\\x"}', b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b"[1]", b'{"a":1} x'])
@example([b'{"id":"12345678"}', b'{"id":"12345678"}', b'{"id":12345678}', b'{"\\u0069d":"123456789"}'])
@given(lines=st.lists(LINES, max_size=6))
def test_rows_and_failures_are_those_of_decoding_everything(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    ids = RowIds()
    for item in JsonLinesSource(path):
        assert item is not None
        name, _, number = item.source.rpartition(":")
        raw = path.read_bytes().split(b"\n")[int(number) - 1].rstrip(b"\r")
        own = record_id(name, number, raw)
        if isinstance(item, Failure):
            assert item.record_id == own
            if not item.error.startswith("not UTF-8"):
                with pytest.raises((msgspec.MsgspecError, RecursionError)) as caught:
                    msgspec.json.decode(item.raw, type=dict[str, object])
                assert item.error == " ".join(f"not a JSON object: {caught.value}".split())
            continue
        assert isinstance(item, LogLine)
        decoded = msgspec.json.decode(item.text, type=dict[str, object])
        assert item.fields == decoded
        assert item.id == (ids.of(decoded, item.text) or own)


def test_a_number_that_nobody_asks_for_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(TOO_LARGE + "\n")
    (row,) = JsonLinesSource(path)
    assert isinstance(row, LogLine)
    assert row.text == TOO_LARGE
