"""Records of a vulnerability feed's file: of a zip's members, of lines, of one document or of a table.

Everything is streamed but single documents, and bounded. A record that cannot be read comes as an InputError
in its place; a file that is broken as a whole raises one, so that it never takes a good one's place.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from icelos.data.advisories import advisories_in
from icelos.data.feeds.archive import is_zip
from icelos.data.parse.cpe import advisory_of
from icelos.data.parse.fields import Object
from icelos.data.parse.intelligence import Facts, facts_of
from icelos.data.parse.limits import MAX_BYTES, RATIO, RATIO_FREE, load_json, read_bounded
from icelos.data.parse.osv_advisories import Advisory
from icelos.data.reading import open_input, read_lines, stream_errors
from icelos.errors import IcelosError, InputError

T = TypeVar("T")
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".zip")
MEMBERS = 1_000_000
MAX_DOCUMENT = 512 * 1024 * 1024
"""A year of NVD is one document of about 200 MB."""


class Raw(NamedTuple):
    """The JSON of one record, and where it stands."""

    data: bytes
    place: str


def is_feed_file(path: Path) -> bool:
    """Whether a file of a mirror could hold records, by its name."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return not name.startswith(".") and name != "metadata.json" and name.endswith(SUFFIXES)


def advisories_of(path: Path, name: str, *, members: str = "") -> Iterator[Advisory | InputError]:
    """Advisories in OSV's schema or Alpine's; of a zip, those files whose names match `members`."""
    for raw in _records(path, name, members):
        if isinstance(raw, InputError):
            yield raw
        else:
            yield from advisories_in(*raw)


def facts_in(path: Path, name: str, *, members: str = "") -> Iterator[Facts | InputError]:
    """What each record of a file says of one CVE."""
    if ".csv" in path.suffixes:
        yield from _rows(path, name)
        return
    for raw in _records(path, name, members):
        yield raw if isinstance(raw, InputError) else _facts(load_json, raw)


def products_of(path: Path, name: str) -> Iterator[Advisory | Facts | InputError]:
    """What each of NVD's records says of products and its CVE; of the CVE alone where it names no product."""
    for raw in _records(path, name, ""):
        yield raw if isinstance(raw, InputError) else _made(load_json, _product, raw)


def _product(row: Object, place: str) -> Advisory | Facts:
    facts = facts_of(row)
    return advisory_of(row, place) or facts


def _facts(read: Callable[[bytes], object], raw: Raw) -> Facts | InputError:
    return _made(read, lambda row, _: facts_of(row), raw)


def _made(read: Callable[[bytes], object], make: Callable[[Object, str], T], raw: Raw) -> T | InputError:
    data, place = raw
    try:
        row = read(data)
        if not isinstance(row, dict):
            raise InputError("not an object")
        return make(row, place)
    except InputError as error:
        return InputError(error.message, source=place)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, csv.Error) as error:
        return InputError(f"not shaped as expected: {error}", source=place)


def _broken() -> tuple[type[Exception], ...]:
    """What archives, streams and tables that are broken raise."""
    return (zipfile.BadZipFile, NotImplementedError, RuntimeError, csv.Error, *stream_errors())


def _records(path: Path, name: str, members: str) -> Iterator[Raw | InputError]:
    try:
        if is_zip(path):
            yield from _members(path, name, members)
        elif {".jsonl", ".ndjson"} & set(path.suffixes):
            yield from _lines(path, name)
        else:
            yield from _elements(read_bounded(path, MAX_DOCUMENT), name)
    except _broken() as error:
        reason = error.message if isinstance(error, IcelosError) else f"broken file: {error}"
        raise InputError(reason, source=name) from error


def _members(path: Path, name: str, pattern: str) -> Iterator[Raw | InputError]:
    left = _allowed(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MEMBERS:
            raise InputError(f"more than {MEMBERS} files in an archive")
        for member in members:
            if not member.filename.endswith(".json") or not re.search(pattern, member.filename):
                continue
            bound = min(left, MAX_BYTES, max(RATIO_FREE, RATIO * member.compress_size))
            with archive.open(member) as stream:  # what it says of sizes is not believed
                data = stream.read(bound + 1)
            left -= min(len(data), bound)
            place = f"{name}/{member.filename}"
            yield Raw(data, place) if len(data) <= bound else InputError("unpacks to too much", source=place)


def _allowed(path: Path) -> int:
    """How many bytes a file may unpack to."""
    return max(RATIO_FREE, RATIO * path.stat().st_size)


def _bomb() -> InputError:
    return InputError(f"a decompression bomb: grows more than {RATIO} times")


def _check_whole(path: Path) -> None:
    """Raises InputError for a zstd stream that is cut short, which the library reads without a word.

    In small pieces: a block of 4 bytes can stand for 128 KiB.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"\x28\xb5\x2f\xfd":
            return
        import zstandard

        engine = zstandard.ZstdDecompressor(max_window_size=2**27)
        stream.seek(0)
        frame, left = engine.decompressobj(), _allowed(path)
        while piece := stream.read(1024):
            while piece:
                if frame.eof:
                    frame = engine.decompressobj()
                left -= len(frame.decompress(piece))
                if left < 0:
                    raise _bomb()
                piece = frame.unused_data
        if not frame.eof:
            raise InputError("zstd data is cut short")


def _lines(path: Path, name: str) -> Iterator[Raw | InputError]:
    _check_whole(path)
    left = _allowed(path)
    with open_input(path) as stream:
        for line in read_lines(stream, limit=MAX_BYTES):
            left -= len(line.data)
            if left < 0:
                raise _bomb()
            place = f"{name}:{line.number}"
            if line.overlong:
                yield InputError("line is too long", source=place)
            elif line.data.strip():
                yield Raw(line.data, place)


class _Wrapped(msgspec.Struct):
    vulnerabilities: list[msgspec.Raw] | None = None


def _elements(data: bytes, name: str) -> Iterator[Raw]:
    """The elements of a list, or of the list "vulnerabilities" (NVD, KEV); else the document itself."""
    try:
        if data.lstrip()[:1] == b"[":
            elements: list[msgspec.Raw] | None = msgspec.json.decode(data, type=list[msgspec.Raw])
        else:
            elements = msgspec.json.decode(data, type=_Wrapped).vulnerabilities
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    if elements is None:
        yield Raw(data, name)
        return
    for number, element in enumerate(elements):
        yield Raw(bytes(element), f"{name}:[{number}]")


def _rows(path: Path, name: str) -> Iterator[Facts | InputError]:
    """A table with a header; lines that begin with # are about it (EPSS gives its model and date there)."""
    header: list[str] = []

    def row(data: bytes) -> dict[str, str]:
        return dict(zip(header, _cells(data), strict=True))

    try:
        for raw in _lines(path, name):
            if isinstance(raw, InputError):
                yield raw
                continue
            if raw.data.startswith(b"#"):
                continue
            if header:
                yield _facts(row, raw)
            else:
                header += _cells(raw.data)
    except _broken() as error:
        reason = error.message if isinstance(error, IcelosError) else f"broken table: {error}"
        raise InputError(reason, source=name) from error


def _cells(data: bytes) -> list[str]:
    return next(csv.reader([data.decode("utf-8")]))
