from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from icelos.data.parse.documents import read_documents
from icelos.data.parse.pdf import pdf_documents
from icelos.errors import InputError
from icelos.findings import Failure

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import MakePdf, One, Parse


def test_a_section_a_page(one: One, pdf_of: MakePdf) -> None:
    found = one("report.pdf", pdf_of("First page", "Then CVE-2031-0006"))
    assert [(s.text, s.place) for s in found.sections] == [
        ("First page", "page 1"),
        ("Then CVE-2031-0006", "page 2"),
    ]
    assert found.title == "report"
    assert found.relations[0].target == "CVE-2031-0006"


def test_the_suffix_does_not_matter(one: One, pdf_of: MakePdf) -> None:
    assert one("report.md", pdf_of("Really a PDF")).sections[0].place == "page 1"


def test_encrypted_and_broken_files_are_failures(parse: Parse, pdf_of: MakePdf) -> None:
    whole = pdf_of("secret text")
    locked = whole.replace(
        b"/Root 1 0 R", b"/Root 1 0 R /ID [<00><00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4"
        b" /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
    )  # fmt: skip
    for data in (locked, b"%PDF-1.4\nnothing", whole[:200]):
        (found,) = parse("a.pdf", data)
        assert isinstance(found, Failure)
        assert "\n" not in found.error
    assert "encrypted" in parse("a.pdf", locked)[0].error  # type: ignore[union-attr]


def test_a_file_that_takes_too_long_is_refused(pdf_of: MakePdf) -> None:
    text = " ".join(["word"] * 200)
    slow = pdf_of(*[text] * 400)
    with pytest.raises(InputError, match=r"time or memory|takes more than"):
        list(pdf_documents(slow, "slow.pdf", seconds=0))


def test_pages_without_text_are_said_to_be_so(parse: Parse, pdf_of: MakePdf) -> None:
    (found,) = parse("scan.pdf", pdf_of(""))
    assert isinstance(found, Failure)
    assert "no text" in found.error


def test_mutations_never_raise(tmp_path: Path, pdf_of: MakePdf) -> None:
    whole = pdf_of("Some text", "More text")
    for step in range(4):
        at = 40 + step * len(whole) // 5
        path = tmp_path / f"{step}.pdf"
        path.write_bytes(whole[:at] + b"\xff<<[" + whole[at + 7 :])
        assert list(read_documents(path))
