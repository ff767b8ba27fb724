"""What is NVD's own: the checksums of its yearly files, and its API 2.0 for what has changed since.

https://nvd.nist.gov/vuln/data-feeds and https://nvd.nist.gov/developers/vulnerabilities. The API allows 5
requests in 30 seconds, 50 with a key; the key travels in a header, and to no other address.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from icelos.data.feeds.files import Absent, Check, Provenance, now, partial_of, publish, sha256_of
from icelos.data.parse.limits import read_bounded
from icelos.data.reading import open_input, stream_errors
from icelos.errors import InputError, RunError

if TYPE_CHECKING:
    import httpx

API = "https://services.nvd.nist.gov/rest/json/cves/2.0"
PAGE = 2000
PERIOD = 30.0
REQUESTS, REQUESTS_WITH_KEY = 5, 50
MAX_PAGES = 500
REFUSED = 3
"""How often a page is asked for that the server refuses by 403, its way to say "too many requests"."""
_PAGE_LIMIT = 64 * 1024 * 1024
_META_LIMIT = 4096
_PIECE = 1 << 20
Fetcher = Callable[..., tuple[Provenance, bool]]


def verify(url: str, path: Path, fetcher: Fetcher) -> None:
    """Raises InputError where a yearly file has not the checksum of the .meta beside it, which is that of
    its content without gzip."""
    meta = path.with_name(".meta")
    try:
        fetcher(f"{url.removesuffix('.json.gz')}.meta", meta, limit=_META_LIMIT)
        lines = dict(line.partition(":")[::2] for line in meta.read_text("ascii", "replace").split())
    finally:
        meta.unlink(missing_ok=True)
    if lines.get("sha256", "").lower() != _content_sha256(path):
        raise InputError(
            "what was fetched has not the checksum of its .meta", source=url,
            hint="NVD may just have renewed it; try again. The old files stay in force",
        )  # fmt: skip


def _content_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open_input(path) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    except stream_errors() as error:
        raise InputError(f"broken stream: {error}", source=path.name) from error
    return digest.hexdigest()


class RateLimit:
    """At most so many requests in `PERIOD` seconds: `wait()` returns when one more may be made."""

    def __init__(
        self, requests: int, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._made: deque[float] = deque(maxlen=requests)
        self._clock, self._sleep = clock, sleep

    def wait(self) -> None:
        """Until the oldest of the last requests is `PERIOD` ago."""
        if len(self._made) == self._made.maxlen:
            rest = self._made[0] + PERIOD - self._clock()
            if rest > 0:
                self._sleep(rest)
        self._made.append(self._clock())


class _Page(msgspec.Struct):
    totalResults: int  # noqa: N815 - NVD's name
    vulnerabilities: list[msgspec.Raw] = []


def modified(
    since: datetime,
    target: Path,
    *,
    check: Check,
    fetcher: Fetcher,
    key: str = "",
    limit: RateLimit | None = None,
) -> Provenance | None:
    """All records that NVD has changed since then, one a line; None where there are none.

    Raises RunError where the API does not answer, InputError where it answers with something else.
    """
    limit = limit or RateLimit(REQUESTS_WITH_KEY if key else REQUESTS)
    partial, count = partial_of(target), 0
    with partial.open("wb") as out:
        for record in _records(since, target.with_name(".page.json"), fetcher, key, limit):
            out.write(bytes(record).replace(b"\n", b" ") + b"\n")
            count += 1
        os.fsync(out.fileno())
    if not count:
        partial.unlink()
        return None
    digest, size = sha256_of(partial), partial.stat().st_size
    publish(partial, target, check)
    return Provenance(url=API, sha256=digest, size=size, fetched=now(), checked=now())


def _records(
    since: datetime, page: Path, fetcher: Fetcher, key: str, limit: RateLimit
) -> Iterator[msgspec.Raw]:
    until, start = datetime.now(UTC), 0
    for _ in range(MAX_PAGES):
        times = {"lastModStartDate": _time(since), "lastModEndDate": _time(until)}
        query = urlencode({**times, "startIndex": start, "resultsPerPage": PAGE})
        found = _asked(f"{API}?{query}", page, fetcher, key, limit)
        yield from found.vulnerabilities
        start += len(found.vulnerabilities)
        if start >= found.totalResults or not found.vulnerabilities:
            return
    raise RunError(f"more than {MAX_PAGES} pages of changes", source=API)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _asked(url: str, page: Path, fetcher: Fetcher, key: str, limit: RateLimit) -> _Page:
    for attempt in range(1, REFUSED + 1):
        limit.wait()
        try:
            fetcher(url, page, limit=_PAGE_LIMIT, client=_client(key))
            return msgspec.json.decode(read_bounded(page, _PAGE_LIMIT), type=_Page)
        except Absent:
            if attempt == REFUSED:
                raise
        except msgspec.MsgspecError as error:
            raise InputError(f"not a page of NVD's API: {error}", source=API) from error
        finally:
            page.unlink(missing_ok=True)
    raise AssertionError("the last attempt returns or raises")


def _client(key: str) -> httpx.Client:
    """Without redirects: the key must reach no other server."""
    import httpx

    headers: dict[str, Any] = {"Accept-Encoding": "identity"} | ({"apiKey": key} if key else {})
    return httpx.Client(timeout=httpx.Timeout(30.0, read=120.0), headers=headers)
