from __future__ import annotations

import io
import struct
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.zstd_stream import ZstdStream


def undone(packed: bytes) -> bytes:
    return io.BufferedReader(ZstdStream(io.BytesIO(packed))).read()


@given(st.lists(st.binary(max_size=5000), max_size=4))
def test_frames_come_back_one_after_another(contents: list[bytes]) -> None:
    assert undone(b"".join(map(zstandard.compress, contents))) == b"".join(contents)


def test_frames_that_are_to_be_skipped_are() -> None:
    skipped = struct.pack("<II", 0x184D2A50, 5) + b"hello"
    assert undone(zstandard.compress(b"one") + skipped + zstandard.compress(b"two")) == b"onetwo"


def test_a_cut_is_told_wherever_it_is() -> None:
    """Also at the end of a block, where all lines so far are whole."""
    engine = zstandard.ZstdCompressor().compressobj()
    first = engine.compress(b"a\nb\n") + engine.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    whole = first + engine.compress(b"c\n") + engine.flush()
    assert undone(whole) == b"a\nb\nc\n"
    for size in range(1, len(whole)):
        with pytest.raises(EOFError, match="middle of a frame"):
            undone(whole[:size])
    assert io.BufferedReader(ZstdStream(io.BytesIO(first))).readline() == b"a\n"


def test_what_stands_behind_a_frame_is_no_frame() -> None:
    with pytest.raises(zstandard.ZstdError):
        undone(zstandard.compress(b"one") + b"rubbish")


def test_a_bomb_is_undone_piece_by_piece() -> None:
    packed = zstandard.compress(b"\0" * (256 << 20))
    assert len(packed) < 64 << 10
    stream = io.BufferedReader(ZstdStream(io.BytesIO(packed)))
    tracemalloc.start()
    while stream.read(1 << 16):
        pass
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
