"""QR codes in images."""

from __future__ import annotations

import base64
import io
import sys
from typing import Any

import pytest

from icelos.errors import MissingExtra
from icelos.jobs.mail.reading import pictures
from icelos.jobs.mail.reading.aside import end_all
from icelos.jobs.mail.reading.message import read_message
from icelos.jobs.mail.reading.pictures import codes_in

zxingcpp = pytest.importorskip("zxingcpp")
PIL = pytest.importorskip("PIL.Image")
LINK = "https://evil.example/qr?user=1"


def code(text: str, scale: int = 4) -> Any:
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return PIL.fromarray(made.to_image(scale=scale)).copy()


def written(image: Any, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def test_codes_of_all_kinds_of_files() -> None:
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        assert codes_in(written(code(LINK), kind)) == [LINK]


def test_codes_that_are_small_turned_clear_or_light_on_dark() -> None:
    assert codes_in(written(code(LINK, 1), "PNG")) == [LINK]
    assert codes_in(written(code(LINK).rotate(30, fillcolor=255, expand=True), "PNG")) == [LINK]
    assert codes_in(written(PIL.eval(code(LINK), lambda value: 255 - value), "PNG")) == [LINK]
    clear = PIL.new("RGBA", code(LINK).size)
    clear.paste((0, 0, 0, 255), mask=PIL.eval(code(LINK), lambda value: 255 - value))
    assert codes_in(written(clear, "PNG")) == [LINK]


def test_a_code_in_a_poster() -> None:
    poster = PIL.new("RGB", (1600, 2200), "white")
    poster.paste(code(LINK, 5), (900, 1500))
    assert codes_in(written(poster, "JPEG")) == [LINK]


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    assert codes_in(written(code(LINK), "PNG")) == []
    assert codes_in(written(PIL.new("L", (200, 200), 255), "PNG")) == []


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(code(LINK), "PNG")
    monkeypatch.setitem(sys.modules, "zxingcpp", None)
    with pytest.raises(MissingExtra, match="qr"):
        codes_in(data)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match="qr"):
        codes_in(data)


HEAD = b"From: a@b.example\nSubject: Scan me\n"


@pytest.mark.parametrize("way", ["attached", "embedded"])
def test_a_code_is_a_link_of_the_mail(way: str) -> None:
    data = base64.encodebytes(written(code(LINK), "PNG"))
    if way == "attached":
        raw = HEAD + b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + data
    else:
        source = b"data:image/png;base64," + data.replace(b"\n", b"")
        raw = HEAD + b"Content-Type: text/html\n\n<p>Scan</p><img src='" + source + b"'>"
    found = read_message(raw)
    end_all()
    assert [(link.target, link.origin) for link in found.links] == [(LINK, "qr")]


def test_a_code_that_leads_nowhere_is_text() -> None:
    data = base64.encodebytes(written(code("call +1 555 0100 now"), "PNG"))
    found = read_message(HEAD + b"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + data)
    end_all()
    assert found.links == []
    assert "call +1 555 0100 now" in found.seen
