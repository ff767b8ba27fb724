"""News feeds (RSS, Atom) that the settings name: fetched into the workspace, feeds/news/NAME/.

A feed that cannot be fetched or read leaves its last good copy in force. What a feed's entries become is in
`parse.syndication`; the knowledge store keeps them (`icelos.knowledge.news`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from icelos.data.feeds.files import Provenance
from icelos.data.feeds.state import State, alone, read_state, write_state
from icelos.data.parse.fields import Parsed
from icelos.data.parse.limits import read_bounded
from icelos.data.parse.syndication import MAX_FEED, Syndicated, entries, well_formed
from icelos.data.workspace import Workspace
from icelos.errors import InputError, SettingsError
from icelos.settings import NewsFeed, Settings

FILE = "feed.xml"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

Fetcher = Callable[..., tuple[Provenance, bool]]


class NewsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One news feed: its address, when it was last fetched, and how many entries its copy has."""

    name: str
    url: str
    collection: str
    groups: tuple[str, ...]
    fetched: str = ""
    checked: str = ""
    entries: int | None = None


def news_feeds(settings: Settings) -> Mapping[str, NewsFeed]:
    """The feeds of the settings by name. Raises SettingsError for a bad name or address."""
    found = {
        name: one if isinstance(one, NewsFeed) else NewsFeed(url=one)
        for name, one in settings.feeds.news.items()
    }
    for name, one in found.items():
        if not _NAME.fullmatch(name):
            raise SettingsError(f"not a name for a news feed: {name[:60]!r}", hint="such as cisa or vendor-x")
        _check_address(name, one)
    return found


def _check_address(name: str, feed: NewsFeed) -> None:
    where = f"feeds.news.{name}"
    try:
        parts = urlsplit(feed.url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"https", "http"}:
        raise SettingsError(
            "not an address of a feed", source=where, hint="such as https://example.org/feed.xml"
        )
    if parts.scheme == "http" and not feed.plaintext:
        hint = "plaintext = true beside its url allows it; anyone on the way can change it"
        raise SettingsError("its address is without encryption", source=where, hint=hint)
    if parts.username or parts.password:
        raise SettingsError("an address with a password in it is not kept here", source=where)


def news_feed(name: str, settings: Settings) -> NewsFeed:
    """One by its name. Raises SettingsError."""
    known = news_feeds(settings)
    if name not in known:
        listed = ", ".join(sorted(known)) or "there are none: [feeds.news] in icelos.toml"
        raise SettingsError(f"no news feed called {name!r}", hint=listed)
    return known[name]


def fetch_news(name: str, settings: Settings, *, fetcher: Fetcher | None = None, **extra: Any) -> bool:
    """Bring a feed's copy up to date; whether it changed. `extra` goes to the fetcher.

    Raises RunError where it cannot be had, InputError where what came is no feed; the copy from before stays.
    """
    feed, folder = news_feed(name, settings), Workspace.of(settings).folder("feeds", "news", name)
    with alone(name, folder):
        state = read_state(folder)
        known = state.files.get(FILE) if state else None
        fetched = fetcher or _fetch
        found, changed = fetched(feed, folder / FILE, known=known, check=_check(name), **extra)
        if changed or known is None or known != found:
            count = (
                sum(1 for _ in kept_entries(name, settings)) if changed or state is None else state.documents
            )
            write_state(folder, State(files={FILE: found}, documents=count))
    return changed


def _fetch(feed: NewsFeed, target: Path, **given: Any) -> tuple[Provenance, bool]:
    from icelos.data.feeds import fetch, outside

    client = outside.client(
        private=feed.private, plaintext=feed.plaintext, headers=fetch.headers(), timeout=fetch.TIMEOUT
    )  # fetch closes it
    return fetch.fetch(feed.url, target, limit=MAX_FEED, client=client, **given)


def _check(name: str) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        try:
            well_formed(read_bounded(path, MAX_FEED))
        except InputError as error:
            hint = "the copy from before stays in force"
            raise InputError(
                f"what was fetched is no feed: {error.message}", source=f"news:{name}", hint=hint
            ) from error

    return check


def kept_entries(name: str, settings: Settings) -> Iterator[Parsed]:
    """The entries of the copy in the workspace; none where there is none. Raises InputError."""
    feed = news_feed(name, settings)
    path = settings.home / "feeds" / "news" / name / FILE
    if path.is_file():
        yield from entries(read_bounded(path, MAX_FEED), Syndicated(name, feed.url, feed.groups))


def news_statuses(settings: Settings) -> list[NewsStatus]:
    """Every news feed of the settings. Raises SettingsError."""
    return [_status(name, feed, settings) for name, feed in sorted(news_feeds(settings).items())]


def _status(name: str, feed: NewsFeed, settings: Settings) -> NewsStatus:
    state = read_state(settings.home / "feeds" / "news" / name)
    file = state.files.get(FILE) if state else None
    return NewsStatus(
        name=name, url=feed.url, collection=feed.collection, groups=feed.groups,
        fetched=file.fetched if file else "", checked=file.checked if file else "",
        entries=state.documents if state else None,
    )  # fmt: skip
