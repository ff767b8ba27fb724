"""The formats by name, and reading a file of any of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from icelos.data.parse.fields import Object, dict_of, text_of
from icelos.data.parse.limits import load_json, read_bounded
from icelos.errors import InputError
from icelos.jobs.vulns.documents import csaf, csaf_reading, cyclonedx, cyclonedx_reading, openvex
from icelos.jobs.vulns.documents.model import Statement, VexDocument

MAX_DOCUMENT = 256 * 1024 * 1024
VEX: dict[str, Callable[[VexDocument], dict[str, Any]]] = {
    "openvex": openvex.render,
    "cyclonedx": cyclonedx.render,
    "csaf": csaf.render,
}
"""Formats of VEX documents, each with what writes it."""


def as_bytes(document: dict[str, Any]) -> bytes:
    """Indented JSON with a line feed at its end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read_file(path: Path) -> VexDocument:
    """A VEX document in any of the formats, gzip and zstd undone. Raises InputError."""
    try:
        row = load_json(read_bounded(path, MAX_DOCUMENT).removeprefix(b"\xef\xbb\xbf"))
        document = read(row)
    except InputError as error:
        raise InputError(error.message, hint=error.hint, source=str(path)) from error
    placed = tuple(_placed(one, path.name) for one in document.statements)
    return msgspec.structs.replace(document, statements=placed)


def read(row: object) -> VexDocument:
    """A decoded document, by what it says it is. Raises InputError."""
    if isinstance(row, dict):
        reader = _reader(row)
        if reader is not None:
            return reader(row)
    raise InputError("not a VEX document", hint="OpenVEX, CycloneDX or CSAF, in JSON")


def _reader(row: Object) -> Callable[[Object], VexDocument] | None:
    if "openvex.dev" in text_of(row, "@context") or "statements" in row:
        return openvex.read
    if text_of(row, "bomFormat") == "CycloneDX" and "vulnerabilities" in row:
        return cyclonedx_reading.read
    if "csaf_version" in dict_of(row, "document"):
        return csaf_reading.read
    return None


def _placed(statement: Statement, name: str) -> Statement:
    return msgspec.structs.replace(statement, source=f"{name}:{statement.source}")
