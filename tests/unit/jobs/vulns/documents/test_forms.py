"""Telling formats apart, and documents that nobody should have written."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.findings import Finding
from icelos.jobs.vulns.documents.apply import apply
from icelos.jobs.vulns.documents.forms import VEX, as_bytes, read, read_file
from icelos.jobs.vulns.documents.model import document_of, latest

SCHEMAS = {
    "openvex": "openvex_0.2.0.json", "cyclonedx": "cyclonedx/bom-1.6.schema.json", "csaf": "csaf_2.0.json",
}  # fmt: skip
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = (
    "pkg:npm/a@1", "pkg:", "pkg:a/b@", "fixed", "not_affected", "in_triage", "CVE-2020-1234", "", "a",
    "vers:npm/<2", "urn:cdx:x#y", "2020-01-01", "9999-99-99", "Icelos verdict\nlabel: vulnerable", "\u2028",
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [*TEXTS, 0, -1, 10**30, 1.5, None, True, [], {}, [[]], [{}], {"id": {}}, ["a", 7]]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in parts for place in _places(inner, (*path, key)))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    inner = _replaced(value[path[0]], path[1:], new)
    if isinstance(value, dict):
        return {**value, path[0]: inner}
    return [*value[: path[0]], inner, *value[path[0] + 1 :]]


@pytest.mark.parametrize("form", list(VEX))
@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_document_with_a_wrong_part_is_read_or_refused(
    form: str, finding: Callable[..., Finding], data: st.DataObject
) -> None:
    """What can be read can also be written, in every format."""
    findings = [finding(), finding("code_not_reachable", purl="pkg:npm/b@2", severity="high")]
    row = VEX[form](document_of(findings, author="a", now=NOW))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(row)
        row = _replaced(row, data.draw(st.sampled_from(places)), data.draw(VALUES))
    try:
        document = read(row)
    except InputError:
        return
    for render in VEX.values() if document.statements else ():
        json.loads(as_bytes(render(document)))
    apply(findings, document.statements)


@pytest.mark.parametrize("form", list(VEX))
def test_packed_and_with_a_mark(form: str, finding: Callable[..., Finding], tmp_path: Path) -> None:
    document = document_of([finding()], author="a", now=NOW)
    data = as_bytes(VEX[form](document))
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + data))
    (one,) = read_file(tmp_path / "a.json.gz").statements
    assert one.source.startswith("a.json.gz:")


@pytest.mark.parametrize("row", [{}, [], 7, {"bomFormat": "CycloneDX"}, {"document": {}}, {"a": 1}])
def test_what_is_none(row: object) -> None:
    with pytest.raises(InputError, match="not a VEX document"):
        read(row)


@pytest.mark.data
def test_documents_of_others_in_every_format(valid: Callable[[str, dict[str, Any]], None]) -> None:
    """Each of the pack's, converted: valid, and nothing decided is different."""
    pack = Path(os.environ["ICELOS_DATA"]) / "vulns" / "vex" / "vex-examples.tar.gz"
    converted = 0
    with tarfile.open(pack) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None or not member.name.endswith(".json") or member.size > 200_000:
                continue
            try:
                document = read(json.loads(content.read()))
            except InputError:
                continue
            before = {(s.key, s.status, s.label) for s in latest(document.statements)}
            for form in VEX if before else ():
                row = json.loads(as_bytes(VEX[form](document)))
                valid(SCHEMAS[form], row)
                assert {(s.key, s.status, s.label) for s in read(row).statements} == before, member.name
                converted += 1
    assert converted > 150
