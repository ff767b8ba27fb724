"""The releases of a Python package, by the simple API of a package index (PEP 503, 691, 700)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urljoin, urlparse

import httpx
import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from icelos.errors import InputError, RunError

PUBLIC = "https://pypi.org/simple"
MAX_INDEX = 64 * 1024 * 1024
MAX_ARCHIVE = 256 * 1024 * 1024
_ACCEPT = {"Accept": "application/vnd.pypi.simple.v1+json"}
_PIECE = 1 << 20


class Archive(msgspec.Struct, frozen=True):
    """One file of a release. `form` is "any" (a wheel without binaries), "source", or a wheel's platform."""

    filename: str
    url: str
    sha256: str
    size: int
    form: str


class PackageIndex:
    """An index of packages, asked over HTTP. Use as a context manager."""

    def __init__(self, address: str = PUBLIC) -> None:
        self._address = address.rstrip("/")
        timeout = httpx.Timeout(30.0, read=120.0)
        self._session = httpx.Client(timeout=timeout, follow_redirects=True)

    def __enter__(self) -> PackageIndex:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def releases(self, name: str) -> Mapping[Version, list[Archive]]:
        """Version -> archives. Raises RunError where the index has no answer."""
        url = f"{self._address}/{quote(canonicalize_name(name))}/"
        data = self._get(url, MAX_INDEX, _ACCEPT)
        try:
            files = msgspec.json.decode(data)["files"]
            found: dict[Version, list[Archive]] = {}
            for item in files:
                if (known := _archive(item, url)) is not None and not item.get("yanked"):
                    found.setdefault(known[0], []).append(known[1])
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            hint = "an index that answers in the JSON of PEP 691"
            raise RunError("no list of a package's files", source=url, hint=hint) from error
        return found

    def download(self, archive: Archive, folder: Path) -> Path:
        """An archive in a folder, with the checksum that the index gives. Raises RunError, InputError."""
        target = folder / archive.filename
        data = self._get(archive.url, MAX_ARCHIVE, {})
        if archive.sha256 and hashlib.sha256(data).hexdigest() != archive.sha256:
            raise InputError("not the checksum that the index gives", source=archive.filename)
        target.write_bytes(data)
        return target

    def _get(self, url: str, limit: int, headers: Mapping[str, str]) -> bytes:
        parts = bytearray()
        try:
            with self._session.stream("GET", url, headers=dict(headers)) as answer:
                answer.raise_for_status()
                for piece in answer.iter_bytes(_PIECE):
                    parts += piece
                    if len(parts) > limit:
                        raise InputError(f"larger than {limit >> 20} MiB", source=url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise RunError(f"cannot fetch: {reason}", source=url) from error
        return bytes(parts)


def _archive(item: Mapping[str, object], base: str) -> tuple[Version, Archive] | None:
    filename, url, hashes = str(item["filename"]), urljoin(base, str(item["url"])), item.get("hashes")
    if urlparse(url).scheme not in {"http", "https"} or "/" in filename:
        return None
    try:
        if filename.endswith(".whl"):
            _, version, _, tags = parse_wheel_filename(filename)
            form = "any" if any(tag.platform == "any" for tag in tags) else min(map(str, tags))
        elif filename.endswith((".tar.gz", ".zip", ".tgz", ".tar.bz2")):
            plain = filename.replace(".tgz", ".tar.gz").replace(".tar.bz2", ".tar.gz")
            version, form = parse_sdist_filename(plain)[1], "source"
        else:
            return None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    size = item.get("size")
    sha256 = str(hashes.get("sha256", "")) if isinstance(hashes, dict) else ""
    return version, Archive(filename, url, sha256, size if isinstance(size, int) else 0, form)
