"""The contract of the door: every content gives documents or failures, never an exception."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.data.parse.documents import format_of, parse_documents, read_documents, suffix_of
from icelos.data.parse.fields import Content
from icelos.findings import Failure
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import Parse

LENIENT = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def holds(items: list[Document | Failure]) -> None:
    """What every item must be like."""
    assert items
    for item in items:
        assert isinstance(item, Document | Failure)
        assert item.source
        if isinstance(item, Failure):
            assert item.error
            assert "\n" not in item.error
        else:
            assert item.id
            assert item.title
            assert item.modified is None or item.modified.tzinfo is not None
            assert all(isinstance(value, str) for value in item.facts.values())
            assert "\u200b" not in item.text
            item.text.encode()


def test_every_sample_is_read_whole(samples: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in samples.items():
        path = tmp_path / name
        path.write_bytes(data)
        found = list(read_documents(path))
        holds(found)
        assert all(isinstance(item, Document) for item in found), name


def test_compressed_samples_are_the_same_documents(samples: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("rule.yml", "attack.json", "page.html", "runbook.md", "tickets.csv"):
        (tmp_path / name).write_bytes(samples[name])
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(samples[name]))
        plain = list(read_documents(tmp_path / name, name=name))
        packed = list(read_documents(tmp_path / f"{name}.gz", name=name))
        assert plain == packed


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.md", b"", "empty file"),
        ("blank.txt", b" \n\t\n", "empty file"),
        ("binary.md", bytes(range(256)) * 8, "not text"),
        ("image.html", b"\x89PNG\r\n\x1a\n" + bytes(99), "not text: a PNG image"),
        ("zero.txt", b"one\x00two", "zero byte"),
        ("bomb.txt.gz", gzip.compress(bytes(40 << 20)), "bomb"),
        ("broken.json", b'{"a": ', "not JSON"),
        ("broken.pdf", b"%PDF-1.7 nothing", "PDF"),
    ],
)
def test_what_cannot_be_read_is_one_clear_failure(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (found,) = read_documents(path, name=f"in/{name}")
    assert isinstance(found, Failure)
    assert reason in found.error
    assert found.source == f"in/{name}"


def test_a_file_over_the_limit_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(b"x" * 2000)
    (found,) = read_documents(path, max_bytes=1000)
    assert isinstance(found, Failure)
    assert "larger than" in found.error
    (gone,) = read_documents(tmp_path / "gone.txt")
    assert isinstance(gone, Failure)


def test_a_guessed_encoding_is_said(parse: Parse) -> None:
    (found,) = parse("notes.txt", "caf\xe9 na\xefve".encode("latin-1"))
    assert isinstance(found, Document)
    assert found.sections[0].text == "café naïve"
    assert found.facts["encoding"] == "windows-1252 (guessed: not UTF-8)"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.md", '{"title": "x"}', "json"),
        ("a.json", '{"title": "x"}', "json"),
        ("a.txt", "{not json}", "text"),
        ("a.md", "[link](x) and more", "markdown"),
        ("a.txt", "<!DOCTYPE html><p>x", "html"),
        ("a.html", "no tags at all", "text"),
        ("a.txt", "# comment\nkey = value", "text"),
        ("a", "title: x\nlogsource:\n  a: b\ndetection:\n  c: d\n", "yaml"),
        ("a.csv", "a,b\n1,2\n", "csv"),
        ("x.xml", '<?xml version="1.0"?><Weakness_Catalog Name="CWE"/>', "cwe-xml"),
        ("x.xml", '<?xml version="1.0"?><other/>', "text"),
    ],
)
def test_content_decides_and_the_suffix_breaks_ties(name: str, text: str, kind: str) -> None:
    assert format_of(Content(name, text, suffix_of(name))) == kind


def test_suffixes_look_under_compression() -> None:
    assert suffix_of("a/b.MD.gz") == "md"
    assert suffix_of("archive.zst") == ""
    assert suffix_of("noext") == ""


NAMES = st.sampled_from(
    ["a.md", "a.html", "a.json", "a.jsonl", "a.yml", "a.csv", "a.tsv", "a.xml", "a.txt", "a", "a.bin.gz"]
)


@given(name=NAMES, data=st.binary(max_size=600))
@LENIENT
def test_random_bytes(name: str, data: bytes) -> None:
    holds(list(parse_documents(data, name=name)))


@given(name=NAMES, text=st.text(max_size=300))
@LENIENT
def test_random_text(name: str, text: str) -> None:
    holds(list(parse_documents(text.encode("utf-8", "replace"), name=name)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "type",
        "id",
        "stix_id",
        "objects",
        "relationship_type",
        "rel",
        "source",
        "target",
        "ID",
        "Name",
        "Abstraction",
        "cveMetadata",
        "containers",
        "document",
        "tracking",
        "product_tree",
        "vulnerabilities",
        "vulns",
        "title",
        "products",
        "notes",
        "affected",
        "modified",
        "schema_version",
        "aliases",
        "cveID",
        "dueDate",
        "RelatedWeaknesses",
        "external_references",
        "x_mitre_domains",
        "cve",
        "descriptions",
        "database_specific",
        "severity",
        "references",
        "kill_chain_phases",
        "x_capec_consequences",
        "AlternateTerms",
        "ObservedExamples",
    ]
)
TYPES = st.sampled_from(
    [
        "bundle",
        "attack-pattern",
        "relationship",
        "malware",
        "x-mitre-tactic",
        "course-of-action",
        "indicator",
        "report",
    ]
)
STIX = st.sampled_from(
    ["attack-pattern--11111111-2222-4333-8444-000000000001", "T1110", "CAPEC-66", "CVE-2031-1", "89", ""]
)
WILD = st.recursive(
    JSON | TYPES | STIX,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(value=st.dictionaries(KEYS, WILD, max_size=10))
@settings(max_examples=150, deadline=None)
def test_objects_with_the_right_names_and_the_wrong_shapes(value: dict[str, object]) -> None:
    import json

    holds(list(parse_documents(json.dumps(value).encode(), name="wild.json")))


def test_truncations_and_mutations_of_every_sample(samples: dict[str, bytes]) -> None:
    luck = random.Random(7)
    for name, data in samples.items():
        for _ in range(25):
            at = luck.randrange(len(data))
            junk = luck.choice(
                [
                    b"",
                    b"\x00",
                    b"\xff\xfe",
                    b"{",
                    b"]",
                    b"'",
                    b"\n---\n",
                    b"&a *a",
                    "\u202e".encode(),
                    os.urandom(3),
                ]
            )
            mutated = luck.choice(
                [data[:at], data[:at] + junk + data[at:], data[:at] + junk + data[at + luck.randrange(40) :]]
            )
            holds(list(parse_documents(mutated, name=name)))


@pytest.mark.data
@pytest.mark.skipif("ICELOS_DATA" not in os.environ, reason="ICELOS_DATA is not set")
def test_the_catalogues_are_read_without_loss() -> None:
    root = Path(os.environ["ICELOS_DATA"]) / "copilot"
    cwe = list(read_documents(root / "cwe" / "cwe-4.19.1.jsonl"))
    kev = list(read_documents(root / "kev" / "known_exploited_vulnerabilities.csv"))
    capec = list(read_documents(root / "capec" / "capec-2.1.jsonl"))
    assert [len(cwe), len(kev), len(capec)] == [969, 1404, 615]
    for found in (cwe, kev, capec):
        holds(found)
        assert all(isinstance(item, Document) for item in found)
        assert len({item.id for item in found if isinstance(item, Document)}) == len(found)
