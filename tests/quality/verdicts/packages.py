"""Fetches the packages that the verdict cases name into a folder, unpacked and never run.

Wheels come by `pip download`; what has only a source archive is taken from the configured index and unpacked
here, because pip would run its build. Each lands in CACHE/NAME-VERSION as it would stand in site-packages.

Try it: python tests/quality/verdicts/packages.py /tmp/verdict-packages
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

CASES = Path(__file__).with_name("cases.json")
MAX_BYTES = 1024 * 1024 * 1024
MAX_ENTRIES = 50_000
TARGETS = (
    ("3.8", ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64")),
    ("3.6", ("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64")),
    ("3.11", ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")),
    ("2.7", ("manylinux1_x86_64", "manylinux2010_x86_64")),
    ("3.8", ("win_amd64",)),
    ("3.6", ("win_amd64",)),
    ("3.8", ("macosx_10_9_x86_64",)),
)
"""Interpreter and platforms, in the order in which a wheel is looked for."""
SOURCE_ROOTS = ("lib3", "src", "lib", "Lib", ".")
"""Folders of a source archive that may hold its packages; for PyYAML, `lib3` is the one of Python 3."""
NOT_INSTALLED = {"setup", "conftest", "test", "tests", "docs", "doc", "examples", "example", "benchmarks"}


class Unavailable(Exception):
    """The index has no archive of this release that can be unpacked."""


def wanted(cases: Path = CASES) -> list[tuple[str, str]]:
    """Every (name, version) that some case installs, sorted."""
    return sorted(
        {(p["name"], p["version"]) for case in json.loads(cases.read_text()) for p in case["packages"]}
    )


def folder_of(cache: Path, name: str, version: str) -> Path:
    """Where an unpacked release stands in the cache; the name is normalised as the index does (PEP 503)."""
    return cache / f"{re.sub(r'[-_.]+', '-', name).lower()}-{version}"


def fetch(name: str, version: str, cache: Path) -> Path:
    """The unpacked release, fetched where the cache lacks it. Raises Unavailable."""
    folder = folder_of(cache, name, version)
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as part:
        unpacked = Path(part) / "unpacked"
        unpacked.mkdir()
        wheel = _wheel(name, version, Path(part))
        if wheel is not None:
            _unpack_wheel(wheel, unpacked)
        else:
            _unpack_source(_source(name, version, Path(part)), unpacked, name, version)
        unpacked.rename(folder)
    return folder


def _wheel(name: str, version: str, part: Path) -> Path | None:
    for interpreter, platforms in TARGETS:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--implementation", "cp", "--python-version", interpreter, "--dest", str(part)]
        for platform in platforms:
            command += ["--platform", platform]
        subprocess.run([*command, f"{name}=={version}"], capture_output=True, check=False, timeout=600)
        if found := next(part.glob("*.whl"), None):
            return found
    return None


def _unpack_wheel(wheel: Path, target: Path) -> None:
    _unpack_zip(wheel, target)
    for data in list(target.glob("*.data/*lib")):
        shutil.copytree(data, target, dirs_exist_ok=True)
        shutil.rmtree(data)


def _unpack_zip(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as stream:
        entries = stream.infolist()
        _check_size(len(entries), sum(entry.file_size for entry in entries), archive)
        for entry in entries:
            if entry.is_dir():
                continue
            path = target / _inside(entry.filename)
            path.parent.mkdir(parents=True, exist_ok=True)
            with stream.open(entry) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink)


def _unpack_tar(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as stream:
        members = stream.getmembers()
        _check_size(len(members), sum(member.size for member in members), archive)
        stream.extractall(target, filter="data")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise Unavailable(f"entry {name!r} leaves the archive")
    return path


def _check_size(entries: int, size: int, archive: Path) -> None:
    if entries > MAX_ENTRIES or size > MAX_BYTES:
        raise Unavailable(f"{archive.name}: {entries} entries of {size} bytes are over the limit")


def _source(name: str, version: str, part: Path) -> Path:
    page = _index().rstrip("/") + "/" + re.sub(r"[-_.]+", "-", name).lower() + "/"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        files: list[dict[str, Any]] = json.load(reply)["files"]
    endings = tuple(f"-{version}{suffix}" for suffix in (".tar.gz", ".tar.bz2", ".tgz", ".zip"))
    entry = next((file for file in files if file["filename"].endswith(endings)), None)
    if entry is None:
        raise Unavailable(f"{name} {version}: neither a wheel nor a source archive")
    path = part / str(entry["filename"])
    with urllib.request.urlopen(urllib.parse.urljoin(page, entry["url"]), timeout=60) as reply:
        content = reply.read(MAX_BYTES)
    if hashlib.sha256(content).hexdigest() != entry["hashes"]["sha256"]:
        raise Unavailable(f"{name} {version}: the archive does not have the hash that the index gives")
    path.write_bytes(content)
    return path


def _index() -> str:
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    reply = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return reply.stdout.strip() or "https://pypi.org/simple"


def _unpack_source(archive: Path, target: Path, name: str, version: str) -> None:
    tree = archive.parent / "tree"
    if archive.suffix == ".zip":
        _unpack_zip(archive, tree)
    else:
        _unpack_tar(archive, tree)
    top = next(path for path in tree.iterdir() if path.is_dir())
    for path in _installed(top):
        if path.is_dir():
            shutil.copytree(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)
    metadata = target / f"{re.sub(r'[-_.]+', '_', name)}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "INSTALLER").write_text("pip\n")


def _installed(top: Path) -> list[Path]:
    """The packages and modules of the first source root that has any."""
    for root in SOURCE_ROOTS:
        found = [path for path in sorted((top / root).glob("*")) if _is_importable(path)]
        if found:
            return found
    raise Unavailable(f"{top.name}: no package found in the source archive")


def _is_importable(path: Path) -> bool:
    if path.stem in NOT_INSTALLED or path.name.startswith("ez_setup"):
        return False
    return path.suffix == ".py" if path.is_file() else (path / "__init__.py").is_file()


def main(cache: Path) -> int:
    """Fetches all; prints what could not be had and returns how many those are."""
    missing = 0
    for name, version in wanted():
        try:
            print(fetch(name, version, cache))
        except (Unavailable, OSError) as error:
            missing += 1
            print(f"{name} {version}: {error}", file=sys.stderr)
    return missing


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
