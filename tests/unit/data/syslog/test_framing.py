"""RFC 6587: whatever pieces a stream comes in, the same messages; nothing raises, nothing grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.syslog.framing import Decoder, Frame

LIMIT = 40


def _decoded(pieces: list[bytes], limit: int = LIMIT) -> list[Frame]:
    decoder = Decoder(limit)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    assert len(decoder._rest) <= limit + 20
    return frames + decoder.end()


TOO_LONG = f"message is longer than {LIMIT} bytes"
CUT = "the connection ended within the message"


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b"<1>a\n<2>b\r\n\n\0\n<3>c", [Frame(b"<1>a"), Frame(b"<2>b"), Frame(b"<3>c")]),
        (b"4 <1>a5 <2>\nb6 <3>c\r\n", [Frame(b"<1>a"), Frame(b"<2>\nb"), Frame(b"<3>c")]),
        (b"4 <1>a\n4 <2>b\n3 abc", [Frame(b"<1>a"), Frame(b"<2>b"), Frame(b"abc")]),
        (b"<1>line\n4 <1>a<1>line\n", [Frame(b"<1>line"), Frame(b"<1>a"), Frame(b"<1>line")]),
        (b"12 monkeys\n", [Frame(b"12 monkeys")]),
        (b"2026-01-01 x\n7\n", [Frame(b"2026-01-01 x"), Frame(b"7")]),
        (b"0 <1>a\n", [Frame(b"0 <1>a")]),
        (b"12345678901 <1>a\n", [Frame(b"12345678901 <1>a")]),
        (b"x" * 41 + b"\n<1>a\n", [Frame(b"x" * 40, TOO_LONG), Frame(b"<1>a")]),
        (b"x" * 40 + b"\n", [Frame(b"x" * 40)]),
        (b"41 <" + b"x" * 40 + b"4 <1>a", [Frame(b"<" + b"x" * 40, TOO_LONG), Frame(b"<1>a")]),
        (b"9 <1>a", [Frame(b"<1>a", CUT)]),
        (b"999999999 <1>a", [Frame(b"<1>a", CUT)]),
        (b"5", [Frame(b"5")]),
        (b"", []),
    ],
)
def test_frames(data: bytes, frames: list[Frame]) -> None:
    assert _decoded([data]) == frames
    assert _decoded([bytes([one]) for one in data]) == frames


LINES = st.binary(min_size=1, max_size=LIMIT - 1).map(lambda data: b"<" + data.replace(b"\n", b"") + b".")
COUNTED = st.binary(max_size=LIMIT - 2).map(lambda data: b"<" + data + b".")
MESSAGES = st.one_of(
    LINES.map(lambda data: (data, data + b"\n")),
    LINES.map(lambda data: (data, data + b"\r\n")),
    COUNTED.map(lambda data: (data, b"%d %b" % (len(data), data))),
    COUNTED.map(lambda data: (data, b"%d %b\n" % (len(data), data))),
)


@st.composite
def _pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=20)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@given(st.lists(MESSAGES, max_size=10), st.data())
def test_what_is_sent_is_what_comes(messages: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(sent for _, sent in messages)
    limit = LIMIT + 2
    assert _decoded(data.draw(_pieces(stream)), limit) == [Frame(message) for message, _ in messages]


PARTS = st.sampled_from(
    [b"1", b"9", b"0", b" ", b"<", b"\n", b"\r", b"\0", b"x", b"12 <", b"x" * 30, b"99999 <"]
)


@given(st.lists(PARTS, max_size=40).map(b"".join), st.data())
def test_the_pieces_make_no_difference(stream: bytes, data: st.DataObject) -> None:
    assert _decoded(data.draw(_pieces(stream))) == _decoded([stream])
