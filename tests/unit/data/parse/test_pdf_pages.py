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
