"""What is here of each feed, how old it is and under which licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.advisory_filling import SourceState
from icelos.data.advisory_store import workspace_store
from icelos.data.feeds.catalogue import FEEDS, Feed
from icelos.data.feeds.state import fetched_files, read_state
from icelos.data.parse.fields import Parsed, moment
from icelos.data.workspace import Workspace
from icelos.errors import IcelosError


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `icelos feeds status`: `source` is fetched, bundled or absent, `age_days` counts from its
    fetch. `advisories` and `facts` (what is known of single CVEs) are those in the database."""

    name: str
    title: str
    source: str
    licence: str
    documents: int | None = None
    advisories: int | None = None
    facts: int | None = None
    unreadable: int | None = None
    fetched: str = ""
    age_days: int | None = None
    files: tuple[str, ...] = ()
    detail: str = ""


def statuses(workspace: Workspace) -> list[FeedStatus]:
    """Every feed with what is here of it."""
    sources: list[SourceState] = []
    if (workspace.home / workspace.advisories.name).is_file():
        with workspace_store(workspace) as store:
            sources = store.sources()
    return [_status(feed, workspace, [s for s in sources if _is_of(s, feed)]) for feed in FEEDS.values()]


def _is_of(source: SourceState, feed: Feed) -> bool:
    return source.name.startswith(f"{feed.name}/")


def _status(feed: Feed, workspace: Workspace, sources: list[SourceState]) -> FeedStatus:
    folder = workspace.home / "feeds" / feed.name
    state = read_state(folder)
    paths = fetched_files(feed.name, workspace)
    if paths:
        known = state.files if state else {}
        names = [path.relative_to(folder).as_posix() for path in paths]
        oldest = min((known[name].fetched for name in names if name in known), default="")
        return FeedStatus(
            name=feed.name, title=feed.title, source="fetched", licence=feed.licence,
            documents=state.documents if state and feed.documents else None, fetched=oldest,
            age_days=_age(oldest), files=tuple(names), detail=_detail(feed, paths, sources),
            advisories=sum(s.advisories for s in sources) if feed.items else None,
            facts=sum(s.facts for s in sources) if feed.items else None,
            unreadable=sum(s.failures for s in sources) if feed.items else None,
        )  # fmt: skip
    if feed.bundled is not None:
        return _bundled_status(feed, feed.bundled)
    return FeedStatus(
        name=feed.name, title=feed.title, source="absent", licence=feed.licence,
        detail=f"icelos feeds update {feed.name}",
    )  # fmt: skip


def _detail(feed: Feed, paths: list[Path], sources: list[SourceState]) -> str:
    missing = len(paths) - len(sources) if feed.items else 0
    if missing <= 0:
        return ""
    return f"{missing} files are not in the database: icelos feeds update {feed.name}"


def _bundled_status(feed: Feed, bundled: Callable[[], Iterator[Parsed]]) -> FeedStatus:
    try:
        count = sum(1 for _ in bundled())
    except IcelosError as error:
        return FeedStatus(
            name=feed.name, title=feed.title, source="absent", licence=feed.licence, detail=str(error)
        )
    return FeedStatus(
        name=feed.name, title=feed.title, source="bundled", licence=feed.licence, documents=count,
        detail=f"{feed.bundled_as()}; its texts are cut, `icelos feeds update {feed.name}` has them whole",
    )  # fmt: skip


def _age(fetched: str) -> int | None:
    then = moment(fetched)
    return (datetime.now(UTC) - then).days if then else None
