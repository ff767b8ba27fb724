"""Ports and addresses."""

from __future__ import annotations

import pytest

from icelos.errors import SettingsError
from icelos.web.server import address_of, link, listen


def test_a_taken_port_gives_the_next_free_one() -> None:
    with listen("127.0.0.1", 0) as first:
        taken = first.getsockname()[1]
        with listen("127.0.0.1", taken) as second:
            assert taken < second.getsockname()[1] < taken + 20


def test_a_host_that_is_not_ours_is_a_clear_error() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1:8787"):
        listen("192.0.2.1", 8787)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")]
)
def test_the_address_can_be_opened(host: str, shown: str) -> None:
    with listen(host, 0) as listener:
        assert address_of(listener, host) == f"http://{shown}:{listener.getsockname()[1]}"


def test_an_ipv6_address_has_brackets() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert address_of(listener, "::1").startswith("http://[::1]:")


def test_the_token_stands_in_the_fragment() -> None:
    assert link("http://127.0.0.1:8787", "abc") == "http://127.0.0.1:8787/#token=abc"
