"""rpm's database: one that rpm 4.18 wrote for four small packages of our own, and hostile ones."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest

from icelos.data.parse import rpm_database
from icelos.data.parse.packages import OsRelease
from icelos.data.parse.rpm_database import RpmPackage, rpm_owners, rpm_packages
from icelos.errors import InputError

METADATA = "usr/lib/python3.9/site-packages/PyYAML-5.3.1.dist-info/METADATA"


@pytest.fixture(scope="module")
def real() -> bytes:
    return gzip.decompress((Path(__file__).parent / "databases" / "rpmdb.sqlite.gz").read_bytes())


def _read(data: bytes, journal: bytes = b"") -> list[RpmPackage]:
    found = list(rpm_packages(data, journal))
    assert all(isinstance(item, RpmPackage) for item in found)
    return [item for item in found if isinstance(item, RpmPackage)]


def test_packages_of_a_real_database(real: bytes) -> None:
    release = OsRelease("rhel", "9.4")
    assert sorted(package.installed.purl(release) for package in _read(real)) == [
        "pkg:rpm/redhat/python3-yaml-libs@5.3.1-2.el9?arch=noarch&distro=rhel-9.4"
        "&upstream=python3-yaml-5.3.1-2.el9.src.rpm",
        "pkg:rpm/redhat/python3-yaml@5.3.1-2.el9?arch=noarch&distro=rhel-9.4"
        "&upstream=python3-yaml-5.3.1-2.el9.src.rpm",
        "pkg:rpm/redhat/shop-libs@1.4~rc1-1.el9?arch=noarch&distro=rhel-9.4&epoch=2"
        "&upstream=shop-1.4~rc1-1.el9.src.rpm",
        "pkg:rpm/redhat/shop@1.4~rc1-1.el9?arch=noarch&distro=rhel-9.4&epoch=2"
        "&upstream=shop-1.4~rc1-1.el9.src.rpm",
    ]
    quotes = {package.installed.name: package.installed.quote for package in _read(real)}
    assert quotes["shop"] == "shop-2:1.4~rc1-1.el9.noarch"


def test_owners_of_files(real: bytes) -> None:
    assert rpm_owners(_read(real), {METADATA, "etc/passwd"}) == {METADATA: "rpm:python3-yaml"}


def test_a_write_ahead_log_is_folded_in(real: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rpmdb.sqlite"
    path.write_bytes(real)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("DELETE FROM Packages WHERE hnum > 1")
    connection.commit()
    data, journal = path.read_bytes(), (tmp_path / "rpmdb.sqlite-wal").read_bytes()
    connection.close()
    assert len(_read(data)) == 4
    assert len(_read(data, journal)) == 1
    assert len(_read(data, b"no journal" * 100)) == 4


def _database(tmp_path: Path, *statements: str) -> bytes:
    path = tmp_path / "made.sqlite"
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_a_broken_header_is_told_and_the_rest_is_read(real: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rpmdb.sqlite"
    path.write_bytes(real)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE Packages SET blob = x'00' WHERE hnum = 1")
    connection.execute("UPDATE Packages SET blob = 'text' WHERE hnum = 2")
    connection.commit()
    connection.close()
    found = list(rpm_packages(path.read_bytes()))
    assert [item.source for item in found if isinstance(item, InputError)] == ["1", "2"]
    assert len([item for item in found if isinstance(item, RpmPackage)]) == 2


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE other (x)"],
        ["CREATE VIEW Packages AS SELECT 1 AS hnum, x'00' AS blob"],
        ["CREATE TABLE Packages (x)"],
        [
            "CREATE TABLE Packages (hnum, y, blob AS (zeroblob(900000000)))",
            "INSERT INTO Packages VALUES (1, 2)",
        ],
    ],
)  # fmt: skip
def test_databases_of_another_kind(tmp_path: Path, statements: list[str]) -> None:
    with pytest.raises(InputError, match="rpm's database"):
        list(rpm_packages(_database(tmp_path, *statements)))


def test_a_virtual_table_is_refused(tmp_path: Path) -> None:
    data = _database(tmp_path, "CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)")
    with pytest.raises(InputError, match="no table of packages"):
        list(rpm_packages(data))


def test_a_trap_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpm_database, "MAX_STEPS", 0)
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
    data = _database(
        tmp_path, "CREATE TABLE Packages (hnum, blob)", f"INSERT INTO Packages {rows} SELECT -i, 0 FROM n"
    )
    with pytest.raises(InputError, match="interrupted"):
        list(rpm_packages(data))


def test_damage_is_an_input_error_or_nothing(real: bytes) -> None:
    for place in range(0, len(real), 9973):
        damaged = real[:place] + b"\xff" * 64 + real[place + 64 :]
        try:
            list(rpm_packages(damaged))
        except InputError:
            continue
