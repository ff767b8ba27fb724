"""Text, links and forms of HTML, however broken."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.markup import MAX_LINKS, read_markup


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


@pytest.mark.parametrize(
    "attributes",
    [
        "style='display:none'",
        'style="font-size: 0px"',
        "style=color:#fff;background:white",
        "hidden",
        "style='opacity:0'",
    ],
)
def test_hidden_text_is_told_from_shown_text(attributes: str) -> None:
    found = read_markup(f"<div>one<span {attributes}>two <b>three</b></span> four</div>five")
    assert found.text.split() == ["one", "four", "five"]
    assert found.hidden == "two three"


@pytest.mark.parametrize(
    "html",
    [
        "<p hidden>a<p>shown",
        "<table><tr><td hidden>a<td>shown</table>",
        "<ul><li hidden>a<li>shown</ul>",
        "<p hidden>a<div>shown</div>",
        "<img hidden>shown",
        "<div hidden>a</div></b></i>shown",
    ],
)
def test_a_hidden_element_ends_where_browsers_end_it(html: str) -> None:
    assert "shown" in read_markup(html).text


@pytest.mark.parametrize(
    "tag",
    [
        "<a " + " " * 9000 + "href=https://a.example>",
        "<a title='<b> a > b' href=https://a.example>",
        "<a/href=https://a.example>",
        "<A\nHREF\n=\nhttps://a.example\n>",
        "<a x\" href='https://a.example'>",
        "<a href=&#104;ttps://a.example>",
        "<a href=&#0000000000104;ttps://a.example>",
    ],
)
def test_a_link_cannot_be_hidden_by_odd_writing(tag: str) -> None:
    found = read_markup(f"{tag}x</a>")
    assert [(link.target, link.text) for link in found.links] == [("https://a.example", "x")]


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "65", "x" + "f" * 5000])
def test_character_references_longer_than_python_reads_numbers(digits: str) -> None:
    found = read_markup(f"one &#{digits}; two")
    assert found.text.split()[0] == "one"
    assert found.text.split()[-1] == "two"


@pytest.mark.parametrize("piece", ["<p " + "a=1 " * 50_000 + ">", "<a x='", "<b></p>", "<p hidden>", "&#"])
def test_a_megabyte_takes_time_in_proportion(piece: str) -> None:
    html = piece * ((1 << 20) // len(piece))
    start = time.process_time()
    read_markup(html)
    assert time.process_time() - start < 5
