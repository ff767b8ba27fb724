"""Feeds brought up to date, from their publishers or a mirror; what is in the workspace, and their documents.

A feed is a folder of the workspace, feeds/NAME/, with its files and metadata.json. A mirror has the same
layout, so that the feeds folder of one machine can be carried to another:
icelos feeds update attack kev --mirror /media/feeds
A file that its mirror's metadata.json names must have the checksum that stands there. On a mirror, the folder
of a vulnerability feed may hold its records in any files (*.json, *.jsonl, *.csv, *.zip, packed by gzip or
zstd); what it no longer holds goes out of force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from icelos.data.advisory_store import workspace_store
from icelos.data.feeds.catalogue import FEEDS, feed_named
from icelos.data.feeds.state import (
    LOCK,
    STATE,
    State,
    alone,
    fetched_files,
    read_state,
)
from icelos.data.feeds.status import FeedStatus, statuses
from icelos.data.feeds.updating import Fetcher, Update, Updated
from icelos.data.parse.fields import Parsed
from icelos.data.workspace import Workspace
from icelos.settings import FeedSettings

__all__ = [
    "FEEDS",
    "LOCK",
    "STATE",
    "FeedStatus",
    "State",
    "Updated",
    "feed_documents",
    "feed_named",
    "fetched_documents",
    "read_state",
    "statuses",
    "update",
]  # fmt: skip


def feed_documents(name: str, workspace: Workspace) -> Iterator[Parsed]:
    """The fetched copy's documents where there is one, else the bundled ones, else none."""
    feed = feed_named(name)
    if fetched_files(name, workspace):
        yield from fetched_documents(name, workspace)
    elif feed.bundled is not None:
        yield from feed.bundled()


def fetched_documents(name: str, workspace: Workspace) -> Iterator[Parsed]:
    """The documents of what has been fetched, none where nothing has, or the feed has none."""
    feed = feed_named(name)
    if feed.documents is not None:
        yield from feed.documents(fetched_files(name, workspace))


def update(
    name: str,
    workspace: Workspace,
    *,
    mirror: str = "",
    parts: Sequence[str] = (),
    fetcher: Fetcher | None = None,
    settings: FeedSettings | None = None,
) -> Updated:
    """Bring a feed's files up to date, and the database where it fills that.

    `parts` chooses files: the beginning of their names ("ics"), an ecosystem of osv, a release of alpine, a
    year of nvd. Raises IcelosError; files that were brought up to date before the error stay so, the others
    as they were.
    """
    feed = feed_named(name)
    feed.files(
        parts if not mirror else (), settings or FeedSettings(), ()
    )  # what is asked for must make sense
    folder = workspace.folder("feeds", name)
    database: Any = workspace_store(workspace) if feed.items else nullcontext(None)
    with alone(name, folder), database as store:
        run = Update(feed, folder, mirror, fetcher or _fetcher(), settings or FeedSettings(), store)
        try:
            run.bring(parts)
        finally:  # what came before an error is in force, and counts
            run.count()
        return run.done()


def _fetcher() -> Fetcher:
    """The network's door is opened when it is needed: to import it takes a tenth of a second."""
    from icelos.data.feeds.fetch import fetch

    return fetch
