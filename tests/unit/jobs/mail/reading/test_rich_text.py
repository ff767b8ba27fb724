"""Rich text of Outlook: unpacked, and the HTML in it."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.rich_text import html_of, unpacked

# The examples of MS-OXRTFCP, 3.1
PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_packed_text() -> None:
    assert unpacked(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    plain = b"{\\rtf1 hi}"
    assert unpacked(struct.pack("<II4sI", len(plain) + 12, len(plain), b"MELA", 0) + plain) == plain
    assert unpacked(b"x" * 20) == b""
    assert unpacked(b"") == b""


HTML = rb"""{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}
{\*\htmltag64 <html>}\htmlrtf {\htmlrtf0
{\*\htmltag84 <a href="https://evil.example/">}\htmlrtf \b gone\htmlrtf0
gr\'fcn \u8364?{\*\htmltag92 </a>}\htmlrtf\par\htmlrtf0}{\*\htmltag58 </html>}}"""


def test_html_in_rich_text() -> None:
    assert html_of(HTML) == '<html><a href="https://evil.example/">grün €</a></html>'


def test_rich_text_that_was_never_html() -> None:
    assert html_of(rb"{\rtf1 {\fonttbl{\f0 Arial;}}one\par <two>\{\}}") == "<pre>one\n&lt;two>{}</pre>"
    assert html_of(b"no rich text") == ""


@given(st.binary(max_size=80))
def test_anything_is_read(data: bytes) -> None:
    unpacked(struct.pack("<II4sI", len(data) + 12, 10, b"LZFu", 0) + data)
    html_of(b"{\\rtf1\\fromhtml1 " + data)


@pytest.mark.parametrize(
    "piece", [b"{", b"}", b"\\'41", b"\\u1?", b"\\*", b"\\a", b"\\htmlrtf ", b"{\\*\\htmltag "]
)
def test_long_text_takes_time_in_proportion(piece: bytes) -> None:
    began = time.process_time()
    html_of(b"{\\rtf1\\fromhtml1 " + piece * ((1 << 20) // len(piece)))
    assert time.process_time() - began < 4
