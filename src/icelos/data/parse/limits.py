"""Bounds for content that may be hostile: size, ratio, depth, nodes, encoding, invisible characters.

Everything here raises InputError with one clear line; nothing reads more than it was allowed to.
"""

from __future__ import annotations

import re
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import msgspec
import yaml

from icelos.errors import InputError

MAX_BYTES = 64 * 1024 * 1024
RATIO = 250
"""Bytes out for one byte in, above which data is taken for a bomb; logs stay below about 100."""
RATIO_FREE = 8 * 1024 * 1024
"""Bytes out below which no ratio is looked at."""
YAML_NODES = 2_000_000
YAML_DEPTH = 200
YAML_GROWTH = 20
"""How many times larger a YAML document may become when its aliases are written out."""

_PIECE = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BINARY = (
    (b"PK\x03\x04", "a zip archive or Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
)
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_FEWEST = 8
"""Characters of UTF-16 without a mark that are enough to know it by."""
_CONTROL_SHARE = 0.02
"""Text has next to none of these; random bytes have 10 %."""


class Decoded(NamedTuple):
    """Text and what it was decoded from; `guessed` where that is a fallback and may be wrong."""

    text: str
    encoding: str
    guessed: bool = False


def read_bounded(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a regular file, with one layer of gzip or zstd undone (known by content).

    Raises InputError where it cannot be read, is over `max_bytes` before or after decompression, or
    grows more than `RATIO` times.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("is a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file")
        if status.st_size > max_bytes:
            raise _too_large(max_bytes)
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror or error}") from error
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return decompressed(data, max_bytes)


def decompressed(data: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """Gzip or zstd data undone, other data as it is. Raises InputError for a bomb or broken data."""
    if data[:2] == _GZIP:
        return _collected(_gunzip(data), len(data), max_bytes)
    if data[:4] == _ZSTD:
        return _collected(_unzstd(data), len(data), max_bytes)
    return data


def _too_large(max_bytes: int) -> InputError:
    return InputError(f"larger than {max_bytes / 2**20:g} MiB", hint="see knowledge.max_file_mib")


def _collected(pieces: Iterator[bytes], size: int, max_bytes: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > max_bytes:
            raise InputError(f"decompresses to more than {max_bytes / 2**20:g} MiB")
        if len(whole) > RATIO_FREE and len(whole) > RATIO * size:
            raise InputError(f"a decompression bomb: grows more than {RATIO} times")
    return bytes(whole)


def _gunzip(data: bytes) -> Iterator[bytes]:
    rest = data
    while rest:
        engine = zlib.decompressobj(wbits=31)
        try:
            while not engine.eof:
                piece = engine.decompress(rest, _PIECE)
                rest = engine.unconsumed_tail
                if not piece and not rest and not engine.eof:
                    raise InputError("gzip data is cut short")
                yield piece
        except zlib.error as error:
            raise InputError(f"broken gzip data: {error}") from error
        rest = engine.unused_data.lstrip(b"\0")


def _unzstd(data: bytes) -> Iterator[bytes]:
    import io

    import zstandard

    engine = zstandard.ZstdDecompressor(max_window_size=2**27)
    try:
        with engine.stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
            reader = cast("IO[bytes]", stream)
            while piece := reader.read(_PIECE):
                yield piece
    except zstandard.ZstdError as error:
        raise InputError(f"broken zstd data: {error}") from error


def decode(data: bytes) -> Decoded:
    """Bytes as text: by byte order mark, else UTF-8, else UTF-16 by its zeros, else Windows-1252 (a guess).

    Raises InputError for what is not text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _checked(_strict(data, encoding), encoding.removesuffix("-sig"))
    kind = next((name for magic, name in _BINARY if data.startswith(magic)), "")
    if b"\0" in data:
        wide = _zeros(data[:4096])
        if wide and not kind:
            return _checked(_strict(data, wide), wide, guessed=True)
        raise InputError(f"not text: {kind or f'a zero byte at {data.index(0)}'}")
    try:
        return _checked(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        if kind:
            raise InputError(f"not text: {kind}") from None
    return _checked(data.decode("cp1252", "replace"), "windows-1252", guessed=True)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"not {encoding} text at byte {error.start}") from error


def _zeros(head: bytes) -> str:
    """UTF-16 of mostly Latin text has its zeros in every other place."""
    half = len(head) // 2
    if half < _FEWEST:
        return ""
    if head[1::2].count(0) > 0.7 * half and head[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if head[0::2].count(0) > 0.7 * half and head[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return ""


def _checked(text: str, encoding: str, *, guessed: bool = False) -> Decoded:
    head = text[:65536]
    if len(_CONTROL.findall(head)) > _CONTROL_SHARE * len(head):
        raise InputError("not text: too many control characters")
    if "\0" in text:
        raise InputError(f"not text: a zero byte at {text.index(chr(0))}")
    return Decoded(text, encoding, guessed)


def load_json(data: str | bytes) -> Any:
    """One JSON value. Raises InputError; nesting is bounded by the decoder."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InputError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise InputError("JSON is nested too deeply") from error


_ANCHORED = re.compile(r"(?:^|[\s\[{,:-])[&*][^\s\[\]{},]", re.MULTILINE)


def load_yaml(text: str, *, typed: bool = True) -> Any:
    """One YAML document by a safe loader. `typed=False` leaves every scalar a string, as it was written.

    Raises InputError where it is broken, nested too deeply, or a bomb: aliases that refer to
    themselves or make the document more than `YAML_GROWTH` times larger.
    """
    loader = _loader("SafeLoader" if typed else "BaseLoader")
    try:
        if _ANCHORED.search(text) or _may_be_deep(text):
            _check_growth(text, loader)
        return yaml.load(text, Loader=loader)  # noqa: S506, TID251 - a safe loader, chosen above
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {_yaml_reason(error)}") from error
    except RecursionError as error:
        raise InputError("YAML is nested too deeply") from error
    except (ValueError, TypeError, OverflowError, LookupError) as error:
        raise InputError(f"not YAML: {error}") from error


def _loader(name: str) -> Any:
    """libyaml's loader where PyYAML was built with it: ten times faster."""
    return getattr(yaml, f"C{name}", None) or getattr(yaml, name)


def _yaml_reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return " ".join(str(error).split())


_INDENT = re.compile(r"^[ \t?:-]+", re.MULTILINE)


def _may_be_deep(text: str) -> bool:
    """Whether nesting may go beyond `YAML_DEPTH`: libyaml's composer recurses in C, and crashes the process.

    A level needs a bracket, or a place further to the right among the indicators that begin a line.
    """
    deepest = max(map(len, _INDENT.findall(text)), default=0)
    return text.count("[") + text.count("{") + 2 * deepest > YAML_DEPTH


def _check_growth(text: str, loader: Any) -> None:
    """Count levels, and nodes as if every alias were written out, without building or writing any."""
    growth = _Growth()
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionEndEvent):
            growth.close()
        elif isinstance(event, yaml.AliasEvent):
            growth.repeat(event.anchor or "")
        elif isinstance(event, yaml.NodeEvent):
            growth.add(event.anchor, opens=isinstance(event, yaml.CollectionStartEvent))


class _Growth:
    """Sizes of anchored nodes, and of the whole with its aliases written out."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._open: list[tuple[str | None, int]] = []
        self._plain, self._total = 0, 0

    def add(self, anchor: str | None, *, opens: bool) -> None:
        self._plain += 1
        self._grow(1)
        if opens:
            self._open.append((anchor, self._total - 1))
            if len(self._open) > YAML_DEPTH:
                raise InputError("YAML is nested too deeply")
        elif anchor:
            self._sizes[anchor] = 1

    def close(self) -> None:
        anchor, before = self._open.pop()
        if anchor:
            self._sizes[anchor] = self._total - before

    def repeat(self, anchor: str) -> None:
        if anchor not in self._sizes:
            raise InputError("YAML alias refers to itself or to nothing")
        self._grow(self._sizes[anchor])

    def _grow(self, nodes: int) -> None:
        self._total += nodes
        if self._total > min(YAML_NODES, YAML_GROWTH * self._plain + 10_000):
            raise InputError("a YAML bomb: its aliases expand without bound")


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U000e0000-\U000e0fff\ud800-\udfff\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_JOINER = re.compile("(?<![\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff])[\u200c\u200d]")
"""Joiners shape Arabic and Indic scripts; elsewhere they only hide."""
_ORDINARY = frozenset("\u00ad\ufe0e\ufe0f\ufeff\u200b\u200d\x0b\x7f")
"""Left behind by word processors and emoji: removed, and counted as hiding only in numbers."""
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]|\f")
HIDING = 8
"""Invisible characters in one text that no longer are an accident: one byte takes eight of two kinds."""


class Normalised(NamedTuple):
    """Clean text, how many invisible characters were taken out, and whether they look like hiding."""

    text: str
    removed: int = 0
    hidden: bool = False


def normalise(text: str) -> Normalised:
    """NFC, line ends as "\\n", no invisible characters: zero-width, tags (U+E0000 block), bidi, controls.

    Unicode Technical Standard 39 and Report 36 say what these are abused for.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return Normalised(text)
    text = _LINE_ENDS.sub("\n", text)
    found: list[str] = []
    for pattern in (_INVISIBLE, _JOINER):
        if pattern.search(text):
            found += pattern.findall(text)
            text = pattern.sub("", text)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    odd = sum(character not in _ORDINARY for character in found)
    return Normalised(text, len(found), odd >= HIDING or len(found) >= 8 * HIDING or _smuggled(found))


def spelled(text: str) -> str:
    """Invisible characters written out as <U+202E>, where they are what a text is about."""
    if text.isascii():
        return text
    return _INVISIBLE.sub(
        lambda m: m.group() if m.group() in _ORDINARY else f"<U+{ord(m.group()):04X}>", text
    )


def _smuggled(found: list[str]) -> bool:
    """Tag characters and bidi overrides have no place in a document."""
    return any("\U000e0000" <= c <= "\U000e0fff" or "\u202a" <= c <= "\u202e" for c in found)
