"""58 bills of materials of real images, and real reports of scanners: read, or ended in one clear reason."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from icelos.data.inventory import Inventory, read_target
from icelos.errors import InputError

DATA = Path(os.environ.get("ICELOS_DATA", "")) / "vulns"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not os.environ.get("ICELOS_DATA") or not DATA.is_dir(), reason="ICELOS_DATA is not set"
    ),
]


def _unpacked(archive: str, folder: Path) -> list[Path]:
    with tarfile.open(DATA / archive) as tar:
        for member in tar.getmembers():
            if member.isreg():
                path = folder / member.name.lstrip("./").replace("/", "__")
                content = tar.extractfile(member)
                path.write_bytes(content.read() if content is not None else b"")
    return sorted(folder.iterdir())


def _read(path: Path) -> Inventory | str:
    try:
        (inventory,) = read_target(path)
    except InputError as error:
        return str(error)
    return inventory


@pytest.mark.parametrize(
    ("archive", "number"),
    [("sboms/cyclonedx-and-misc.tar.gz", 16), ("sboms/spdx-popular-containers-21x2.tar.gz", 42)],
)
def test_bills_of_materials(tmp_path: Path, archive: str, number: int) -> None:
    paths = _unpacked(archive, tmp_path)
    assert len(paths) == number
    read = {path.name: _read(path) for path in paths}
    assert [name for name, found in read.items() if isinstance(found, str)] == []
    empty = [name for name, found in read.items() if isinstance(found, Inventory) and not found.components]
    assert empty == []


def test_one_image_in_three_forms_is_one_list(tmp_path: Path) -> None:
    paths = _unpacked("sboms/cyclonedx-and-misc.tar.gz", tmp_path)
    forms = [_read(path) for path in paths if "centos-7" in path.name]
    assert len(forms) == 4
    lists = {
        tuple(sorted((c.name, c.version) for c in form.components))
        for form in forms
        if isinstance(form, Inventory)
    }
    assert lists == {(("bash", "4.2.46-31.el7"), ("openssl-libs", "1.0.2k-16.el7"))}


def test_reports_of_scanners(tmp_path: Path) -> None:
    paths = _unpacked("scan-reports/defectdojo-scans.tar.gz", tmp_path)
    read = {path.name: _read(path) for path in paths}
    wanted = {name: found for name, found in read.items() if "anchore_grype" in name or "trivy" in name}
    broken = {name: found for name, found in wanted.items() if isinstance(found, str)}
    assert list(broken) == ["trivy__legacy_no_vuln.json"]  # its whole content is "null"
    counts = {name: len(found.components) for name, found in wanted.items() if isinstance(found, Inventory)}
    assert counts["anchore_grype__many_vulns3.json"] == 62
    reported = read["anchore_grype__check_all_fields.json"]
    assert isinstance(reported, Inventory)
    named = {name for reports in reported.reported.values() for one in reports for name in one.names}
    assert "CVE-2004-0971" in named
    for name, found in read.items():
        assert isinstance(found, Inventory) or str(tmp_path / name) in found


def test_a_hundred_mebibytes_end_well(tmp_path: Path) -> None:
    part = b'{"type":"library","name":"x","purl":"pkg:pypi/x@1","description":"' + b"d" * 900 + b'"},'
    raw = io.BytesIO()
    raw.write(b'{"bomFormat":"CycloneDX","components":[')
    for _ in range(100):
        raw.write(part * 1100)
    raw.write(part[:-1] + b"]}")
    path = tmp_path / "large.json"
    path.write_bytes(raw.getvalue())
    assert path.stat().st_size > 100 << 20
    found = _read(path)
    assert isinstance(found, Inventory)
    assert len(found.components) == 110_001
