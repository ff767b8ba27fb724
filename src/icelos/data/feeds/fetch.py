"""One file from a public address (or a folder) into the workspace: whole, checked, or not at all.

The old file stays in force until the new one is complete and has passed its check. Conditional
requests (ETag, Last-Modified) spare a download that would change nothing; a broken one is resumed by
Range where the server's ETag says that it is still the same file (RFC 9110, sections 13 and 14).
"""

from __future__ import annotations

import email.utils
import os
import random
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import msgspec

from icelos import __version__
from icelos.data.feeds.files import (
    LIMIT,
    Absent,
    Check,
    Provenance,
    any_content,
    now,
    partial_of,
    publish,
    sha256_of,
    too_large,
)
from icelos.errors import RunError, StoreError

ATTEMPTS = 5
CONNECTS = 2
"""Attempts where nobody answers: a machine without a network should not wait."""
PATIENCE = 120.0
"""Longest wait between two attempts, in seconds, whatever a server asks for."""
TIMEOUT = httpx.Timeout(30.0, read=60.0)
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_HINT = "try again later, or from a folder by --mirror"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")


class _Retry(Exception):
    """An attempt failed in a way that another may not; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def fetch(
    url: str,
    target: Path,
    *,
    known: Provenance | None = None,
    check: Check = any_content,
    limit: int = LIMIT,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Provenance, bool]:
    """Bring `target` up to date with `url`; its provenance, and whether it changed.

    `known` is what an earlier call returned for this target. Raises RunError where the file cannot be
    had, InputError where it is too large or `check` refuses it, StoreError where it cannot be written; the
    old file then stays as it was.
    """
    held = known if known and known.url == url and known.sha256 == sha256_of(target) else None
    try:
        with client or _client() as session:
            download = _Download(url, target, held, limit, session)
            provenance = _tried(download, sleep)
        if provenance is None and held is not None:
            return msgspec.structs.replace(held, checked=now()), False
        if provenance is None:
            raise RunError("the server answers 304 to a question that was not asked", source=url)
        publish(download.partial, target, check)
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror or error}", source=str(target)) from error
    return provenance, known is None or known.sha256 != provenance.sha256


def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT, follow_redirects=True, headers=headers(), verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of authorities, read once: a feed may be many files."""
    return httpx.create_ssl_context()


def _tried(download: _Download, sleep: Callable[[float], None]) -> Provenance | None:
    """Attempts until one succeeds. Raises RunError where none did, or none would."""
    for attempt in range(ATTEMPTS):
        try:
            return download.attempt()
        except (_Retry, httpx.HTTPError, httpx.InvalidURL) as error:
            if attempt + 1 >= _attempts(error):
                reason = " ".join(str(error).split()) or type(error).__name__
                download.give_up()
                raise RunError(f"cannot fetch: {reason}", source=download.url, hint=_HINT) from error
            sleep(_pause(attempt, getattr(error, "wait", None)))
    raise AssertionError("the last attempt succeeds or raises")


def _attempts(error: Exception) -> int:
    """How many attempts an error is worth: one where the address itself, or where it leads, is wrong."""
    if isinstance(error, httpx.ConnectError):
        return CONNECTS
    passing = isinstance(error, _Retry | httpx.TransportError)
    return ATTEMPTS if passing and not isinstance(error, httpx.UnsupportedProtocol) else 1


