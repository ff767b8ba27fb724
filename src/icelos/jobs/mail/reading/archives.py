"""What archives hold, by name, without unpacking them: zip, tar, gzip, bzip2 and xz, one archive in another.

Nothing is written anywhere. A zip is read by its directory, or by its members' headers where that is broken;
no more than `MAX_MEMBERS` are named and no more than `MAX_UNPACKED` bytes unpacked.
"""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from icelos.jobs.mail.reading.kinds import kind_of

MAX_MEMBERS = 200
MAX_NAME = 300
MAX_UNPACKED = 4 * 1024 * 1024
MAX_INNER = 5
"""Archives within an archive that are looked into."""
_ENCRYPTED = 1
_PACKED = frozenset({"zip", "tar", "gzip", "bzip2", "xz"})


class Member(msgspec.Struct, frozen=True):
    """A file in an archive; `name` has that of the inner archive before it, parted by "!/". `size`: bytes."""

    name: str
    size: int
    encrypted: bool = False


class Listing(msgspec.Struct):
    """The members of an archive; `cut` where there are more, or some could not be told."""

    members: list[Member] = []
    cut: bool = False

    @property
    def encrypted(self) -> bool:
        return any(member.encrypted for member in self.members)


class _Entry(msgspec.Struct, frozen=True):
    name: str
    size: int
    packed: int
    method: int
    encrypted: bool
    place: int
    """Where its local header stands."""


def listed(data: bytes, name: str = "") -> Listing:
    """The members of an archive of any kind, or nothing where it is none."""
    listing = Listing()
    inner = _list(data, name, "", listing)
    for path, content in inner[:MAX_INNER]:
        _list(content, path.rpartition("/")[2], f"{path}!/", listing)
    return listing


def zip_member(data: bytes, name: str, most: int = MAX_UNPACKED) -> bytes:
    """The content of one file of a zip, at most `most` bytes; nothing where it is not there or broken."""
    entry = next((entry for entry in _entries(data) if entry.name == name), None)
    return _content(data, entry, most) if entry is not None else b""


def zip_names(data: bytes) -> list[str]:
    """The names of the first files of a zip."""
    return [entry.name for entry in _entries(data)]


def _list(data: bytes, name: str, prefix: str, listing: Listing) -> list[tuple[str, bytes]]:
    """Adds what is in an archive, and gives the archives in it with their content."""
    kind = kind_of(data)
    if kind == "zip":
        return _list_zip(data, prefix, listing)
    if kind == "tar":
        return _list_tar(data, prefix, listing)
    if kind in {"gzip", "bzip2", "xz"}:
        return _list_stream(data, name, prefix, listing, kind)
    return []


def _add(listing: Listing, member: Member) -> bool:
    if len(listing.members) >= MAX_MEMBERS:
        listing.cut = True
        return False
    listing.members.append(member)
    return True


# ---- zip


def _list_zip(data: bytes, prefix: str, listing: Listing) -> list[tuple[str, bytes]]:
    inner: list[tuple[str, bytes]] = []
    unpacked = 0
    for entry in _entries(data):
        if not _add(listing, Member(prefix + entry.name, entry.size, entry.encrypted)):
            break
        if not prefix and _is_packed(entry.name) and not entry.encrypted and len(inner) < MAX_INNER:
            content = _content(data, entry, MAX_UNPACKED - unpacked)
            unpacked += len(content)
            if kind_of(content) in _PACKED:
                inner.append((entry.name, content))
    return inner


