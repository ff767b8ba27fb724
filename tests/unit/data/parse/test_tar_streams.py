"""Tar streams: names, bombs, and contents that break off."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import tar_streams
from icelos.data.parse.tar_streams import Budget, clean_path, members, pieces, plain_stream
from icelos.errors import InputError


@given(st.text(alphabet="./ab\0", max_size=20))
def test_a_clean_path_stays_inside(name: str) -> None:
    path = clean_path(name)
    if path is not None:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert "\0" not in path


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_ends_early(pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_streams, "BYTES_FREE", 1 << 20)
    info = tarfile.TarInfo("zeros")
    info.size = 64 << 20
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        archive.addfile(info, io.BytesIO(b"\0" * info.size))
    packed = pack(raw.getvalue())  # type: ignore[operator]
    budget = Budget(len(packed))
    with pytest.raises(InputError, match="bomb"):
        list(members(plain_stream(io.BytesIO(packed), budget), budget))


def test_a_content_that_breaks_off_is_an_input_error() -> None:
    info = tarfile.TarInfo("file")
    info.size = 5000
    data = info.tobuf() + b"x" * 1000
    member = next(members(io.BytesIO(data), Budget(6000)))
    with pytest.raises(InputError, match="broken archive"):
        list(pieces(member))


def test_pieces_are_bounded() -> None:
    info = tarfile.TarInfo("file")
    info.size = 3 << 20
    data = info.tobuf() + b"x" * info.size + bytes(1024)
    for member in members(io.BytesIO(data), Budget(len(data))):
        assert [len(piece) for piece in pieces(member, first=64)][:2] == [64, 1 << 20]
