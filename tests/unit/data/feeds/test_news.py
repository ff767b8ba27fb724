"""News feeds from a real server into the workspace and the knowledge store."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from icelos.contracts import Principal
from icelos.data.feeds.news import fetch_news, kept_entries, news_feeds, news_statuses
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace as Place
from icelos.errors import InputError, RunError, SettingsError
from icelos.knowledge.news import index_news
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import FeedSettings, KnowledgeSettings, NewsFeed, RetentionSettings, Settings, Workspace

if TYPE_CHECKING:
    from tests.unit.data.feeds.conftest import Served

PATH = "/feed.xml"
ANN = Principal("ann", groups=frozenset({"soc"}))


def feed(*titles: str) -> bytes:
    items = "".join(
        f"<item><guid>https://n.example/{t.split()[0]}</guid><title>{t}</title></item>" for t in titles
    )
    return f'<rss version="2.0"><channel><title>N</title>{items}</channel></rss>'.encode()


@pytest.fixture
def settings(tmp_path: Path, server: Served) -> Settings:
    one = NewsFeed(url=f"{server.address}{PATH}", groups=("soc",), private=True, plaintext=True)
    return Settings(
        workspace=Workspace(home=str(tmp_path)), feeds=FeedSettings(news={"local": one}),
        knowledge=KnowledgeSettings(encoder="off"),
    )  # fmt: skip


def titles(settings: Settings) -> list[str]:
    with KnowledgeStore.open(settings) as store:
        ids = [item.id for item in kept_entries("local", settings) if hasattr(item, "title")]
        found = [store.document(one, principal=ANN) for one in ids]
        return [one.document.title for one in found if one is not None]


def no_sleep(seconds: float) -> None:
    """The test does not wait."""


def test_fetched_once_then_asked_whether_it_changed(settings: Settings, server: Served) -> None:
    server.files[PATH], server.etags[PATH] = feed("one"), '"1"'
    assert fetch_news("local", settings)
    assert not fetch_news("local", settings)
    assert server.asked[1][1]["if-none-match"] == '"1"'
    status = news_statuses(settings)[0]
    assert (status.name, status.entries, status.groups) == ("local", 1, ("soc",))
    assert status.fetched


def test_updates_are_versions_and_what_left_the_feed_stays(settings: Settings, server: Served) -> None:
    server.files[PATH] = feed("a first", "b stays")
    fetch_news("local", settings)
    assert index_news("local", settings).changed == 2
    gone = [item.id for item in kept_entries("local", settings)][1]
    server.files[PATH] = feed("a corrected")
    assert fetch_news("local", settings)
    assert index_news("local", settings).changed == 1
    assert index_news("local", settings).changed == 0
    with KnowledgeStore.open(settings) as store:
        assert store.document(gone, principal=ANN) is not None
        kept = store.document(next(iter(kept_entries("local", settings))).id, principal=ANN)
        assert kept is not None
        assert (kept.document.title, kept.version) == ("a corrected", 2)
        assert store.document(gone, principal=Principal("eve")) is None


def test_readers_that_the_settings_change_are_changed_for_old_entries_too(
    settings: Settings, server: Served
) -> None:
    server.files[PATH] = feed("a first", "b gone")
    fetch_news("local", settings)
    index_news("local", settings)
    gone = next(item.id for item in kept_entries("local", settings) if getattr(item, "title", "") == "b gone")
    server.files[PATH] = feed("a first")
    one = settings.feeds.news["local"]
    assert isinstance(one, NewsFeed)
    closed = msgspec.structs.replace(one, groups=("board",))
    later = msgspec.structs.replace(settings, feeds=FeedSettings(news={"local": closed}))
    fetch_news("local", later)
    index_news("local", later)
    with KnowledgeStore.open(settings) as store:
        assert store.document(gone, principal=ANN) is None
        assert store.document(gone, principal=Principal("cleo", groups=frozenset({"board"}))) is not None


def test_an_entry_that_cannot_be_read_is_a_failure_until_it_can(settings: Settings, server: Served) -> None:
    server.files[PATH] = feed("a good").replace(b"</channel>", b"<item></item></channel>")
    fetch_news("local", settings)
    assert index_news("local", settings).failures == 1
    with SqliteSink(Place.of(settings).findings) as sink:
        assert [one.source for one in sink.failures(job="kb")] == ["news:local:entry 2"]
    server.files[PATH] = feed("a good")
    fetch_news("local", settings)
    index_news("local", settings)
    with SqliteSink(Place.of(settings).findings) as sink:
        assert sink.failures(job="kb") == []


@pytest.mark.parametrize("what", ["html", "truncated", "bomb", "empty"])
def test_what_is_no_feed_leaves_the_last_copy_in_force(settings: Settings, server: Served, what: str) -> None:
    server.files[PATH] = feed("a good")
    fetch_news("local", settings)
    bad = {
        "truncated": feed("a good", "b")[:-30],
        "bomb": gzip.compress(b"<rss>" + b" " * (64 << 20)),
        "empty": b"<rss/>",
    }
    if what == "html":
        server.script[PATH] = ["html"]
    else:
        server.files[PATH] = bad[what]
    if what == "empty":  # a feed without entries is one
        assert fetch_news("local", settings)
        return
    with pytest.raises(InputError, match="no feed"):
        fetch_news("local", settings)
    assert [item.title for item in kept_entries("local", settings) if hasattr(item, "title")] == ["a good"]


def test_a_server_in_trouble_is_asked_again(settings: Settings, server: Served) -> None:
    server.files[PATH] = feed("a good")
    server.script[PATH] = ["500", "500"]
    assert fetch_news("local", settings, sleep=no_sleep)
    server.script[PATH] = ["500"] * 9
    with pytest.raises(RunError, match="500"):
        fetch_news("local", settings, sleep=no_sleep)
    assert len(list(kept_entries("local", settings))) == 1


def test_a_feed_larger_than_the_limit(settings: Settings, server: Served) -> None:
    server.files[PATH] = b"<rss>" + b" " * (17 << 20) + b"</rss>"
    with pytest.raises(InputError, match="larger than 16 MiB"):
        fetch_news("local", settings, sleep=no_sleep)


def test_without_leave_the_own_network_is_not_asked(tmp_path: Path, server: Served) -> None:
    server.files[PATH] = feed("a")
    one = NewsFeed(url=f"{server.address}{PATH}", plaintext=True)
    settings = Settings(workspace=Workspace(home=str(tmp_path)), feeds=FeedSettings(news={"local": one}))
    with pytest.raises(RunError, match="no public address"):
        fetch_news("local", settings)
    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("x", "http://example.org/f", "without encryption"), ("x", "file:///etc/passwd", "not an address"),
        ("x", "https://", "not an address"), ("x", "https://u:p@example.org/f", "password"),
        ("../x", "https://example.org/f", "not a name"), ("x", "https://[", "not an address"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(name: str, url: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        news_feeds(Settings(feeds=FeedSettings(news={name: url})))


def test_what_retention_lets_go_does_not_come_back(settings: Settings, server: Served) -> None:
    from icelos.data.retention import apply

    day = b"<pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate>"
    old = b"<item><guid>https://n.example/old</guid><title>old</title>" + day + b"</item>"
    server.files[PATH] = feed("a new").replace(b"</channel>", old + b"</channel>")
    fetch_news("local", settings)
    assert index_news("local", settings).changed == 2
    limited = msgspec.structs.replace(settings, retention=RetentionSettings(days={"news": 30}))
    with KnowledgeStore.open(limited) as store:
        store.delete(
            [item.id for item in kept_entries("local", limited) if getattr(item, "title", "") == "old"]
        )
    assert index_news("local", limited).changed == 0
    assert [one.gone for one in apply(limited)] == [0]
