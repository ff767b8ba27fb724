"""Events come out of any cutting of the byte stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import ModelError
from icelos.llm.sse import data, lines

STREAM = (
    b": ping\n\nevent: x\ndata: one\nid: 3\n\ndata:two\r\ndata: more\r\n\r\n"
    b"\n\ndata: caf\xc3\xa9\n\ndata: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=20).map(sorted))
def test_events_do_not_depend_on_how_the_stream_is_cut(cuts: list[int]) -> None:
    bounds = [0, *cuts, len(STREAM)]
    chunks = [STREAM[a:b] for a, b in itertools.pairwise(bounds)]
    assert list(data(chunks)) == [b"one", b"two\nmore", b"caf\xc3\xa9", b"[DONE]"]


def test_nothing_is_read_after_done() -> None:
    assert list(data([b"data: [DONE]\n\n", b"data: late\n\n"])) == [b"[DONE]"]


def test_event_without_its_blank_line_is_given_at_the_end() -> None:
    assert list(data([b"data: last"])) == [b"last"]


@pytest.mark.parametrize(
    "chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"], [b"ok\n" + b"x" * 11]]
)
def test_overlong_lines_are_refused(chunks: list[bytes]) -> None:
    with pytest.raises(ModelError, match="longer than 10"):
        list(lines(chunks, limit=10))


def test_overlong_events_are_refused() -> None:
    with pytest.raises(ModelError, match="event longer than"):
        list(data([b"data: 1\n"] * 10, limit=20))
