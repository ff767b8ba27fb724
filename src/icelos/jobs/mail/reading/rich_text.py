"""Rich text of Outlook: its packing (MS-OXRTFCP) undone, and the HTML in it (MS-OXRTFEX) taken out."""

from __future__ import annotations

import re
import struct

from icelos.data.parse.mime import decode_text

MAX_UNPACKED = 4 * 1024 * 1024
_BEFORE = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the packing takes for written before the text begins; 207 bytes."""


def unpacked(data: bytes) -> bytes:
    """Packed rich text as it was, at most `MAX_UNPACKED` bytes; nothing where it is of no known packing."""
    if len(data) < 16:
        return b""
    size, _, kind = struct.unpack_from("<II4s", data)
    if kind == b"MELA":
        return data[16 : 16 + MAX_UNPACKED]
    return _expanded(data[16 : size + 4]) if kind == b"LZFu" else b""


def _expanded(data: bytes) -> bytes:
    """Runs of eight items, each a byte or a place and length in the last 4,096 bytes."""
    ring = bytearray(_BEFORE.ljust(4096, b"\0"))
    write, place = len(_BEFORE), 0
    out = bytearray()
    while place < len(data) and len(out) < MAX_UNPACKED:
        control = data[place]
        place += 1
        for bit in range(8):
            if not control >> bit & 1:
                piece = data[place : place + 1]
                place += 1
                write = _keep(ring, write, piece, out)
                continue
            pair = int.from_bytes(data[place : place + 2], "big")
            place += 2
            start, length = pair >> 4, (pair & 15) + 2
            if start == write % 4096 or place > len(data):
                return bytes(out)
            for step in range(length):
                write = _keep(ring, write, ring[(start + step) % 4096 : (start + step) % 4096 + 1], out)
    return bytes(out)


def _keep(ring: bytearray, write: int, piece: bytes | bytearray, out: bytearray) -> int:
    if piece:
        ring[write % 4096] = piece[0]
        out += piece
    return (write + 1) % 4096


_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|.",
    re.DOTALL,
)
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "‘", b"rquote": "’", b"bullet": "•",
           b"ldblquote": "“", b"rdblquote": "”", b"endash": "–", b"emdash": "—"}  # fmt: skip
_SKIPPED = frozenset(
    [b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"datastore"]
)


def html_of(rich: bytes) -> str:
    """The HTML that rich text was made of; where it was made of none, its text as a paragraph's."""
    if b"\\rtf" not in rich[:20]:
        return ""
    made_of_html = b"\\fromhtml" in rich[:4096]
    text = _Flow(made_of_html).read(rich)
    return text if made_of_html else "<pre>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</pre>"


class _Flow:
    """Follows the groups of rich text: which are shown, which hold tags, which are only for other readers."""

    def __init__(self, made_of_html: bool) -> None:
        self._made_of_html = made_of_html
        self._out: list[str] = []
        self._bytes = bytearray()
        self._groups: list[tuple[bool, bool]] = []
        self._skipped, self._other = False, False
        self._optional = False
        self._charset = "cp1252"
        self._to_skip = 0

    def read(self, rich: bytes) -> str:
        """The text or HTML."""
        for found in _TOKEN.finditer(rich):
            hexadecimal, word, number, symbol, brace, text = found.groups()
            if brace:
                self._grouped(brace)
            elif word:
                self._word(word, number)
            elif symbol:
                self._symbol(symbol)
            elif hexadecimal or text:
                self._add(bytes.fromhex(hexadecimal.decode()) if hexadecimal else text)
        self._flush()
        return "".join(self._out)

    def _grouped(self, brace: bytes) -> None:
        self._flush()
        if brace == b"{":
            if len(self._groups) < 10_000:
                self._groups.append((self._skipped, self._other))
        elif self._groups:
            self._skipped, self._other = self._groups.pop()
        self._optional = False

    def _word(self, word: bytes, number: bytes | None) -> None:
        if word == b"htmltag":  # a tag is one, whatever stands around it
            self._skipped = self._other = False
        elif self._optional or word in _SKIPPED:
            self._skipped = True
        elif word == b"htmlrtf":
            self._flush()
            self._other = number != b"0"
        elif word == b"ansicpg" and number:
            self._charset = f"cp{int(number)}"
        elif word == b"u" and number:
            self._flush()
            self._say(chr(int(number) % 65_536) if not 0xD800 <= int(number) % 65_536 < 0xE000 else "\ufffd")
            self._to_skip = 1
        elif word in _BREAKS:
            self._flush()
            self._say(_BREAKS[word])
        self._optional = False

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._optional = True
        elif symbol in b"\\{}":
            self._add(symbol)
        elif symbol == b"~":
            self._add(b" ")

    def _add(self, data: bytes) -> None:
        if self._to_skip:
            data, self._to_skip = data[1:], 0
        if not (self._skipped or (self._other and self._made_of_html)):
            self._bytes += data

    def _say(self, text: str) -> None:
        if not (self._skipped or (self._other and self._made_of_html)):
            self._out.append(text)

    def _flush(self) -> None:
        if self._bytes:
            self._out.append(decode_text(bytes(self._bytes), self._charset))
            self._bytes.clear()
