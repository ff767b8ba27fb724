"""Office files: what they are, their text, links and images."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.archives import Member
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.office import kind_of_zip, office_images, office_text

TYPES = "[Content_Types].xml"
WORDS = b"<w:p><w:t>Open</w:t><w:t xml:space='preserve'> &amp; pay</w:t></w:p><w:p><w:t>now</w:t></w:p>"
LINK = "https://evil.example/a?b=1&c=2"
LINKS = b"""<Relationships>
<Relationship Id="1" Target="https://evil.example/a?b=1&amp;c=2" TargetMode="External"/>
<Relationship Id="2" Target="styles.xml"/></Relationships>"""


def office(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {TYPES: b"<Types/>", **files}.items():
            archive.writestr(name, content)
    return out.getvalue()


DOCX = office(
    **{"word/document.xml": WORDS, "word/_rels/document.xml.rels": LINKS, "word/media/image1.png": b"png"}
)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ([TYPES, "word/document.xml"], "docx"),
        ([TYPES, "word/document.xml", "word/vbaProject.bin"], "docm"),
        ([TYPES, "xl/workbook.xml", "xl/vbaProject.bin"], "xlsm"),
        ([TYPES, "ppt/presentation.xml"], "pptx"),
        (["META-INF/MANIFEST.MF", "a.class"], "jar"),
        (["META-INF/MANIFEST.MF", "AndroidManifest.xml"], "apk"),
        (["mimetype", "META-INF/manifest.xml"], "odf"),
        (["word/readme.txt"], "zip"),
        ([], "zip"),
    ],
)
def test_kinds(names: list[str], kind: str) -> None:
    assert kind_of_zip([Member(name, 1) for name in names]) == kind


def test_text_links_and_images() -> None:
    assert office_text(DOCX) == ("Open & pay\nnow", [LINK])
    assert office_images(DOCX, [Member("word/media/image1.png", 3), Member("word/document.xml", 3)]) == [
        b"png"
    ]
    assert office_text(b"PK\x03\x04 broken") == ("", [])


def test_an_office_file_is_part_of_what_is_seen() -> None:
    raw = b"From: a@b.example\nSubject: Invoice\nContent-Type: application/x; name=a.docx\n\n" + DOCX
    found = read_message(raw)
    assert found.attachments[0].kind == "docx"
    assert found.seen == "Invoice\nOpen & pay\nnow"
    assert [(link.target, link.origin) for link in found.links] == [(LINK, "office")]


@given(st.lists(st.tuples(st.integers(0, len(DOCX) - 1), st.integers(0, 255)), max_size=20))
def test_broken_files_are_read_as_far_as_they_go(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(DOCX)
    for place, value in changes:
        raw[place] = value
    office_text(bytes(raw))
