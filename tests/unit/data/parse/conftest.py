"""Small valid samples of every format, written for these tests: the files of `samples/`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from icelos.data.parse.documents import parse_documents
from icelos.findings import Failure
from icelos.records import Document

Parse = Callable[[str, bytes | str], list[Document | Failure]]
One = Callable[[str, bytes | str], Document]
MakePdf = Callable[..., bytes]

FOLDER = Path(__file__).with_name("samples")
LINES = b"One line.\n\nAnother.\n"


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """File name -> content of every text format; some made of others, some compressed."""
    found = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}
    rows = [json.dumps(json.loads(found[name])).encode() for name in ("osv.json", "cve.json", "cwe.json")]
    rule = found["rule.yml"]
    return {
        **found,
        "mixed.jsonl": b"\n".join(rows),
        "rules.yaml": b"---\n" + rule + b"---\n" + rule.replace(b"abcd", b"abce"),
        "notes.txt": LINES,
        "notes.txt.gz": gzip.compress(LINES),
        "notes.txt.zst": zstandard.ZstdCompressor().compress(LINES),
    }


@pytest.fixture(scope="session")
def attack_bundle(samples: dict[str, bytes]) -> dict[str, Any]:
    """Two techniques, a tactic, group, tool, mitigation and detection, and one that was revoked."""
    bundle: dict[str, Any] = json.loads(samples["attack.json"])
    return bundle


@pytest.fixture(scope="session")
def parse() -> Parse:
    """The documents and failures of a content under a name."""
    return lambda name, data: list(
        parse_documents(data.encode() if isinstance(data, str) else data, name=name)
    )


@pytest.fixture(scope="session")
def one(parse: Parse) -> One:
    """The only document of a content."""

    def read(name: str, data: bytes | str) -> Document:
        (found,) = parse(name, data)
        assert isinstance(found, Document), found
        return found

    return read


@pytest.fixture(scope="session")
def pdf_of() -> MakePdf:
    """A small PDF 1.4 with one line of text a page."""
    return make_pdf


def make_pdf(*pages: str) -> bytes:
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return _numbered(bodies)


def _numbered(bodies: list[str]) -> bytes:
    """The objects of a PDF with their table of places."""
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}".encode()
    return out + f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
