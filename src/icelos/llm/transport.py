"""HTTP to one endpoint: a bounded number of connections, bounded replies, strict times, one clear line.

Every connection has a slot of its own, so that a call can be cut from outside: by its deadline, which no
trickle of bytes can stretch, or by `Cancel`. Redirects are never followed: the key goes to one host only.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import httpx
import msgspec

from icelos import __version__
from icelos.errors import ModelError, SettingsError
from icelos.llm import cancel, refusal
from icelos.llm.redact import Vault
from icelos.settings import LLMSettings

MAX_REPLY = 8 * 1024 * 1024
MAX_ERROR = 64 * 1024


def endpoint(settings: LLMSettings) -> httpx.URL:
    """The chat-completions address of `llm.base_url`. Raises SettingsError, without the key in it."""
    try:
        url = httpx.URL(settings.base_url.strip())
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(
            "llm.base_url is no http or https address", hint="for example http://127.0.0.1:8000/v1"
        )
    if url.userinfo:
        raise SettingsError("llm.base_url holds a password", hint="set the key by ICELOS_LLM_API_KEY")
    if not all("!" <= character <= "~" for character in settings.api_key):
        raise SettingsError("llm.api_key holds a space, a line break or a character outside ASCII")
    path = url.path.rstrip("/").removesuffix("/chat/completions")
    return url.copy_with(path=f"{path}/chat/completions", fragment=None)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by definition; nothing is looked up."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class _Slot:
    """One connection, which another thread may cut."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.cut_by = ""
        self._stream: Any = None
        self._busy = False
        self._lock = threading.Lock()

    def seen(self, event: str, info: Mapping[str, Any]) -> None:
        """httpx's trace extension: keeps hold of the newest network stream."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._stream = info["return_value"]
                if self.cut_by:
                    self._shut()

    @contextmanager
    def busy(self) -> Iterator[None]:
        with self._lock:
            self._busy, self.cut_by = True, ""
        try:
            yield
        finally:
            with self._lock:
                self._busy = False

    def cut(self, reason: str) -> None:
        """End the call under way: a blocked read returns at once."""
        with self._lock:
            if self._busy and not self.cut_by:
                self.cut_by = reason
                self._shut()

    def _shut(self) -> None:
        if self._stream is not None:
            with suppress(OSError, AttributeError):
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class Transport:
    """Posts to one endpoint. Safe to share between threads; at most `concurrency` calls at once."""

    def __init__(self, settings: LLMSettings) -> None:
        self.url = endpoint(settings)
        self.local = is_loopback(self.url.host)
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: queue.LifoQueue[_Slot | None] = queue.LifoQueue()
        for _ in range(settings.concurrency):
            self._idle.put(None)
        self._slots: list[_Slot] = []
        weakref.finalize(self, _close_all, self._slots)  # nobody has to close a model
        self._tls: Any = None

    @property
    def host(self) -> str:
        """Host and port, for messages and traces."""
        return self.url.netloc.decode("ascii")

    def close(self) -> None:
        """Close the connections; calls under way fail, and a later call opens new ones."""
        _close_all(self._slots)

    def post(self, body: Mapping[str, Any], *, seconds: float) -> bytes:
        """The body of a JSON reply. Raises EndpointError or ModelError."""
        with self._answer(body, seconds=seconds, idle=seconds) as response:
            data = _bounded(response, MAX_REPLY)
            kind = response.headers.get("content-type", "")
            if "json" not in kind and not data.lstrip().startswith(b"{"):
                raise ModelError(
                    refusal.not_json(kind), source=self.host, hint="does llm.base_url end in /v1?"
                )
            return data

    @contextmanager
    def open(self, body: Mapping[str, Any], *, seconds: float) -> Iterator[tuple[bool, Iterator[bytes]]]:
        """A streamed reply: whether it is server-sent events (else one JSON body), and its chunks."""
        with self._answer(body, seconds=seconds, idle=self._settings.idle_timeout_s) as response:
            kind = response.headers.get("content-type", "")
            if "event-stream" not in kind and "json" not in kind:
                raise ModelError(
                    refusal.not_json(kind), source=self.host, hint="does llm.base_url end in /v1?"
                )
            yield "event-stream" in kind, _chunks(response, MAX_REPLY)

    @contextmanager
    def _answer(self, body: Mapping[str, Any], *, seconds: float, idle: float) -> Iterator[httpx.Response]:
        """A reply with status 200. The deadline covers the wait for a free connection, too."""
        end = time.monotonic() + seconds
        slot = self._take(seconds)
        switch = cancel.current()
        left = max(0.001, end - time.monotonic())
        timer = threading.Timer(left, slot.cut, ("deadline",))
        timer.daemon = True
        try:
            with slot.busy(), switch.calling(lambda: slot.cut("cancelled")) if switch else nullcontext():
                timer.start()
                with self._sent(slot, body, idle=min(idle, left)) as response:
                    self._check(response)
                    yield response
                    if slot.cut_by:
                        raise httpx.ReadError("cut")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise self._failed(error, slot.cut_by, seconds) from None
        finally:
            timer.cancel()
            self._idle.put(slot)

    def _take(self, seconds: float) -> _Slot:
        """A free connection, made at its first use. Raises ModelError where none is free in time."""
        end = time.monotonic() + seconds
        while True:
            try:
                slot = self._idle.get(timeout=max(0.0, min(0.1, end - time.monotonic())))
                return self._slot() if slot is None or slot.client.is_closed else slot
            except queue.Empty:
                if (switch := cancel.current()) is not None:
                    switch.check()
                if time.monotonic() >= end:
                    raise ModelError(
                        f"no free connection within {seconds:.3g} s",
                        source=self.host,
                        hint="raise llm.concurrency or llm.timeout_s",
                        retryable=True,
                    ) from None

    def _slot(self) -> _Slot:
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context() if self.url.scheme == "https" else False
            headers = {"user-agent": f"icelos/{__version__}", "accept-encoding": "identity"}
            if self._settings.api_key:
                headers["authorization"] = f"Bearer {self._settings.api_key}"
            client = httpx.Client(
                headers=headers,
                verify=self._tls,
                follow_redirects=False,
                trust_env=not self.local,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
            slot = _Slot(client)
            self._slots.append(slot)
            return slot

    @contextmanager
    def _sent(self, slot: _Slot, body: Mapping[str, Any], *, idle: float) -> Iterator[httpx.Response]:
        connect = min(self._settings.connect_timeout_s, idle)
        with slot.client.stream(
            "POST",
            self.url,
            content=msgspec.json.encode(body),
            headers={"content-type": "application/json"},
            timeout=httpx.Timeout(idle, connect=connect),
            extensions={"trace": slot.seen},
        ) as response:
            yield response

    def _check(self, response: httpx.Response) -> None:
        """Raises EndpointError for any status but 200."""
        if response.status_code == 200:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ModelError("the endpoint compressed its reply unasked", source=self.host)
            return
        if response.has_redirect_location:
            target = response.headers["location"].split("?")[0]
            text = f"a redirect to {target}, which is not followed"
        else:
            text = refusal.said(_beginning(response, MAX_ERROR))
        raise refusal.refused(response, self.scrubbed(text), text, self.host)

    def _failed(self, error: Exception, cut_by: str, seconds: float) -> ModelError:
        if cut_by == "cancelled":
            return ModelError("the model call was cancelled")
        if cut_by == "closed":
            return ModelError("the connection to the model was closed")
        if cut_by == "deadline" or isinstance(error, httpx.ReadTimeout):
            return ModelError(
                f"no whole reply within {seconds:.3g} s",
                source=self.host,
                hint="raise llm.timeout_s, or llm.idle_timeout_s for streams",
                retryable=True,
            )
        what, hint = refusal.explained(error)
        text = self.scrubbed(f"{what}: {error}")
        return ModelError(text, source=self.host, hint=hint, retryable=not refusal.is_permanent(error))

    def scrubbed(self, text: str) -> str:
        """One printable line of at most 300 characters, without the key or anything shaped like one."""
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return Vault(known=[self._settings.api_key]).hide(line)[:300]


def _close_all(slots: list[_Slot]) -> None:
    while slots:
        slot = slots.pop()
        slot.cut("closed")
        slot.client.close()


def _bounded(response: httpx.Response, limit: int) -> bytes:
    return b"".join(_chunks(response, limit))


def _chunks(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body as it comes. Raises ModelError past `limit` bytes."""
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > limit:
            raise ModelError(f"the endpoint's reply is larger than {limit // 2**20} MiB")
        yield chunk


def _beginning(response: httpx.Response, limit: int) -> bytes:
    """The first bytes of a body; the rest is left unread, and the connection with it."""
    data = bytearray()
    for chunk in response.iter_raw():
        data += chunk
        if len(data) >= limit:
            break
    return bytes(data[:limit])
