"""Text, links and codes of PDFs."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icelos.jobs.mail.reading.aside import end_all
from icelos.jobs.mail.reading.aside_process import read
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.pdfs import MAX_PAGES, pdf_codes, pdf_text


def pdf(
    text: str = "Pay now", link: str = "https://evil.example/pay", pages: int = 1, password: str = ""
) -> bytes:
    from pypdf import PdfWriter
    from pypdf.annotations import Link
    from pypdf.generic import DictionaryObject, NameObject, StreamObject

    writer = PdfWriter()
    for _ in range(pages):
        page = writer.add_blank_page(200, 200)
        content = StreamObject()
        content.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if link:
        writer.add_annotation(0, Link(rect=(0, 0, 10, 10), url=link))
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def mail(data: bytes, kind: str = "application/pdf", name: str = "a.pdf") -> bytes:
    import base64

    head = f"From: a@b.example\nSubject: Invoice\nContent-Type: {kind}; name={name}\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(data)


def test_text_and_links() -> None:
    found = pdf_text(pdf())
    assert (found.text.strip(), found.links, found.cut) == ("Pay now", ["https://evil.example/pay"], False)


def test_bounds_and_passwords() -> None:
    assert pdf_text(pdf(pages=MAX_PAGES + 1)).cut
    assert pdf_text(pdf(password="secret")).error == "is encrypted"
    assert pdf_text(pdf(link="")).links == []


def test_a_link_in_a_broken_file_is_found() -> None:
    data = pdf()
    broken = data[: data.rfind(b"xref")].replace(b"/Annots", b"/Xnnots")
    assert pdf_text(broken).links == ["https://evil.example/pay"]


def test_a_pdf_is_part_of_what_is_seen() -> None:
    found = read_message(mail(pdf()))
    end_all()
    assert found.seen == "Invoice\nPay now"
    assert [(link.target, link.origin) for link in found.links] == [("https://evil.example/pay", "pdf")]
    assert read_message(mail(pdf()), aside=False).links == []
    locked = read_message(mail(pdf(password="x")))
    end_all()
    assert (locked.attachments[0].encrypted, locked.attachments[0].defect) == (True, "is encrypted")


def test_codes_in_images() -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    pillow = pytest.importorskip("PIL.Image")
    made = zxingcpp.create_barcode("https://evil.example/qr", zxingcpp.BarcodeFormat.QRCode)
    out = io.BytesIO()
    pillow.fromarray(made.to_image(scale=4)).convert("RGB").save(out, "PDF")
    assert pdf_codes(out.getvalue()).codes == ["https://evil.example/qr"]
    assert pdf_codes(pdf()).codes == []


WHOLE = pdf()


CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20), st.integers(0, 400)
)
def test_broken_files_are_read_or_an_error(changes: list[tuple[int, int]], missing: int) -> None:
    raw = bytearray(WHOLE)
    for place, value in changes:
        raw[place] = value
    for what in ("pdf", "pdf-images"):
        assert read(what, bytes(raw[: len(raw) - missing])) is not None