def _is_packed(name: str) -> bool:
    return name.lower().endswith((".zip", ".jar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".docx", ".xlsx"))


def _entries(data: bytes) -> Iterator[_Entry]:
    """The entries of the directory at the end (APPNOTE 4.3.12), else the headers of the files themselves."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 66_000))
    place = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else -1
    if end < 0 or data[place : place + 4] != b"PK\x01\x02":
        place = data.find(b"PK\x01\x02")
    if place < 0:
        yield from _headers(data)
        return
    for _ in range(MAX_MEMBERS + 1):
        if data[place : place + 4] != b"PK\x01\x02" or len(data) < place + 46:
            return
        flags, method = struct.unpack_from("<HH", data, place + 8)
        packed, size, name, extra, comment = struct.unpack_from("<IIHHH", data, place + 20)
        local = int.from_bytes(data[place + 42 : place + 46], "little")
        raw = data[place + 46 : place + 46 + name]
        yield _Entry(_name(raw, flags), size, packed, method, bool(flags & _ENCRYPTED), local)
        place += 46 + name + extra + comment


def _headers(data: bytes) -> Iterator[_Entry]:
    place = data.find(b"PK\x03\x04")
    for _ in range(MAX_MEMBERS + 1):
        if place < 0 or len(data) < place + 30:
            return
        flags, method = struct.unpack_from("<HH", data, place + 6)
        packed, size, name = struct.unpack_from("<IIH", data, place + 18)
        raw = data[place + 30 : place + 30 + name]
        yield _Entry(_name(raw, flags), size, packed, method, bool(flags & _ENCRYPTED), place)
        place = data.find(b"PK\x03\x04", place + 30 + name)


def _name(raw: bytes, flags: int) -> str:
    return raw[:MAX_NAME].decode("utf-8" if flags & 0x800 else "cp437", "replace").replace("\0", "\ufffd")


def _content(data: bytes, entry: _Entry, most: int) -> bytes:
    if data[entry.place : entry.place + 4] != b"PK\x03\x04" or len(data) < entry.place + 30 or most <= 0:
        return b""
    name, extra = struct.unpack_from("<HH", data, entry.place + 26)
    start = entry.place + 30 + name + extra
    packed = data[start : start + (entry.packed or len(data))]
    if entry.method == 0:
        return packed[:most]
    return _inflated(packed, most, -15) if entry.method == 8 else b""


def _inflated(packed: bytes, most: int, bits: int) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(packed, most)
    except zlib.error:
        return b""


# ---- tar


def _list_tar(data: bytes, prefix: str, listing: Listing) -> list[tuple[str, bytes]]:
    inner: list[tuple[str, bytes]] = []
    for name, content, size in _tar_files(data):
        if not _add(listing, Member(prefix + name, size)):
            break
        packed = not prefix and _is_packed(name) and kind_of(content) in _PACKED
        if packed and len(inner) < MAX_INNER:
            inner.append((name, content))
    return inner


def _tar_files(data: bytes) -> Iterator[tuple[str, bytes, int]]:
    """(name, content, size) of each file; a name may stand in an entry before (GNU, pax)."""
    place, longer = 0, ""
    while place + 512 <= len(data) and data[place]:
        head = data[place : place + 512]
        size, kind = _octal(head[124:136]), head[156:157]
        content = data[place + 512 : place + 512 + min(size, MAX_UNPACKED)]
        if kind in (b"L", b"x"):
            longer = _longer_name(kind, content[: 64 * 1024])
        elif kind in (b"0", b"\0"):
            yield longer or _tar_name(head), content, size
            longer = ""
        place += 512 + (size + 511) // 512 * 512


_PAX_PATH = re.compile(rb"^\d{1,9} path=([^\n]{1,4000})$", re.MULTILINE)


def _longer_name(kind: bytes, content: bytes) -> str:
    found = _PAX_PATH.search(content) if kind == b"x" else None
    raw = found[1] if found else content.split(b"\0")[0] if kind == b"L" else b""
    return raw.decode("utf-8", "replace")[:MAX_NAME]


def _octal(field: bytes) -> int:
    try:
        return int(field.split(b"\0")[0].strip() or b"0", 8) % (1 << 40)
    except ValueError:
        return 0


def _tar_name(head: bytes) -> str:
    name, before = head[:100].split(b"\0")[0], head[345:500].split(b"\0")[0]
    whole = before + b"/" + name if before and head[257:262] == b"ustar" else name
    return whole[:MAX_NAME].decode("utf-8", "replace")


# ---- one stream


def _list_stream(data: bytes, name: str, prefix: str, listing: Listing, kind: str) -> list[tuple[str, bytes]]:
    """A compressed tar by its members; any other file by its name, which gzip may carry."""
    content = _unpacked(data, kind)
    if kind_of(content) == "tar":
        return _list_tar(content, prefix, listing)
    told = _gzip_name(data) if kind == "gzip" else ""
    stem = name.rpartition(".")[0] if name.lower().endswith((".gz", ".bz2", ".xz")) else name
    _add(listing, Member(prefix + (told or stem or "content"), len(content)))
    if not prefix and kind_of(content) in _PACKED:
        return [(told or stem, content)]
    return []


def _unpacked(data: bytes, kind: str) -> bytes:
    try:
        if kind == "gzip":
            return _inflated(data, MAX_UNPACKED, 31)
        if kind == "bzip2":
            return bz2.BZ2Decompressor().decompress(data, MAX_UNPACKED)
        return lzma.LZMADecompressor(memlimit=64 << 20).decompress(data, MAX_UNPACKED)
    except (OSError, ValueError, EOFError, lzma.LZMAError):
        return b""


def _gzip_name(data: bytes) -> str:
    if len(data) < 12 or not data[3] & 8:
        return ""
    place = 12 + int.from_bytes(data[10:12], "little") if data[3] & 4 else 10
    return data[place : place + MAX_NAME].split(b"\0")[0].decode("latin-1")
