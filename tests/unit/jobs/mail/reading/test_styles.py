"""What CSS hides: attributes and rules, inherited or not, colours against their ground."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.markup import read_markup
from icelos.jobs.mail.reading.styles import MAX_RULES, Sheet, colour, declarations

HIDING = [
    "display:none",
    "DISPLAY : NONE !important",
    "display:/* */none",
    "visibility:hidden",
    "opacity:0",
    "opacity:.01",
    "opacity:0%",
    "font-size:0",
    "font-size:1px",
    "font-size:.05em",
    "font:0px/0 Arial",
    "color:#fff",
    "color:white",
    "color:rgb(255,255,255)",
    "color:#fefefe",
    "color:transparent",
    "color:rgba(0,0,0,0)",
    "color:#00000000",
    "background:#123456;color:#123456",
    "background-color:black;color:#010101",
    "position:absolute;left:-9999px",
    "position:fixed;top:-100em",
    "text-indent:-9999px",
    "margin-left:-5000px",
    "max-height:0;overflow:hidden",
    "width:0px;overflow:hidden",
    "height:1px;overflow:auto",
    "mso-hide:all",
    "clip:rect(0,0,0,0)",
    "clip-path:inset(100%)",
    "transform:scale(0)",
    "zoom:0",
    "content-visibility:hidden",
]
SHOWN = [
    "display:block",
    "color:#333",
    "color:#777;background:#fff",
    "color:#fff;background:#369",
    "color:#fff;background:url(x.png)",
    "color:#fff;background-image:url(x.png)",
    "background:linear-gradient(#fff,#000);color:#fff",
    "font-size:9px",
    "font-size:80%",
    "opacity:.5",
    "opacity:1.0",
    "max-height:0",
    "line-height:0",
    "left:-9999px",
    "margin-left:-10px",
    "width:0",
    "border:0;padding:0;margin:0",
    "visibility:visible",
    "color:rgb(0, 0, 0)",
    "color:inherit",
]


@pytest.mark.parametrize("style", HIDING)
def test_what_a_style_hides(style: str) -> None:
    found = read_markup(f'before<span style="{style}">text</span>after')
    assert (found.hidden, found.text) == ("text", "beforeafter")


@pytest.mark.parametrize("style", SHOWN)
def test_what_a_style_does_not_hide(style: str) -> None:
    assert read_markup(f'<div style="{style}">text</div>').text.strip() == "text"


@pytest.mark.parametrize("style", HIDING[:8])
@pytest.mark.parametrize(
    ("selector", "element"),
    [
        (".x", "<p class='a X b'>"),
        ("p.x", "<p class=x>"),
        ("#y", "<p id=y>"),
        ("p", "<p>"),
        ("h1, p , td", "<p>"),
        ("*", "<p>"),
    ],
)
def test_what_rules_hide(style: str, selector: str, element: str) -> None:
    found = read_markup(f"<style>{selector} {{ {style} }}</style>{element}text</p>")
    assert found.hidden == "text"


@pytest.mark.parametrize(
    "html",
    [
        "<style>.x{display:none}</style><p style='display:block' class=x>text",
        "<style>p{display:none} .x{display:block}</style><p class=x>text",
        "<style>@media (max-width:600px){.x{display:none}}</style><p class=x>text",
        "<style>@media print{.x{display:none}} @font-face{a:b}</style><p class=x>text",
        "<style>div .x{display:none} .x:hover{display:none}</style><p class=x>text",
        "<style>/* .x{display:none} */</style><p class=x>text",
        "<style>td .b{background:#000}</style><p style='color:#fff'>text",
        "<td style='font-size:0'><div style='font-size:14px'>text",
        "<div style='visibility:hidden'><p style='visibility:visible'>text",
        "<div style='color:#fff'><p style='background:#000'>text",
        "<table bgcolor=#000000><tr><td><font color=white>text",
        "<body background=x.png><p style='color:#fff'>text",
        "<div style='color:#fff'><a href='http://a.example'>text</a>",
    ],
)
def test_what_stays_shown(html: str) -> None:
    assert read_markup(html).text.strip() == "text"


@pytest.mark.parametrize(
    "html",
    [
        "<style>.x{display:none !important}</style><p style='display:block' class=x>text",
        "<style>@media screen{.x{display:none}}</style><p class=x>text",
        "<style>@import url(x);.x{display:none}</style><p class=x>text",
        "<style><!-- .x{display:none} --></style><p class=x>text",
        "<table bgcolor='#336699'><tr><td style='color:#336699'>text",
        "<body text=white><p>text",
        "<div style='display:none'><p style='display:block'>text",
        "<font color=#FFFFFF>text",
    ],
)
def test_what_stays_hidden(html: str) -> None:
    assert read_markup(html).hidden == "text"


def test_text_drawn_backwards_is_read_as_it_is_drawn() -> None:
    assert read_markup("<bdo dir=rtl>drowssap</bdo>").text == "password"
    assert (
        read_markup("<p style='unicode-bidi:bidi-override;direction:rtl'>drowssap").text.strip() == "password"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("#fff", (255, 255, 255)),
        ("336699", (0x33, 0x66, 0x99)),
        (" RGB( 1, 2 ,3 )", (1, 2, 3)),
        ("rgb(100% 0% 0%)", (255, 0, 0)),
        ("navy", (0, 0, 128)),
        ("no colour", None),
        ("#12", None),
    ],
)
def test_colours(value: str, found: tuple[int, int, int] | None) -> None:
    assert colour(value) == found


def test_the_last_declaration_counts_unless_one_is_important() -> None:
    assert declarations("color:red;color:blue") == {"color": ("blue", False)}
    assert declarations("color:red!important;color:blue") == {"color": ("red", True)}
    assert declarations("no:thing;;:;color") == {}


def test_rules_are_bounded() -> None:
    sheet = Sheet()
    sheet.add(".x{color:red}" * (MAX_RULES + 10))
    assert len(sheet.declared("p", {"class": "x"})) == 1
    assert sheet._count == MAX_RULES


@given(st.text(alphabet="{}@;:/*.#a-px %!,()0", max_size=100))
def test_any_sheet_is_read(css: str) -> None:
    sheet = Sheet()
    sheet.add(css)
    assert isinstance(sheet.declared("p", {"class": "a", "id": "x"}), dict)


@pytest.mark.parametrize(
    "piece", ["{", "}", "/*", "@media{", "a{b:c}", ".a,", "color:rgb(", "a{color:#fff}", "*{", ";"]
)
def test_long_sheets_and_styles_take_time_in_proportion(piece: str) -> None:
    text = piece * ((1 << 20) // len(piece))
    began = time.process_time()
    read_markup(f"<style>{text}</style><p style='{text}'>x" + "<p class=a>x" * 1000)
    assert time.process_time() - began < 2
