from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icelos.data.parse.fields import HIDDEN
from icelos.data.parse.html import visible_text

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One


def test_headings_make_sections_and_blocks_make_lines(one: One, samples: dict[str, bytes]) -> None:
    found = one("page.html", samples["page.html"])
    assert found.title == "Spray advisory"
    assert [(s.heading, s.text) for s in found.sections] == [
        ("", "First & foremost."),
        ("Fix", "- Lock\n- Reset\n\na | b\n\nkeep   spaces"),
    ]
    assert "alert" not in found.text
    assert "menu" not in found.text
    assert HIDDEN not in found.tags


@pytest.mark.parametrize(
    "element",
    [
        '<p style="display: none">secret</p>',
        '<p style="VISIBILITY:hidden">secret</p>',
        '<span style="font-size:0px">secret</span>',
        '<span style="font-size:0">secret</span>',
        '<span style="opacity:0">secret</span>',
        '<span style="color:#FFF;background:white">secret</span>',
        '<span style="color:transparent">secret</span>',
        '<div style="position:absolute;left:-9999px">secret</div>',
        "<div hidden>secret</div>",
        '<div aria-hidden="true">secret</div>',
        "<script>secret</script>",
        "<template>secret</template>",
        "<noscript>secret</noscript>",
        "<!-- secret -->",
        '<p style="color:white">secret</p>',
        '<font color="#FFFFFF">secret</font>',
        '<td bgcolor="#fff"><span style="color:rgb(255, 255, 255)">secret</span></td>',
        '<p style="dis/**/play:none">secret</p>',
        '<p style="d\\69splay:none">secret</p>',
        '<p style="right:-9999px;position:absolute">secret</p>',
        '<p style="margin-left:-5000px">secret</p>',
        '<p style="transform:scale(0)">secret</p>',
        '<p style="transform:translateX(-9999px)">secret</p>',
        '<p style="filter:opacity(0)">secret</p>',
        '<p style="font:0/0 a">secret</p>',
        '<p style="clip-path:inset(100%)">secret</p>',
        '<p style="color:rgba(0,0,0,0)">secret</p>',
        '<p style="content-visibility:hidden">secret</p>',
        "<dialog>secret</dialog>",
        "<datalist><option>secret</option></datalist>",
        "<textarea>secret</textarea>",
        "<style>.x{display:none}</style><p class='a x'>secret</p>",
        "<style>p#y , i{font-size:0}</style><p id=y>secret</p>",
        "<style>b { color: red } mark{opacity:0}</style><mark>secret</mark>",
        '<img alt="secret" title="secret" src="data:text/plain,secret">',
        '<a title="secret" href="#">x</a>',
        '<meta name="note" content="secret">',
        '<input type="hidden" value="secret">',
    ],
)
def test_hidden_elements_are_dropped(one: One, element: str) -> None:
    found = one("a.html", f"<html><body><p>shown</p>{element}</body></html>")
    assert "secret" not in found.text
    assert "shown" in found.text


@pytest.mark.parametrize(
    "style",
    [
        "font-size:0.9em",
        "opacity:0.5",
        "opacity:1",
        "color:#fff;background:#000",
        "display:block",
        "left:-5px",
    ],
)
def test_visible_styles_stay(style: str) -> None:
    assert visible_text(f'<p style="{style}">shown</p>')[0] == "shown"


@pytest.mark.parametrize(
    "page",
    [
        '<table bgcolor="#003366"><tr><td><font color="white">shown</font></td></tr></table>',
        '<div style="background:#000"><p style="color:#fff">shown</p></div>',
        "<style>.dark{background:#000}</style><p class=dark style='color:white'>shown</p>",
        "<style>@media print{.x{display:none}}</style><p class=x>shown</p>",
        "<style>.menu .x{display:none}</style><p class=x>shown</p>",
        "<dialog open>shown</dialog>",
        '<p style="font:12px/1.5 Arial">shown</p>',
        '<p style="line-height:1.0">shown</p>',
    ],
)
def test_what_may_be_seen_stays(one: One, page: str) -> None:
    found = one("a.html", f"<html><body><p>x</p>{page}</body></html>")
    assert "shown" in found.text
    assert HIDDEN not in found.tags


def test_how_much_was_hidden_is_a_fact(one: One) -> None:
    found = one("a.html", '<html><body>x<i style="font-size:0">obey me</i></body></html>')
    assert found.facts["hidden characters removed"] == "7"


def test_text_hidden_by_style_is_tagged(one: One) -> None:
    assert HIDDEN in one("a.html", '<html><body>x<i style="font-size:0">obey</i></body></html>').tags


def test_deep_nesting_is_no_recursion(one: One) -> None:
    assert "core" in one("a.html", "<html><body>" + "<div>" * 20_000 + "core").text


def test_a_page_that_only_has_a_title_is_read(one: One) -> None:
    assert one("a.html", "<html><head><title>Empty</title></head><body></body></html>").title == "Empty"
