"""A client for addresses that people type and publishers redirect to: it reaches the public internet only.

The name is resolved here, every address it has is looked at, and the connection goes to one that was looked
at: a name that answers differently the second time gains nothing. Redirects pass through the same door. Where
a proxy is set in the environment, that one resolves names and decides what may be reached; addresses that are
written as numbers are still looked at.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.request import getproxies

import httpx

from icelos.errors import RunError

REDIRECTS = 5
_HINT = "where it is your own, say so: private = true beside its url"


def client(
    *, private: bool = False, plaintext: bool = False, headers: dict[str, str], timeout: httpx.Timeout
) -> httpx.Client:
    """A client that refuses other schemes than https, and hosts that are not public.

    `plaintext` lets http through, `private` addresses of the own network. A request that is refused raises
    RunError before anything is sent.
    """

    def look(request: httpx.Request) -> None:
        _check_scheme(request.url, plaintext=plaintext)
        if not private:
            _check_literal(request.url.host)

    transport = None if private or getproxies() else _Public(httpx.HTTPTransport())
    return httpx.Client(
        timeout=timeout, headers=headers, transport=transport, follow_redirects=True,
        max_redirects=REDIRECTS, event_hooks={"request": [look]},
    )  # fmt: skip


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; those that carry another inside are not."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None or found in _NAT64:
            return False
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class _Public(httpx.BaseTransport):
    """Connects to an address that was looked at; the certificate is still that of the name."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, last = request.url.host, None
        for address in _public_addresses(request.url):
            pinned = httpx.Request(
                request.method, request.url.copy_with(host=address), headers=request.headers,
                stream=request.stream, extensions={**request.extensions, "sni_hostname": host},
            )  # fmt: skip
            try:
                return self._inner.handle_request(pinned)
            except httpx.ConnectError as error:
                last = error
        raise last or httpx.ConnectError("the name has no address")

    def close(self) -> None:
        self._inner.close()


def _public_addresses(url: httpx.URL) -> list[str]:
    """Raises RunError where one of them is not public: an answer that mixes both is a trick."""
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"cannot resolve the name: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public(address):
            raise RunError(
                f"{url.host} is {address}, which is no public address", source=str(url), hint=_HINT
            )
    return addresses


def _check_scheme(url: httpx.URL, *, plaintext: bool) -> None:
    if url.scheme == "https" or (plaintext and url.scheme == "http"):
        return
    hint = "without encryption anyone on the way can change it: plaintext = true allows that"
    raise RunError(f"only https is fetched, not {url.scheme or 'this'}", source=str(url), hint=hint)


def _check_literal(host: str) -> None:
    try:
        public = is_public(host.strip("[]"))
    except ValueError:  # a name
        return
    if not public:
        raise RunError(f"{host} is no public address", source=host, hint=_HINT)
