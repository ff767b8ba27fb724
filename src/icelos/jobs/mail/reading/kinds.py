"""What a file is by its content, whatever it is called; and its size in pixels, where it is an image."""

from __future__ import annotations

import re
import struct

_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"MZ", "exe"),
    (b"\x7fELF", "elf"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xca\xfe\xba\xbe", "class"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"MSCF", "cab"),
    (b"\x60\xea", "arj"),
    (b"**ACE**", "ace"),
    (b"ITSF", "chm"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "lnk"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote"),
    (b"{\\rt", "rtf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"conectix", "vhd"),
    (b"vhdxfile", "vhd"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"#!/", "script"),
    (b"BEGIN:VCALENDAR", "calendar"),
    (b"BEGIN:VCARD", "vcard"),
    (b"wOFF", "font"),
    (b"\x00asm", "wasm"),
)
_CONTROL = re.compile(rb"[\0-\x08]")
"""What stands near the beginning of no text: magic of two letters alone might be a word."""
IMAGES = frozenset({"png", "jpeg", "gif", "bmp", "webp", "tiff"})
_MARKUP = re.compile(
    rb"\s{0,200}(?:<!--.{0,400}?-->\s{0,200})?<(!doctype\s{1,9}html|html|head|body|script|style|meta|title|table|div|"
    rb"form|iframe|img|center|font|span|h1|svg|\?xml|hta:|[pab][\s>])",
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(
    rb"(?:From|To|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Delivered-To):", re.I
)


def kind_of(data: bytes) -> str:
    """The kind of a file by its first bytes: "pdf", "zip", "exe", "html", ... or "" where it says nothing."""
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (len(magic) > 2 or _CONTROL.search(data[2:64])):
            return kind
    if data[:4] == b"RIFF":
        return "webp" if data[8:12] == b"WEBP" else "audio"
    if data[257:262] == b"ustar":
        return "tar"
    if data[0x8001:0x8006] == b"CD001":
        return "iso"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    return _text_kind(data.removeprefix(b"\xef\xbb\xbf"))


def _text_kind(data: bytes) -> str:
    data = _narrow(data[:2048])
    if found := _MARKUP.match(data):
        word = found[1].lower()
        return "svg" if word == b"svg" or b"<svg" in data else "xml" if word == b"?xml" else "html"
    return "mail" if _HEADER.match(data) else ""


def _narrow(data: bytes) -> bytes:
    """UTF-16 as its low bytes, for what is ASCII in it."""
    return data[2:].replace(b"\0", b"") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data


def pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height of an image by its header, without decoding it."""
    kind = kind_of(data[:16])
    if kind == "png" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif kind == "gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif kind == "bmp" and len(data) >= 26:
        width, height = map(abs, struct.unpack("<ii", data[18:26]))
    elif kind == "jpeg":
        return _jpeg_pixels(data)
    else:
        return None
    return width, height


def _jpeg_pixels(data: bytes) -> tuple[int, int] | None:
    position = 2
    for _ in range(200):
        if position + 9 > len(data) or data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
