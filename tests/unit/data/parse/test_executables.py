"""Go's and Rust's lists of what an executable was built from, in files made here byte by byte."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import executables
from icelos.data.parse.executables import executable
from icelos.data.parse.listed import Listed
from icelos.errors import InputError

START, END = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex(
    "f932433186182072008242104116d8f2"
)  # fmt: skip
MODULES = (
    "path\texample.com/shop/cmd\n"
    "mod\texample.com/shop\t(devel)\t\n"
    "dep\tgolang.org/x/text\tv0.3.5\th1:x\n"
    "dep\tgithub.com/old/thing\tv1.0.0\n"
    "=>\tgithub.com/new/thing\tv1.2.3\th1:y\n"
    "dep\texample.com/local\tv0.0.0\n"
    "=>\t./local\t(devel)\n"
    "build\tvcs.revision=0123456789abcdef0123\n"
    "build\tvcs.time=2023-04-05T06:07:08Z\n"
)
PURLS = [
    "pkg:golang/stdlib@1.20.3",
    "pkg:golang/example.com/shop@v0.0.0-20230405060708-0123456789ab",
    "pkg:golang/golang.org/x/text@v0.3.5",
    "pkg:golang/github.com/new/thing@v1.2.3",
]


def _counted(data: bytes) -> bytes:
    head, length = b"", len(data)
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def _elf(content: bytes, *, address: int = 0x400000, name: bytes = b".data") -> bytes:
    """64 bits, little-endian: one loaded segment and one section, both with the content at 0x100."""
    names = b"\0" + name + b"\0.shstrtab\0"
    strings = 0x100 + len(content)
    table = strings + len(names)
    head = (
        b"\x7fELF\2\1\1"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, table, 0, 64, 56, 1, 64, 3, 2)
    )
    segment = struct.pack("<IIQQQQQQ", 1, 6, 0x100, address, address, len(content), len(content), 16)
    sections = struct.pack("<IIQQQQIIQQ", *[0] * 10)
    sections += struct.pack("<IIQQQQIIQQ", 1, 1, 3, address, 0x100, len(content), 0, 0, 16, 0)
    sections += struct.pack("<IIQQQQIIQQ", len(name) + 2, 3, 0, 0, strings, len(names), 0, 0, 1, 0)
    return (head + segment).ljust(0x100, b"\0") + content + names + sections


def _go(version: str = "go1.20.3", modules: str = MODULES) -> bytes:
    mark = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0")
    return mark + _counted(version.encode()) + _counted(START + modules.encode() + END)


def _old_go(base: int = 0x400000) -> bytes:
    """As Go wrote it before 1.18: addresses of string headers."""
    version, modules = b"go1.16.4", START + MODULES.encode() + END
    strings = 64
    texts = strings + 32
    head = b"\xff Go buildinf:" + bytes([8, 0]) + struct.pack("<QQ", base + strings, base + strings + 16)
    headers = struct.pack("<QQQQ", base + texts, len(version), base + texts + len(version), len(modules))
    return head.ljust(strings, b"\0") + headers + version + modules


def _purls(data: bytes) -> list[str]:
    return [item.purl for item in executable(data) if isinstance(item, Listed)]


@pytest.mark.parametrize("head", [b"MZ", b"\xcf\xfa\xed\xfe", b"\x7fELF"])
def test_go_in_any_kind_of_file(head: bytes) -> None:
    assert _purls(head.ljust(64, b"\0") + _go()) == PURLS


def test_the_version_that_the_linker_wrote_in() -> None:
    def shop(flags: str) -> str:
        return _purls(_elf(_go(modules=f'{MODULES}build\t-ldflags="{flags}"\n')))[1]

    assert shop("-s -X main.version=1.18.1 -X main.date=2") == "pkg:golang/example.com/shop@v1.18.1"
    assert shop("-X example.com/shop/build.AppVersion=v2.0.0-rc1") == "pkg:golang/example.com/shop@v2.0.0-rc1"
    assert shop("-X example.com/other.version=9.9.9") == PURLS[1]


def test_go_before_1_18() -> None:
    assert _purls(_elf(_old_go())) == ["pkg:golang/stdlib@1.16.4", *PURLS[1:]]
    assert _purls(_elf(_old_go(), address=0x500000)) == []


def test_go_before_1_18_in_pe_and_mach_o() -> None:
    content = _old_go(0x140001000)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 64, 0)
    optional = struct.pack("<H22xQ", 0x20B, 0x140000000).ljust(64, b"\0")
    row = struct.pack("<8sIIIIIIHHI", b".data", len(content), 0x1000, len(content), 0x200, 0, 0, 0, 0, 0)
    pe = (head + coff + optional + row).ljust(0x200, b"\0") + content
    command = struct.pack("<II16sQQQQ", 0x19, 72, b"__DATA", 0x140001000, 4096, 0x200, len(content))
    mach = struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 1, 72, 0, 0) + command
    for data in (pe, mach.ljust(0x200, b"\0") + content):
        assert _purls(data) == ["pkg:golang/stdlib@1.16.4", *PURLS[1:]]


def test_a_mark_in_a_program_that_looks_for_it_is_passed_over() -> None:
    assert _purls(_elf(b"\xff Go buildinf:".ljust(64, b"\0") + _go())) == PURLS


@pytest.mark.parametrize(
    ("version", "purls"),
    [
        ("go1.21rc2 X:boringcrypto", ["pkg:golang/stdlib@1.21rc2"]),
        ("devel go1.22-abc", []),
        ("no version", []),
    ],
)
def test_versions_of_go(version: str, purls: list[str]) -> None:
    assert _purls(_elf(_go(version, ""))) == purls


def _audit(packages: object) -> bytes:
    return zlib.compress(json.dumps({"packages": packages}).encode())


RUST = [
    {"name": "shop", "version": "0.1.0", "source": "local", "root": True},
    {"name": "time", "version": "0.1.43", "source": "crates.io"},
    {"name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build"},
]
CRATES = ["pkg:cargo/shop@0.1.0", "pkg:cargo/time@0.1.43"]


def test_rust_in_elf() -> None:
    assert _purls(_elf(_audit(RUST), name=b".dep-v0")) == CRATES
    assert _purls(_elf(_audit(RUST), name=b".other")) == []


def test_rust_in_pe() -> None:
    audit = _audit(RUST)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 16, 0) + bytes(16)
    row = struct.pack("<8sIIIIIIHHI", b".dep-v0", len(audit), 0x1000, 512, 0x200, 0, 0, 0, 0, 0)
    assert _purls((head + coff + row).ljust(0x200, b"\0") + audit.ljust(512, b"\0")) == CRATES


def test_rust_in_mach_o() -> None:
    audit = _audit(RUST)
    row = struct.pack("<16s16sQQI", b".dep-v0", b"__DATA", 0x1000, len(audit), 0x200)
    data = struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 1, len(row), 0, 0) + row
    assert _purls(data.ljust(0x200, b"\0") + audit) == CRATES


def test_audit_data_that_is_broken_or_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executables, "MAX_AUDIT", 1000)
    for content in (b"no zlib", zlib.compress(b"[]"), zlib.compress(b"x" * 2000), zlib.compress(b"[" * 900)):
        (error,) = executable(_elf(content, name=b".dep-v0"))
        assert isinstance(error, InputError)


def test_most_executables_say_nothing() -> None:
    assert list(executable(_elf(b"code" * 100))) == []
    assert list(executable(b"\x7fELF")) == []


SAMPLES = [_elf(_go()), _elf(_old_go()), _elf(_audit(RUST), name=b".dep-v0")]


@given(st.sampled_from(SAMPLES), st.integers(0, 800), st.binary(min_size=1, max_size=8))
def test_any_damage_ends_well(data: bytes, place: int, noise: bytes) -> None:
    for item in executable(data[:place] + noise + data[place + len(noise) :]):
        assert isinstance(item, Listed | InputError)
