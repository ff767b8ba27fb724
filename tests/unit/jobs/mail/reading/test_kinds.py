"""Files by their content, and the size of images by their header."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.kinds import kind_of, pixels

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)
JPEG = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7", "pdf"),
        (b"\n\njunk %PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"MZ\x90\x00\x03\x00", "exe"),
        (b"MZ is a word", ""),
        (b"BM\x36\x00\x00\x00", "bmp"),
        (b"BMW offers", ""),
        (b"\x7fELF", "elf"),
        (PNG, "png"),
        (JPEG, "jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8", "webp"),
        (b"a" * 257 + b"ustar", "tar"),
        (b"\0" * 0x8001 + b"CD001", "iso"),
        (b"  <!DOCTYPE html><p>", "html"),
        (b"\xef\xbb\xbf<html>", "html"),
        ("<html>".encode("utf-16"), "html"),
        (b"<!-- a --><script>", "html"),
        (b"<?xml version='1.0'?><svg>", "svg"),
        (b"<?xml version='1.0'?><a>", "xml"),
        (b"From: a@b\nTo: c", "mail"),
        (b"BEGIN:VCALENDAR", "calendar"),
        (b"{\\rtf1", "rtf"),
        (b"#!/bin/sh", "script"),
        (b"just text", ""),
        (b"", ""),
    ],
)
def test_kinds(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (640, 480)),
        (JPEG, (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 3, 4), (3, 4)),
        (b"BM" + b"\0" * 16 + struct.pack("<ii", 3, -4), (3, 4)),
        (PNG[:20], None),
        (b"\xff\xd8\xff\xe0\0\0" * 50, None),
        (b"", None),
    ],
)
def test_pixels(data: bytes, size: tuple[int, int] | None) -> None:
    assert pixels(data) == size


@given(st.binary(max_size=100), st.sampled_from([b"", PNG[:8], JPEG[:4], b"GIF89a", b"BM\0", b"RIFF"]))
def test_anything_has_a_kind(data: bytes, magic: bytes) -> None:
    assert isinstance(kind_of(magic + data), str)
    pixels(magic + data)
