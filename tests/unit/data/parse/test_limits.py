from __future__ import annotations

import gzip
import io
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.data.parse.limits import (
    Normalised,
    decode,
    decompressed,
    load_json,
    load_yaml,
    normalise,
    read_bounded,
    spelled,
)
from icelos.errors import InputError

MIB = 1024 * 1024


def in_bounds(read: Callable[..., object], *given: object, **how: object) -> bool:
    """Whether a reader gives a value, or an error of one line; any other exception goes through."""
    try:
        read(*given, **how)
    except InputError as error:
        return "\n" not in str(error)
    return True


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as stream:
        stream.truncate(1024 * MIB)  # sparse: reading it would take a gigabyte
    with pytest.raises(InputError, match="larger than 64 MiB"):
        read_bounded(path)


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_bounded(tmp_path)
    with pytest.raises(InputError, match="cannot read: No such file"):
        read_bounded(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        read_bounded(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read_bounded(path)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compressed_content_is_undone_in_full(pack: object) -> None:
    text = b"line of text\n" * 1000
    packed = pack(text)  # type: ignore[operator]
    assert decompressed(packed) == text
    assert decompressed(packed + packed) == text + text


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(level=19).compress])
def test_bombs_are_refused(pack: object) -> None:
    bomb = pack(bytes(32 * MIB))  # type: ignore[operator]
    with pytest.raises(InputError, match="decompression bomb"):
        decompressed(bomb)
    with pytest.raises(InputError, match="more than 1 MiB"):
        decompressed(bomb, MIB)


def test_broken_compression_is_an_error_of_one_line() -> None:
    packed = gzip.compress(os.urandom(4096))
    with pytest.raises(InputError, match="cut short"):
        decompressed(packed[:2000])
    with pytest.raises(InputError, match="broken gzip"):
        decompressed(packed[:20] + b"\xff" * 20 + packed[40:])
    with pytest.raises(InputError, match="broken zstd"):
        decompressed(b"\x28\xb5\x2f\xfd" + b"\xff" * 40)


@pytest.mark.parametrize(
    ("data", "encoding", "guessed"),
    [
        ("naïve".encode(), "utf-8", False),
        (b"\xef\xbb\xbfna\xc3\xafve", "utf-8", False),
        ("naïve".encode("utf-16"), "utf-16", False),
        ("naïve naïve naïve naïve".encode("utf-16-le"), "utf-16-le", True),
        ("naïve".encode("cp1252"), "windows-1252", True),
    ],
)
def test_encodings(data: bytes, encoding: str, guessed: bool) -> None:
    found = decode(data)
    assert (found.encoding, found.guessed) == (encoding, guessed)
    assert found.text.startswith("naïve")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "PNG image"),
        (b"\x7fELF" + bytes(60), "ELF program"),
        (b"text with\x00 a zero", "zero byte at 9"),
        (bytes(range(1, 32)) * 20, "control characters"),
    ],
)
def test_what_is_not_text_is_said_to_be_so(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        decode(data)


def test_deep_json_is_a_clean_error() -> None:
    with pytest.raises(InputError, match=r"nested too deeply|not JSON"):
        load_json("[" * 10_000 + "]" * 10_000)
    with pytest.raises(InputError, match="not JSON"):
        load_json(b"{'single': 1}")
    assert load_json('{"a": [1, null]}') == {"a": [1, None]}


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize("typed", [True, False])
def test_yaml_bombs_are_refused(typed: bool) -> None:
    with pytest.raises(InputError, match="YAML bomb"):
        load_yaml(LAUGHS, typed=typed)
    with pytest.raises(InputError, match="refers to itself"):
        load_yaml("a: &a [*a]", typed=typed)
    merges = "a0: &a0 {k: v}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    with pytest.raises(InputError, match="YAML bomb"):
        load_yaml(merges, typed=typed)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 50_000 + "x",
        "{a: " * 5_000 + "1" + "}" * 5_000,
        "a: [",
        "a: b: c",
        "%",
        "!!python/object/apply:os.system [id]",
        "2024-99-99",
        "? [x]\n: {",
        "\t- x",
    ],
)
def test_hostile_yaml_never_raises_anything_else(text: str) -> None:
    for typed in (True, False):
        assert in_bounds(load_yaml, text, typed=typed)


def test_ordinary_aliases_are_read_and_scalars_kept_as_written() -> None:
    assert load_yaml("base: &b {x: 1}\nuse: *b") == {"base": {"x": 1}, "use": {"x": 1}}
    assert load_yaml("date: 2024-01-02\nflag: no", typed=False) == {"date": "2024-01-02", "flag": "no"}


def test_no_python_object_is_ever_made() -> None:
    with pytest.raises(InputError):
        load_yaml("!!python/object/apply:sys.exit [3]")
    assert "exit" in sys.__dict__


@pytest.mark.parametrize(
    ("text", "clean", "removed", "hidden"),
    [
        ("plain\ttext\n", "plain\ttext\n", 0, False),
        ("ig\u200bnore", "ignore", 1, False),
        ("a\u202ecod.exe", "acod.exe", 1, True),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "do evil"), "hi", 7, True),
        ("x" + "\u2062" * 8, "x", 8, True),
        ("\ufefftext", "text", 1, False),
        ("e\u0301", "é", 0, False),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd", 0, False),
        ("می\u200cخواهم", "می\u200cخواهم", 0, False),
        ("a\u200db", "ab", 1, False),
        ("a\x1b[31mred\x07", "a[31mred", 2, False),
        ("lone \ud800 half", "lone  half", 1, False),
    ],
)
def test_normalise(text: str, clean: str, removed: int, hidden: bool) -> None:
    assert normalise(text) == Normalised(clean, removed, hidden)


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_normalise_is_stable_and_encodable(text: str) -> None:
    once = normalise(text).text
    again = normalise(once)
    assert again.text == once
    assert again.removed == 0
    once.encode()


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_bytes_never_raise_anything_but_input_error(data: bytes) -> None:
    for read in (decode, decompressed, load_json):
        assert in_bounds(read, data)


@given(st.text(alphabet="ab:-[]{}&*!|>#'\"%?,\n\t 019.", max_size=60))
@settings(max_examples=200)
def test_yaml_never_raises_anything_but_input_error(text: str) -> None:
    for typed in (True, False):
        assert in_bounds(load_yaml, text, typed=typed)


def test_invisible_characters_are_spelled_out() -> None:
    assert spelled("contains: '\u202e'") == "contains: '<U+202E>'"
    assert spelled("plain") == "plain"


def test_zstd_reader_needs_no_declared_size() -> None:
    buffer = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(buffer, closefd=False) as writer:
        writer.write(b"streamed")
    assert decompressed(buffer.getvalue()) == b"streamed"


def test_no_format_or_hidden_character_is_left() -> None:
    kept = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    marks = {c for c in range(0x110000) if unicodedata.category(chr(c)) == "Cf"} - kept  # those are seen
    blank = {0x2800, 0x3164, 0x115F, 0x1160, 0xFFA0, 0x34F, 0x17B4, 0x17B5, 0xFFFC, *range(0xFE00, 0xFE10)}
    for code in sorted(marks | blank | set(range(0xE0100, 0xE01F0)) | set(range(0xFDD0, 0xFDF0))):
        assert normalise(f"a{chr(code)}b").text == "ab", hex(code)


def test_bytes_smuggled_in_variation_selectors_are_hiding() -> None:
    order = "".join(chr(0xE0100 + byte) for byte in b"obey")
    assert normalise(f"\U0001f600{order}") == Normalised("\U0001f600", 4, hidden=True)
