"""Packages that were built into an executable: Go's build information and Rust's audit data.

Go: a block that begins with "\\xff Go buildinf:"; since Go 1.18 the version and the list of modules follow in
place, before that as addresses of strings (https://go.dev/src/debug/buildinfo/buildinfo.go).
Rust, where built by cargo-auditable: compressed JSON in the section ".dep-v0"
(https://github.com/rust-secure-code/cargo-auditable).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from icelos.data.parse.listed import MAX_LISTED, Listed, listed, objects, word
from icelos.data.parse.sections import Addresses, section
from icelos.errors import InputError

HEADS = (
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
)
"""First bytes of ELF, PE and Mach-O."""
_GO = b"\xff Go buildinf:"
_RUST = b".dep-v0"
_ALIGNED = 16
_GO_VERSION = re.compile(r"go(\d+\.\d+[\w.-]*)(?: .*)?", re.DOTALL)
_LINKED = re.compile(r"-X[ =]['\"]?([\w./-]+)\.\w{0,40}?[vV]ersion=['\"]?v?(\d+\.\d+\.\d+[\w.+-]{0,80})")
_SENTINEL = 16
"""Bytes before and after the list of modules that say where it is."""
MAX_TEXT = 16 * 1024 * 1024
MAX_AUDIT = 32 * 1024 * 1024


def is_marked(pieces: Iterable[bytes]) -> bool:
    """Whether any of these pieces, which follow each other, may say what the program was built from."""
    before = b""
    for piece in pieces:
        if any(mark in before + piece for mark in (_GO, _RUST)):
            return True
        before = piece[-len(_GO) :]
    return False


def executable(data: bytes) -> Iterator[Listed | InputError]:
    """The packages that an executable says it was built from; none for most."""
    yield from _go(data)
    yield from _rust(data)


def _go(data: bytes) -> Iterator[Listed | InputError]:
    found = _build_information(data)
    if found is None:
        return
    version, modules = found
    if release := _GO_VERSION.fullmatch(version):
        yield listed("golang", "stdlib", release[1], quote=version.partition(" ")[0])
    yield from _modules(modules)


def _build_information(data: bytes) -> tuple[str, str] | None:
    """Go's version and list of modules. The mark may also stand in a program that looks for it."""
    place = data.find(_GO)
    while place >= 0:
        if place % _ALIGNED == 0 and place + 32 <= len(data):
            version, modules = _inline(data, place) if data[place + 15] & 2 else _pointed(data, place)
            if version.startswith((b"go1", b"devel ")):
                return version.decode("utf-8", "replace"), _text(modules)
        place = data.find(_GO, place + 1)
    return None


def _text(modules: bytes) -> str:
    """The list without its sentinels."""
    if len(modules) <= 2 * _SENTINEL or modules[-_SENTINEL - 1 : -_SENTINEL] != b"\n":
        return ""
    return modules[_SENTINEL:-_SENTINEL].decode("utf-8", "replace")


def _inline(data: bytes, place: int) -> tuple[bytes, bytes]:
    version, place = _counted(data, place + 32)
    return version, _counted(data, place)[0]


def _counted(data: bytes, place: int) -> tuple[bytes, int]:
    """A string after its length, which is in 7 bits a byte, and where it ends."""
    length = shift = 0
    for byte in data[place : place + 5]:
        place += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if length > MAX_TEXT:
        return b"", place
    return data[place : place + length], place + length


def _pointed(data: bytes, place: int) -> tuple[bytes, bytes]:
    """The form before Go 1.18: addresses of two strings, each an address and a length."""
    size, order = data[place + 14], "big" if data[place + 15] & 1 else "little"
    addresses = Addresses(data)
    if size not in {4, 8}:
        return b"", b""

    def number(offset: int) -> int:
        return int.from_bytes(data[offset : offset + size], order)  # type: ignore[arg-type]

    def string(address: int) -> bytes:
        header = addresses.offset(address)
        start = addresses.offset(number(header)) if header is not None else None
        length = number(header + size) if header is not None else 0
        return data[start : start + length] if start is not None and length <= MAX_TEXT else b""

    return string(number(place + 16)), string(number(place + 16 + size))


def _modules(text: str) -> Iterator[Listed | InputError]:
    """The modules, replaced ones as what replaces them. The program itself has a version only if it was built
    by "go install", was written in by the linker, or is known by its commit.
    """
    lines = [line.split("\t") for line in text.split("\n")[:MAX_LISTED]]
    settings = {
        line[1].partition("=")[0]: line[1].partition("=")[2] for line in lines if _is(line, "build", 2)
    }
    for number, line in enumerate(lines):
        if not (_is(line, "mod", 3) or _is(line, "dep", 3)):
            continue
        after = lines[number + 1] if number + 1 < len(lines) else []
        path, version = (after[1], after[2]) if _is(after, "=>", 3) else (line[1], line[2])
        if line[0] == "mod" and version == "(devel)":
            version = _linked_version(settings, path) or _commit_version(settings)
        if version and not path.startswith((".", "/")):
            namespace, _, name = path.rpartition("/")
            yield listed("golang", name, version, namespace=namespace, quote=f"{line[0]} {path} {version}")


def _is(line: list[str], kind: str, parts: int) -> bool:
    return len(line) >= parts and line[0] == kind


def _linked_version(settings: dict[str, str], module: str) -> str:
    """The version that the linker wrote into a variable of the program: "-X main.version=1.18.1"."""
    for name, version in _LINKED.findall(settings.get("-ldflags", "")):
        if name == "main" or name == module or name.startswith(f"{module}/"):
            return f"v{version}"
    return ""


def _commit_version(settings: dict[str, str]) -> str:
    """The pseudo-version of a commit, https://go.dev/ref/mod#pseudo-versions; "" where it is not known."""
    time = re.sub(r"\D", "", settings.get("vcs.time", ""))
    revision = settings.get("vcs.revision", "")
    return f"v0.0.0-{time}-{revision[:12]}" if len(time) == 14 and len(revision) >= 12 else ""


def _rust(data: bytes) -> Iterator[Listed | InputError]:
    packed = section(data, _RUST)
    if not packed:
        return
    try:
        engine = zlib.decompressobj()
        plain = engine.decompress(packed, MAX_AUDIT)
        if engine.unconsumed_tail:
            raise InputError("audit data of a Rust program unpacks to far more than its size")
        table: dict[str, Any] = msgspec.json.decode(plain, type=dict[str, Any])
    except (zlib.error, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        yield InputError(f"broken audit data of a Rust program: {error}")
        return
    except InputError as error:
        yield error
        return
    for item in objects(table.get("packages")):
        if item.get("kind", "runtime") == "runtime":
            yield listed("cargo", word(item.get("name")), word(item.get("version")))
