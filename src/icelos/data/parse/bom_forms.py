"""Documents that list components, in whatever form: told by their first bytes and their fields.

CycloneDX (JSON, XML), SPDX (JSON, tag-value), Syft's JSON, the reports of grype, trivy and osv-scanner, and
each of them as the predicate of a signed in-toto statement. Signatures are not checked.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from icelos.data.parse.cyclonedx_xml import read_cyclonedx_xml
from icelos.data.parse.sbom import Bom, read_bom
from icelos.data.parse.scan_reports import grype_report, osv_report, syft_document, trivy_report
from icelos.data.parse.spdx_tags import is_spdx_tags, read_spdx_tags
from icelos.errors import InputError

_UNKNOWN = "not a document that lists components"
_HINT = (
    "CycloneDX (JSON or XML), SPDX (JSON or tag-value), Syft's JSON, or a JSON report of grype, trivy or "
    "osv-scanner"
)
_WRAPPED = 2
"""Envelopes inside of each other: one around a statement, and the statement."""


def is_document(head: bytes) -> bool:
    """Whether a file that begins so is a document, and no archive."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in {b"{", b"[", b"<"} or is_spdx_tags(start)


def read_document(data: bytes) -> Bom:
    """A document without its components looked into. Raises InputError, also for forms that are not known."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return read_cyclonedx_xml(data)
    if is_spdx_tags(start):
        return read_spdx_tags(data)
    return _json(data.removeprefix(b"\xef\xbb\xbf"), _WRAPPED)


def _json(data: bytes, wrapped: int) -> Bom:
    if data.lstrip()[:1] == b"[":
        return trivy_report(data)
    head = _head(data)
    inner = _unwrapped(head) if wrapped else None
    if inner is not None:
        return _json(inner, wrapped - 1)
    if "spdxVersion" in head or "bomFormat" in head or "components" in head:
        return read_bom(data)
    if "matches" in head:
        return grype_report(data)
    if "artifacts" in head:
        return syft_document(data)
    if head.keys() & {"Results", "ArtifactName", "ClusterName"}:
        return trivy_report(data)
    if "results" in head:
        return osv_report(data)
    if "runs" in head:
        raise InputError("SARIF does not list packages", hint="give the scanner's own JSON report")
    raise InputError(_UNKNOWN, hint=_HINT)


def _head(data: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except RecursionError as error:
        raise InputError("JSON is nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise InputError(f"not a JSON object: {error}") from error


def _unwrapped(head: dict[str, msgspec.Raw]) -> bytes | None:
    """What a signed envelope (DSSE) or an in-toto statement is about."""
    if "payload" in head and "payloadType" in head:
        try:
            return base64.b64decode(msgspec.json.decode(head["payload"], type=str), validate=True)
        except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError) as error:
            raise InputError(f"broken envelope: {error}") from error
    return bytes(head["predicate"]) if "predicate" in head and "_type" in head else None
