"""Entries of news feeds into the store: what a feed drops stays, what it changes is a new version."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec

from icelos.data.feeds.news import kept_entries, news_feed
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.findings import Failure
from icelos.knowledge.index import JOB, Indexed
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document
from icelos.settings import Settings

PREFIX = "news:"
"""Paths of news feeds in the store: "news:cisa"."""


def index_news(name: str, settings: Settings) -> Indexed:
    """Put the entries of a feed's copy into the store, all or none; entries that cannot be read are Failures.

    Raises InputError where the copy is no feed, StoreError.
    """
    started, feed, path = time.perf_counter(), news_feed(name, settings), PREFIX + name
    documents: list[Document] = []
    failures: list[Failure] = []
    oldest = _oldest(settings)
    for item in kept_entries(name, settings):
        if isinstance(item, Document) and item.modified is not None and item.modified < oldest:
            continue  # retention has let it go, and its feed still lists it
        if isinstance(item, Failure):
            failures.append(msgspec.structs.replace(item, job=JOB))
        else:
            documents.append(item)
    done = Indexed(files=1, failures=len(failures))
    with KnowledgeStore.open(settings) as store, SqliteSink(Workspace.of(settings).findings) as sink:
        with store.batch():
            done.changed = store.add(documents, collection=feed.collection, path=path)
            store.set_readers(feed.groups, path=path)  # of what has left the feed, too
        if failures or path in sink.failing(JOB):
            sink.replace_failures(JOB, path, failures)
    done.seconds = time.perf_counter() - started
    return done


def _oldest(settings: Settings) -> datetime:
    days = settings.retention.days.get("news")
    return datetime.now(UTC) - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)


def forget_news(name: str, settings: Settings) -> int:
    """Remove every entry that came from a feed; how many."""
    with KnowledgeStore.open(settings) as store:
        return store.delete_path(PREFIX + name)
