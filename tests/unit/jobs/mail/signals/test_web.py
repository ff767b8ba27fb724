"""Links taken apart."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.mail.reading.markup import Link
from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals.web import MAX_WEBS, inner_targets, webs_of

_HIDDEN = base64.b64encode(b"https://evil.net/login/page").decode()


@pytest.mark.parametrize(
    ("target", "inner"),
    [
        ("https://www.google.com/url?q=https://evil.net/x&sa=D", ("https://evil.net/x",)),
        ("https://www.google.com/url?q=https%3A%2F%2Fevil.net%2Fx%3Fa%3D1", ("https://evil.net/x?a=1",)),
        ("https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.net%2F&data=1", ("https://a.net/",)),
        ("https://urldefense.com/v3/__https://evil.net/a__;Qw!!x", ("https://evil.net/a__;Qw!!x",)),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.net_a-5Fb&d=x", ("https://evil.net/a_b",)),
        (f"https://r.example.com/{_HIDDEN}", ("https://evil.net/login/page",)),
        ("https://a.example.com/plain?x=1", ()),
        ("https://https.example.com/", ()),
    ],
)  # fmt: skip
def test_inner_targets(target: str, inner: tuple[str, ...]) -> None:
    assert tuple(inner_targets(target)) == inner


def test_webs_of_markup_and_text_each_once() -> None:
    links = [Link("https://a.com/x", "a"), Link("https://a.com/x", "b"), Link("mailto:a@b.com", "c")]
    message = Message([], text="see https://b.com/y, and https://a.com/x.", links=links)
    webs = webs_of(message)
    assert [web.target for web in webs] == ["https://a.com/x", "https://b.com/y"]
    assert webs[0].organisation == "a.com"


def test_what_is_behind_a_redirector_is_seen() -> None:
    webs = webs_of(Message([], links=[Link("https://t.co/x?u=https://evil.net/y", "bank.com")]))
    assert [(web.host, web.through) for web in webs] == [("t.co", ""), ("evil.net", "t.co")]


def test_no_more_than_the_bound() -> None:
    links = [Link(f"https://a{number}.com/", "") for number in range(3 * MAX_WEBS)]
    assert len(webs_of(Message([], links=links))) == MAX_WEBS


@given(st.text(max_size=200))
def test_any_target(target: str) -> None:
    webs_of(
        Message([], text=f"http://{target}", links=[Link(target, ""), Link(f"http://a.com/{target}", "")])
    )
