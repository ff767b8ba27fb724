"""Outlook files as MIME, whole and broken."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.errors import InputError, MissingExtra
from icelos.jobs.mail.reading import message
from icelos.jobs.mail.reading.aside_process import read
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.outlook import outlook_mail

pytest.importorskip("oxmsg")

# ---- the least that is a compound file (MS-CFB) with the properties of a mail

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = dict[str, "bytes | Tree"]


def text(number: int, value: str) -> tuple[str, bytes]:
    """A property of text."""
    return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")


def binary(number: int, value: bytes) -> tuple[str, bytes]:
    """A property of bytes."""
    return f"__substg1.0_{number:04X}0102", value


def compound(tree: Tree) -> bytes:
    """A file of storages (dict) and streams (bytes); streams lie in whole sectors, none in the small ones."""
    entries: list[dict[str, object]] = []
    data: list[bytes] = []
    _add("Root Entry", tree, entries, data)
    directory = b"".join(map(_entry, entries))
    directory += b"\0" * (-len(directory) % SECTOR)
    sectors, chains = _placed(data, directory)
    fat = struct.pack(f"<{len(chains)}I", *chains)
    count = -(-(len(fat) // 4 + len(fat) // SECTOR + 2) // 128)
    fat_sectors = list(range(len(chains), len(chains) + count))
    fat += struct.pack(f"<{count}I", *[FAT] * count)
    fat += b"\xff" * (count * SECTOR - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    first = len(chains) - len(directory) // SECTOR
    header += struct.pack("<IIIIIIIIII", 0, count, first, 0, 0, END, 0, END, 0, fat_sectors[0])
    header += struct.pack(f"<{count - 1}I", *fat_sectors[1:])
    return header.ljust(SECTOR, b"\xff") + b"".join(sectors) + fat


def _add(name: str, content: bytes | Tree, entries: list[dict[str, object]], data: list[bytes]) -> int:
    number = len(entries)
    entry: dict[str, object] = {"name": name, "child": FREE, "right": FREE, "kind": 5 if number == 0 else 1}
    entries.append(entry)
    if isinstance(content, bytes):
        entry.update(kind=2, size=len(content), place=sum(-(-len(piece) // SECTOR) for piece in data))
        data.append(content.ljust(4096, b"\0"))  # what is shorter would be in small sectors
        entry["size"] = len(content) if len(content) >= 4096 else 4096
        return number
    before: dict[str, object] | None = None
    for inner in sorted(content, key=lambda key: (len(key), key.upper())):
        child = _add(inner, content[inner], entries, data)
        if before is None:
            entry["child"] = child
        else:
            before["right"] = child
        before = entries[child]
    return number


def _entry(entry: dict[str, object]) -> bytes:
    name = str(entry["name"]).encode("utf-16-le")
    out = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, entry["kind"], 1)
    out += struct.pack("<III", FREE, entry["right"], entry["child"]) + b"\0" * 36
    place = entry.get("place", END if entry["kind"] == 5 else 0)
    return out + struct.pack("<IQ", place, entry.get("size", 0))


def _placed(data: list[bytes], directory: bytes) -> tuple[list[bytes], list[int]]:
    sectors: list[bytes] = []
    chains: list[int] = []
    for piece in [*data, directory]:
        count = -(-len(piece) // SECTOR)
        start = len(chains)
        chains += [*range(start + 1, start + count), END]
        sectors.append(piece.ljust(count * SECTOR, b"\0"))
    return sectors, chains


def outlook_file(extra: Mapping[str, object] | None = None) -> bytes:
    """A mail with headers, two texts, and what else is given."""
    tree: Tree = dict([
        text(0x0037, "Your account"),
        text(0x007D, "Received: from x\r\nFrom: Ann <ann@corp.example>\r\nContent-Type: text/x-gone\r\n"),
        text(0x1000, "plain text"),
        binary(0x1013, b"<p>html <a href='https://evil.example/'>here</a></p>"),
        text(0x0E04, "bob@corp.example"),
    ])  # fmt: skip
    tree.update(cast("Tree", extra or {}))
    return compound(tree)


# ---- tests


def attachment(name: str, data: bytes, kind: str = "application/x-thing") -> dict[str, bytes]:
    return dict([text(0x3707, name), text(0x370E, kind), binary(0x3701, data)])


def test_a_mail_as_outlook_keeps_it() -> None:
    raw = outlook_file({
        "__attach_version1.0_#00000000": attachment("rechnung-ü.exe", b"MZ\0" + b"\1" * 5000),
        "__attach_version1.0_#00000001": {"__substg1.0_3701000D": dict([
            text(0x0037, "the inner one"), text(0x1000, "inner text"), text(0x0C1F, "eve@evil.example"),
        ])},
    })  # fmt: skip
    found = read_message(raw)
    assert found.subject == "Your account"
    assert found.first("from") == "Ann <ann@corp.example>"
    assert found.first("to") == "bob@corp.example"
    assert found.first("content-type").startswith("multipart/mixed")
    assert "plain text" in found.text
    assert "html here" in found.html_text
    assert "inner text" in found.text
    assert [link.target for link in found.links] == ["https://evil.example/"]
    [exe] = found.attachments
    assert (exe.name, exe.content_type, exe.kind, exe.size) == (
        "rechnung-ü.exe",
        "application/x-thing",
        "exe",
        5003,
    )


def test_a_mail_without_transport_headers_has_those_of_its_properties() -> None:
    properties = dict([text(0x0037, "Hi\r\nBcc: x"), text(0x0042, "Ann"), text(0x0C1F, "ann@corp.example")])
    found = read_message(compound({**properties, **dict([text(0x1000, "words")])}))
    assert found.first("from") == '"Ann" <ann@corp.example>'
    assert found.subject == "Hi Bcc: x"
    assert found.first("bcc") == ""


def test_what_outlook_cannot_have_written() -> None:
    with pytest.raises(InputError, match=r"Outlook \.msg file that cannot be read"):
        read_message(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "olefile", None)
    with pytest.raises(MissingExtra, match="mail"):
        outlook_mail(outlook_file())
    monkeypatch.setattr(message, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"icelos\[mail\]"):
        read_message(outlook_file())


WHOLE = outlook_file({"__attach_version1.0_#00000000": attachment("a.exe", b"MZ\0")})


CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20),
    st.integers(0, 3000),
)
def test_broken_files_are_a_mail_or_an_error(changes: list[tuple[int, int]], missing: int) -> None:
    raw = bytearray(WHOLE)
    for place, value in changes:
        raw[place] = value
    found = read("outlook", bytes(raw[: len(raw) - missing]))
    assert found.error or found.mail
