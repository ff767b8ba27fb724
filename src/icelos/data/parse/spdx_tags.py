"""SPDX 2 as tags and values, a pair a line, into the JSON form's names.

https://spdx.github.io/spdx-spec/v2.3/
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec

from icelos.data.parse.sbom import MAX_COMPONENTS, Bom
from icelos.errors import InputError

MAX_LINE = 64 * 1024
_PACKAGE = {
    "PackageVersion": "versionInfo",
    "SPDXID": "SPDXID",
    "PackageSourceInfo": "sourceInfo",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}
_ELSEWHERE = frozenset({"FileName", "SnippetSPDXID", "LicenseID", "Relationship", "Annotator"})
"""Tags that begin something other than a package."""


def is_spdx_tags(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    lines = (line.strip() for line in head[:4096].split(b"\n"))
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return first.startswith((b"SPDXVersion:", b"SPDXID: SPDXRef-DOCUMENT", b"DataLicense:"))


def read_spdx_tags(data: bytes) -> Bom:
    """The document. Raises InputError where it names no version of SPDX."""
    document: dict[str, str] = {}
    package: dict[str, Any] = {}
    parts: list[tuple[str, bytes]] = []

    def finish() -> None:
        if package and len(parts) <= MAX_COMPONENTS:
            parts.append((f"line {package.pop('line')}", msgspec.json.encode(package)))

    for number, tag, value in _pairs(data):
        if tag == "PackageName":
            finish()
            package = {"name": value, "line": number, "externalRefs": []}
        elif tag in _ELSEWHERE:
            finish()
            package = {}
        elif not package:
            document.setdefault(tag, value)
        elif tag in _PACKAGE:
            package[_PACKAGE[tag]] = value
        elif tag == "ExternalRef":
            package["externalRefs"].append(_reference(value))
    finish()
    if "SPDXVersion" not in document:
        raise InputError("tags of SPDX without a version")
    return Bom("spdx", document.get("DocumentName", ""), document.get("DocumentNamespace", ""), tuple(parts))


def _reference(value: str) -> dict[str, str]:
    """ "PACKAGE-MANAGER purl pkg:…"."""
    _, kind, locator = [*value.split(maxsplit=2), "", "", ""][:3]
    return {"referenceType": kind, "referenceLocator": locator.strip()}


def _pairs(data: bytes) -> Iterator[tuple[int, str, str]]:
    """(number of the line, tag, value); text between <text> and </text> is passed over."""
    inside = False
    for number, raw in enumerate(io.BytesIO(data), 1):
        line = raw[:MAX_LINE].decode("utf-8", "replace").strip()
        if inside:
            inside = "</text>" not in line
            continue
        tag, colon, value = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        value = value.strip()
        inside = value.startswith("<text>") and "</text>" not in value
        yield number, tag.strip(), value.removeprefix("<text>").removesuffix("</text>").strip()
