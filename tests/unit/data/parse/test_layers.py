"""Tar streams: whiteouts, hostile names and types, bombs, broken archives."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from contextlib import suppress
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse import layers, tar_streams
from icelos.data.parse.layers import Layer, Wanted, merged, read_layer
from icelos.data.parse.tar_streams import Budget
from icelos.errors import InputError

WANTED = Wanted(
    frozenset({"lib/apk/db/installed"}), frozenset({"var/lib/dpkg/status.d"}), frozenset({"rpm/Packages"})
)
APK = "lib/apk/db/installed"


def _layer(data: bytes) -> Layer:
    return read_layer(io.BytesIO(data), WANTED, Budget(len(data)))


def _after(images: ModuleType, *contents: object) -> dict[str, bytes]:
    read = [(str(n), _layer(images.tar(content))) for n, content in enumerate(contents)]
    return {path: kept.data for path, kept in merged(read).items()}


@pytest.mark.parametrize("name", [APK, f"./{APK}", f"/{APK}", "//lib/./apk/db/installed"])
def test_wanted_files_by_any_spelling(images: ModuleType, name: str) -> None:
    assert _after(images, {name: b"P:a", "other": b"x"}) == {APK: b"P:a"}


def test_folders_and_marks(images: ModuleType) -> None:
    files = {
        "var/lib/dpkg/status.d/tzdata": b"T",
        "var/lib/dpkg/status.d/a/b": b"no",
        "rpm/Packages": b"X" * 9,
    }
    assert _after(images, files) == {"var/lib/dpkg/status.d/tzdata": b"T", "rpm/Packages": b""}


@pytest.mark.parametrize(
    "hiding",
    [
        {"lib/apk/db/.wh.installed": b""},
        {"lib/apk/.wh.db": b""},
        {".wh.lib": b""},
        {"lib/apk/db/.wh..wh..opq": b""},
        {"lib/.wh..wh..opq": b""},
        {".wh..wh..opq": b""},
        {"lib": b"a file where a folder was"},
    ],
)
def test_an_upper_layer_hides(images: ModuleType, hiding: dict[str, bytes]) -> None:
    assert _after(images, {APK: b"P:a"}, hiding) == {}
    assert _after(images, {APK: b"P:a"}, hiding, {APK: b"P:b"}) == {APK: b"P:b"}


@pytest.mark.parametrize("other", [{"lib/apk/db/.wh.other": b""}, {"etc/.wh..wh..opq": b""}, {"lib64": b""}])
def test_whiteouts_of_other_files_hide_nothing(images: ModuleType, other: dict[str, bytes]) -> None:
    assert _after(images, {APK: b"P:a"}, other) == {APK: b"P:a"}


def test_an_opaque_layer_keeps_its_own_files(images: ModuleType) -> None:
    own = {"lib/apk/db/.wh..wh..opq": b"", APK: b"P:new"}
    assert _after(images, {APK: b"P:old"}, own) == {APK: b"P:new"}


def test_a_folder_hides_nothing_in_it(images: ModuleType) -> None:
    assert _after(images, {APK: b"P:a"}, {"lib/apk": images.special(tarfile.DIRTYPE)}) == {APK: b"P:a"}


def test_names_that_lead_outside_are_passed_over(images: ModuleType) -> None:
    layer = _layer(images.tar({f"../{APK}": b"evil", f"lib/../../{APK}": b"evil", APK: b"P:a"}))
    assert layer.files == {APK: b"P:a"}
    assert len(layer.outside) == 2


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE]
)
def test_a_database_that_is_no_file_is_a_problem(images: ModuleType, kind: bytes) -> None:
    layer = _layer(images.tar({APK: images.special(kind, "/etc/passwd")}))
    assert layer.files == {}
    assert len(layer.problems) == 1


def test_a_database_that_is_too_large_is_a_problem(
    images: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "MAX_KEPT", 10)
    layer = _layer(images.tar({APK: b"x" * 11, "var/lib/dpkg/status.d/a": b"x" * 10}))
    assert list(layer.files) == ["var/lib/dpkg/status.d/a"]
    assert "larger than" in layer.problems[0]


def test_an_archive_of_very_many_entries_ends(images: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_streams, "MAX_ENTRIES", 100)
    with pytest.raises(InputError, match="more than 100 entries"):
        _layer(images.tar([(f"f{n}", b"") for n in range(101)]))


def test_entries_are_not_kept_in_memory(images: ModuleType) -> None:
    data = images.tar([(f"folder/file-{n:06}", b"") for n in range(5_000)])
    tracemalloc.start()
    assert _layer(data).entries == 5_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_huge_extended_header_is_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 2 << 30
    with pytest.raises(InputError, match="extended header"):
        _layer(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("damage", ["header", "cut", "garbage", "empty"])
def test_a_broken_archive_is_never_taken_for_a_short_one(images: ModuleType, damage: str) -> None:
    data = bytearray(images.tar({"first": b"x" * 2000, APK: b"P:a"}))
    if damage == "header":
        data[5 * 512 + 150] ^= 0xFF  # the checksum of the second entry
    broken = {"header": bytes(data), "cut": bytes(data[:1500]), "garbage": b"\x01" * 2048, "empty": b""}[
        damage
    ]
    with pytest.raises(InputError, match="broken archive"):
        _layer(broken)


@given(st.integers(0, 4000), st.binary(min_size=1, max_size=4))
def test_any_damage_is_an_input_error_or_nothing(place: int, noise: bytes) -> None:
    info = tarfile.TarInfo(APK)
    info.size = 3
    data = bytearray(info.tobuf() + b"P:a".ljust(512, b"\0") + bytes(2048))
    data[place : place + len(noise)] = noise
    with suppress(InputError):
        _layer(bytes(data))