class _Download:
    """The attempts at one file. What has come so far lies beside the target, with the address and the ETag
    that it belongs to."""

    def __init__(
        self, url: str, target: Path, held: Provenance | None, limit: int, session: httpx.Client
    ) -> None:
        self.url, self.held, self.limit, self._session = url, held, limit, session
        self.partial = partial_of(target)
        self._stamp = self.partial.with_name(f"{self.partial.name}.etag")
        target.parent.mkdir(parents=True, exist_ok=True)

    def attempt(self) -> Provenance | None:
        """The provenance of a complete download, None where the server says that nothing has changed."""
        start, headers = self._resumable()
        with self._session.stream("GET", self.url, headers=headers) as response:
            self._refuse(response)
            if response.status_code == 304:
                self._drop()
                return None
            if response.status_code == 206 and not self._continues(response, start):
                raise self._afresh("the server answered with another range")
            self._receive(response, start if response.status_code == 206 else 0)
            return self._provenance(response)

    def give_up(self) -> None:
        """Keep what has come where a later run can go on with it."""
        if not self._etag():
            self._drop()

    def _etag(self) -> str:
        """The ETag of what is here, "" where that is of another address."""
        url, _, etag = (
            self._stamp.read_text("utf-8").partition("\n") if self._stamp.is_file() else ("", "", "")
        )
        return etag if url == self.url else ""

    def _continues(self, response: httpx.Response, start: int) -> bool:
        """Whether a 206 goes on where what is here ends, in the same file, to that file's end."""
        etag = response.headers.get("etag", "")
        if start and etag and etag != self._etag():
            return False
        given = _RANGE.match(response.headers.get("content-range", ""))
        length = response.headers.get("content-length", "")
        if given is None or int(given[1]) != start:
            return False
        return not (given[2].isdecimal() and length.isdecimal()) or start + int(length) == int(given[2])

    def _resumable(self) -> tuple[int, dict[str, str]]:
        """How much is here already, and the headers that ask for the rest, or for news only."""
        etag = self._etag()
        size = self.partial.stat().st_size if etag and self.partial.is_file() else 0
        if size:
            return size, {"Range": f"bytes={size}-", "If-Range": etag}
        headers = {}
        if self.held and self.held.etag:
            headers["If-None-Match"] = self.held.etag
        if self.held and self.held.last_modified:
            headers["If-Modified-Since"] = self.held.last_modified
        return 0, headers

    def _refuse(self, response: httpx.Response) -> None:
        if self.url.startswith("https://") and response.url.scheme != "https":
            raise RunError("the server redirects to an address without encryption", source=self.url)
        if response.status_code == 416:
            raise self._afresh("what was here is longer than the file")
        if response.status_code in _AGAIN:
            raise _Retry(f"the server answers {response.status_code}", _retry_after(response))
        if response.status_code in {403, 404, 410}:  # object stores say 403 of what is not there
            raise Absent(f"the server answers {response.status_code}", source=self.url)
        if response.status_code not in {200, 206, 304}:
            raise RunError(f"the server answers {response.status_code}", source=self.url)

    def _afresh(self, reason: str) -> _Retry:
        self._drop()
        return _Retry(reason)

    def _drop(self) -> None:
        self.partial.unlink(missing_ok=True)
        self._stamp.unlink(missing_ok=True)

    def _receive(self, response: httpx.Response, start: int) -> None:
        etag = response.headers.get("etag", "")
        if start == 0:
            self._drop()
            if etag and not etag.startswith("W/"):
                self._stamp.write_text(f"{self.url}\n{etag}", "utf-8")
        size = start
        with self.partial.open("ab" if start else "wb") as out:
            for piece in _pieces(response):
                size += len(piece)
                if size > self.limit:
                    self._drop()
                    raise too_large(self.url, self.limit)
                out.write(piece)
            os.fsync(out.fileno())
        if size == 0:
            raise self._afresh("the server sent an empty file")

    def _provenance(self, response: httpx.Response) -> Provenance:
        digest = sha256_of(self.partial)
        given = _DIGEST.search(
            response.headers.get("repr-digest", "")
        )  # RFC 9530: of the file, not the piece
        if given and given[1] != b64encode(bytes.fromhex(digest)).decode():
            raise self._afresh("what came has not the checksum that the server gives")
        self._stamp.unlink(missing_ok=True)
        return Provenance(
            url=self.url, sha256=digest, size=self.partial.stat().st_size, fetched=now(), checked=now(),
            etag=response.headers.get("etag", ""), last_modified=response.headers.get("last-modified", ""),
        )  # fmt: skip


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """The bytes as sent: asked for without compression, so that ranges and lengths count the file's own."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise RunError(
            f"the server compresses ({encoding}) what was asked for as it is", source=str(response.url)
        )
    return response.iter_raw()  # as they come: what a break cuts off must already be on disk


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, or an HTTP date (RFC 9110, section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    with suppress(ValueError, OverflowError, TypeError):
        then = email.utils.parsedate_to_datetime(value)
        return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def _pause(attempt: int, asked: float | None) -> float:
    """What the server asked for, else 1, 2, 4 ... seconds with jitter; never more than `PATIENCE`."""
    wait = asked if asked is not None else 2.0**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    return min(wait, PATIENCE)


def headers() -> dict[str, str]:
    """What every request says: who asks, and that files are wanted as they are."""
    return {"User-Agent": f"icelos/{__version__}", "Accept-Encoding": "identity"}
