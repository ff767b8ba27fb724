"""The door outwards: what is refused before anything is sent."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from icelos.data.feeds import outside
from icelos.errors import RunError

if TYPE_CHECKING:
    from tests.unit.data.feeds.conftest import Served


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def loopback_is_public(address: str) -> bool:
    """The one address that a test can serve, taken for a public one."""
    return ipaddress.ip_address(address) == ipaddress.ip_address("127.0.0.1")


def opened(**given: Any) -> httpx.Client:
    return outside.client(headers={}, timeout=httpx.Timeout(5), **given)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not outside.is_public(address)


def test_addresses_that_are_public() -> None:
    assert outside.is_public("8.8.8.8")
    assert outside.is_public("2001:4860:4860::8888")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_the_own_machine_is_not_asked(server: Served, host: str) -> None:
    server.files["/"] = b"secret"
    port = server.address.rpartition(":")[2]
    with opened(plaintext=True) as client, pytest.raises((RunError, httpx.ConnectError)):
        client.get(f"http://{host}:{port}/")
    assert server.asked == []


def test_a_redirect_inwards_is_not_followed(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address is let through as a public one would be; the second is the metadata service's."""
    server.files["/"] = b"x"
    server.script["/"] = ["redirect http://169.254.169.254/latest/meta-data/"]
    monkeypatch.setattr(outside, "is_public", loopback_is_public)
    with opened(plaintext=True) as client, pytest.raises(RunError, match=r"169\.254\.169\.254"):
        client.get(f"{server.address}/")
    assert len(server.asked) == 1


def test_a_redirect_to_plain_http_is_not_followed() -> None:
    with opened() as client, pytest.raises(RunError, match="only https"):
        client.get("http://example.org/")
    with opened() as client, pytest.raises(RunError, match="only https"):
        client.get("ftp://example.org/")


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was looked at."""
    server.files["/"] = b"looked at"
    port = int(server.address.rpartition(":")[2])
    asked: list[str] = []

    def resolve(host: str, *given: Any, **extra: Any) -> Any:
        asked.append(host)
        address = "127.0.0.1" if host != "rebind.example" or asked.count(host) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outside, "is_public", loopback_is_public)
    with opened(plaintext=True) as client:
        assert client.get(f"http://rebind.example:{port}/").content == b"looked at"
    assert asked.count("rebind.example") == 1
    assert server.asked[0][1]["host"] == f"rebind.example:{port}"


def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **b: both)
    with opened() as client, pytest.raises(RunError, match=r"10\.0\.0\.1, which is no public address"):
        client.get("https://mixed.example/")


def test_what_is_the_organisations_own_can_be_allowed(server: Served) -> None:
    server.files["/"] = b"intranet"
    with opened(plaintext=True, private=True) as client:
        assert client.get(f"{server.address}/").content == b"intranet"
