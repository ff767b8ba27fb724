"""Text, links and forms of HTML, however broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.markup import MAX_LINKS, read_markup


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<a href='http://a'>one <b>two</b></a>", [("http://a", "one two")]),
        ('<A HREF = "http://a?x=1&amp;y=2">t</A>', [("http://a?x=1&y=2", "t")]),
        ("<a href=http://a>t</a>", [("http://a", "t")]),
        ("<a class='x' href='http://a' href='http://b'>t", [("http://a", "t")]),
        ("<a href='http://a'>one<a href='http://b'>two</a>", [("http://a", "one"), ("http://b", "two")]),
        ("<a name='x'>t</a>", []),
        ("<!-- <a href='http://a'>t</a> --><a href='http://b'>u</a>", [("http://b", "u")]),
        ("<script>'<a href=http://a>'</script><a href='http://b'>u</a>", [("http://b", "u")]),
        ("<area href='http://a'>", [("http://a", "")]),
        ("<form action='http://a'>", [("http://a", "")]),
        ("<a href='&#106;avascript:x'>t</a>", [("javascript:x", "t")]),
    ],
)
def test_links(html: str, links: list[tuple[str, str]]) -> None:
    assert [(link.target, link.text) for link in read_markup(html).links] == links


def test_text() -> None:
    assert read_markup("<style>p{}</style><p>one&nbsp;two<br>three</p><script>no</script>").text.split() == [
        "one", "two", "three",
    ]  # fmt: skip


def test_forms() -> None:
    asks = read_markup("<form><input type='PASSWORD'></form>")
    assert (asks.has_form, asks.asks_password) == (True, True)
    plain = read_markup("<input type=text>")
    assert (plain.has_form, plain.asks_password) == (False, False)


def test_links_are_bounded() -> None:
    assert len(read_markup("<a href='http://a'>t</a>" * (MAX_LINKS + 10)).links) == MAX_LINKS


@given(st.text(alphabet="<>/=\"'a hrefip!-&;", max_size=80))
def test_any_text_is_read(html: str) -> None:
    assert isinstance(read_markup(html).text, str)
