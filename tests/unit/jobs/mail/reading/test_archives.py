"""Archives by what they hold, within bounds, whole or broken."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.archives import MAX_MEMBERS, MAX_UNPACKED, listed, zip_member, zip_names


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: Any = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def names(data: bytes, name: str = "") -> list[tuple[str, int]]:
    return [(member.name, member.size) for member in listed(data, name).members]


FILES = {"a/rechnung.pdf.exe": b"MZ" * 50, "ü.txt": b"x"}
SIZES = [(name, len(content)) for name, content in FILES.items()]


@pytest.mark.parametrize(
    "data",
    [zipped(FILES), tarred(FILES), tarred(FILES, "w:gz"), tarred(FILES, "w:bz2"), tarred(FILES, "w:xz")],
)
def test_members(data: bytes) -> None:
    assert names(data) == SIZES


@pytest.mark.parametrize(
    ("data", "name", "found"),
    [
        (gzip.compress(b"data", mtime=0), "a.js.gz", [("a.js", 4)]),
        (bz2.compress(b"data"), "a.js.bz2", [("a.js", 4)]),
        (lzma.compress(b"data"), "a.js.xz", [("a.js", 4)]),
        (
            b"\x1f\x8b\x08\x08\0\0\0\0\0\xffreal.vbs\0" + gzip.compress(b"data")[10:],
            "a.gz",
            [("real.vbs", 4)],
        ),
        (b"no archive", "a.zip", []),
    ],
)
def test_packed_files(data: bytes, name: str, found: list[tuple[str, int]]) -> None:
    assert names(data, name) == found


def test_archives_in_archives_are_listed_one_level_deep() -> None:
    inner = zipped({"evil.exe": b"MZ", "deeper.zip": zipped({"unseen": b""})})
    size = len(zipped({"unseen": b""}))
    assert names(zipped({"inner.zip": inner})) == [
        ("inner.zip", len(inner)), ("inner.zip!/evil.exe", 2), ("inner.zip!/deeper.zip", size),
    ]  # fmt: skip
    assert names(tarred({"inner.zip": inner}))[1] == ("inner.zip!/evil.exe", 2)
    assert names(gzip.compress(inner), "inner.zip.gz")[1] == ("inner.zip!/evil.exe", 2)


def test_members_that_need_a_password() -> None:
    data = bytearray(zipped({"a.exe": b"MZ"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    assert listed(bytes(data)).encrypted
    assert not listed(zipped({"a.exe": b"MZ"})).encrypted


def test_a_zip_without_its_directory_is_read_by_its_files() -> None:
    data = zipped({"a.exe": b"MZ", "b.exe": b"MZ"})
    assert [name for name, _ in names(data[: data.find(b"PK\x01\x02")])] == ["a.exe", "b.exe"]
    assert [name for name, _ in names(b"PK\x03\x04 in front of it" + data)] == ["a.exe", "b.exe"]


def test_bounds() -> None:
    many = listed(zipped({f"{n}": b"" for n in range(MAX_MEMBERS + 5)}))
    assert (len(many.members), many.cut) == (MAX_MEMBERS, True)
    bomb = gzip.compress(b"\0" * (3 * MAX_UNPACKED))
    assert names(bomb, "a.gz") == [("a", MAX_UNPACKED)]
    assert zip_member(zipped({"a": b"x" * 1000}), "a", 10) == b"x" * 10
    assert zip_member(zipped({"a": b"x"}), "b") == b""
    assert zip_names(zipped({"a": b"x"})) == ["a"]


@given(st.data())
def test_broken_archives_are_read_as_far_as_they_go(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([zipped(FILES), tarred(FILES), tarred(FILES, "w:gz"), tarred(FILES, "w:xz")])
    )
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    listed(bytes(raw)[: data.draw(st.integers(0, len(raw)))])


@pytest.mark.parametrize(
    "piece", [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x01\x02" + b"\0" * 42, b"a" * 512]
)
def test_long_nonsense_takes_time_in_proportion(piece: bytes) -> None:
    began = time.process_time()
    for start in (b"PK\x03\x04", b"a" * 257 + b"ustar" + b"0" * 250):
        listed(start + piece * ((8 << 20) // len(piece)))
    assert time.process_time() - began < 2
