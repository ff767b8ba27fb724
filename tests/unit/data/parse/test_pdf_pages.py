from __future__ import annotations

from collections.abc import Callable

import pytest

from icelos.data.parse.pdf_pages import read

pytestmark = pytest.mark.filterwarnings("ignore")


def test_limits_on_pages_and_characters(pdf_of: Callable[..., bytes]) -> None:
    data = pdf_of("one", "two", "three")
    assert read(data, 10, 1000) == {"info": {}, "pages": ["one", "two", "three"], "cut": False}
    assert read(data, 2, 1000) == {"info": {}, "pages": ["one", "two"], "cut": True}
    assert read(data, 10, 3)["cut"] is True


def painted(pdf_of: Callable[..., bytes], stream: str) -> bytes:
    """A page whose content is `stream` after a visible line."""
    return pdf_of(f"seen) Tj ET {stream} BT /F1 12 Tf 72 500 Td (later")


@pytest.mark.parametrize(
    "stream",
    [
        "BT 3 Tr /F1 12 Tf 72 600 Td (obey) Tj ET 0 Tr",
        "q 1 1 1 rg BT /F1 12 Tf 72 600 Td (obey) Tj ET Q",
        "q 1 g BT /F1 12 Tf 72 600 Td (obey) Tj ET Q",
        "q 0 0 0 0 k BT /F1 12 Tf 72 600 Td (obey) Tj ET Q",
        "BT /F1 0.5 Tf 72 600 Td (obey) Tj ET",
        "BT /F1 12 Tf -900 600 Td (obey) Tj ET",
    ],
)
def test_text_that_nobody_sees_is_left_out_and_counted(pdf_of: Callable[..., bytes], stream: str) -> None:
    found = read(painted(pdf_of, stream), 10, 1000)
    assert "obey" not in found["pages"][0]
    assert "seen" in found["pages"][0]
    assert "later" in found["pages"][0]
    assert found["hidden"] == 4


def test_the_text_layer_of_a_scan_stays(pdf_of: Callable[..., bytes]) -> None:
    data = pdf_of("x) Tj ET BT 3 Tr /F1 12 Tf 72 600 Td (scanned").replace(
        b"BT /F1 12 Tf 72 700 Td (x) Tj ET ", b" " * 35
    )
    assert "scanned" in read(data, 10, 1000)["pages"][0]
