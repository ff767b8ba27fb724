"""Addresses: where calls go, and which of them stay on this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.llm.transport import Transport, endpoint, is_loopback
from icelos.settings import LLMSettings


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h/v1", "http://h/v1/chat/completions"),
        (" http://h:8000/v1/ ", "http://h:8000/v1/chat/completions"),
        ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
        ("https://h/openai?api-version=1", "https://h/openai/chat/completions?api-version=1"),
        ("http://h", "http://h/chat/completions"),
    ],
)
def test_address_of_chat_completions(base: str, url: str) -> None:
    assert str(endpoint(LLMSettings(base_url=base))) == url


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST.", "a.localhost"]
)
def test_hosts_that_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "0.0.0.0", "localhost.example", "127.0.0.1.example", "example", "::2"]
)
def test_hosts_that_are_not(host: str) -> None:
    assert not is_loopback(host)


@given(st.text(min_size=1, max_size=400))
def test_what_is_shown_is_one_short_line_without_the_key(text: str) -> None:
    transport = Transport(LLMSettings(base_url="http://127.0.0.1/v1", api_key="k-123456789"))
    shown = transport.scrubbed(text + "k-123456789" + text)
    assert shown.isprintable()
    assert len(shown) <= 300
    assert "k-123456789" not in shown


def test_proxies_of_the_environment_are_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for base, proxied in [("http://127.0.0.1:1/v1", False), ("http://192.0.2.1/v1", True)]:
        transport = Transport(LLMSettings(base_url=base))
        client = transport._slot().client
        assert any(mount is not None for mount in client._mounts.values()) is proxied
        transport.close()
