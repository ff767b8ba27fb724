from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from icelos.contracts import Hit, Principal
from icelos.data.feeds import attack, feeds
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError
from icelos.knowledge import index
from icelos.knowledge.index import Indexer, ensure_bundled, index_feed
from icelos.knowledge.registered import Root
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, Section
from icelos.settings import KnowledgeSettings, Settings
from icelos.settings import Workspace as WorkspaceSettings

EVERYBODY = Principal("x")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        workspace=WorkspaceSettings(home=str(tmp_path / "home")),
        knowledge=KnowledgeSettings(encoder="off", max_file_mib=1),
    )


@pytest.fixture
def indexer(settings: Settings) -> Iterator[Indexer]:
    with KnowledgeStore.open(settings) as store:
        opened = Indexer.open(store, settings)
        yield opened
        opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runbooks"
    made.mkdir()
    (made / "spray.md").write_text("# Password spraying\n\nLock the sprayed accounts at once.\n")
    (made / "ransom.md").write_text("# Ransomware\n\nIsolate the encrypted hosts.\n")
    return made


def found(indexer: Indexer, query: str, principal: Principal = EVERYBODY) -> list[Hit]:
    return indexer.store.search(query, principal=principal)


def settle(path: Path) -> None:
    """Make a file look as if it had been written a minute ago."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 60_000_000_000))


def test_a_folder_is_indexed_and_only_read_again_where_it_changed(indexer: Indexer, folder: Path) -> None:
    for path in folder.iterdir():
        settle(path)
    done = indexer.add([folder], collection="runbooks", tags=["ir"])
    assert (done.files, done.changed, done.unchanged) == (2, 2, 0)
    (hit,) = found(indexer, "sprayed accounts")
    assert hit.collection == "runbooks"
    assert str(folder / "spray.md") in hit.source
    done = indexer.update()
    assert (done.files, done.changed, done.unchanged) == (2, 0, 2)
    (folder / "spray.md").write_text("# Password spraying\n\nReset the passphrases.\n")
    done = indexer.update()
    assert (done.changed, done.unchanged) == (1, 1)
    assert found(indexer, "passphrases")[0].version == 2
    assert found(indexer, "lock") == []


def test_a_change_in_the_same_moment_and_of_the_same_size_is_seen(indexer: Indexer, folder: Path) -> None:
    indexer.add([folder])
    before = (folder / "ransom.md").stat()
    (folder / "ransom.md").write_text("# Ransomware\n\nIsolate the protected host.\n")
    os.utime(folder / "ransom.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert indexer.update().changed == 1


def test_deleted_and_renamed_files(indexer: Indexer, folder: Path) -> None:
    indexer.add([folder])
    (folder / "spray.md").unlink()
    (folder / "ransom.md").rename(folder / "ransomware.md")
    done = indexer.update()
    assert (done.changed, done.removed) == (1, 2)
    assert found(indexer, "sprayed accounts") == []
    (hit,) = found(indexer, "encrypted hosts")
    assert hit.source.startswith(str(folder / "ransomware.md"))


def test_what_cannot_be_read_is_listed_and_goes_when_mended(
    indexer: Indexer, folder: Path, settings: Settings
) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 this is no PDF")
    (folder / "binary.md").write_bytes(bytes(range(256)) * 64)
    (folder / "huge.txt").write_text("word " * 300_000)
    done = indexer.add([folder])
    assert (done.changed, done.failures) == (2, 3)
    with SqliteSink(Workspace.of(settings).findings) as sink:
        failures = {Path(f.source.split(":")[0]).name: f for f in sink.failures(job="kb")}
        assert set(failures) == {"broken.pdf", "binary.md", "huge.txt"}
        assert "1 MiB" in failures["huge.txt"].error
        (folder / "binary.md").write_text("# Now it is text\n\nAbout mending.\n")
        (folder / "broken.pdf").unlink()
        done = indexer.update()
        assert done.failures == 0
        assert [Path(f.source.split(":")[0]).name for f in sink.failures(job="kb")] == ["huge.txt"]
    assert found(indexer, "mending")


def test_a_file_that_breaks_leaves_nothing_stale(indexer: Indexer, folder: Path) -> None:
    indexer.add([folder])
    (folder / "spray.md").write_bytes(b"\x00\x01\x02\xff" * 5000)
    done = indexer.update()
    assert (done.removed, done.failures) == (1, 1)
    assert found(indexer, "sprayed accounts") == []


def test_a_failure_is_for_those_who_may_read_the_file(indexer: Indexer, folder: Path) -> None:
    (folder / "plan.pdf").write_bytes(b"%PDF-1.7 and no more")
    assert indexer.add([folder], groups=["board"]).failures == 1
    board, other = Principal("b", frozenset({"board"})), Principal("o", frozenset({"soc"}))
    assert [one.source for one in indexer.sink.failures(principal=board)] == [str(folder / "plan.pdf")]
    assert indexer.sink.failures(principal=other) == []
    assert indexer.sink.count("failure", principal=other) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_a_failure_and_the_rest_is_indexed(indexer: Indexer, folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o000)
    try:
        done = indexer.add([folder])
    finally:
        closed.chmod(0o700)
    assert (done.changed, done.failures) == (2, 1)


def test_a_folder_that_fails_is_a_failure_and_the_rest_is_indexed(
    indexer: Indexer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir()
    listed = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    done = indexer.add([folder])
    assert (done.changed, done.failures) == (2, 1)


def test_groups_of_a_root_hold_and_follow_a_change(indexer: Indexer, folder: Path) -> None:
    soc = Principal("ann", frozenset({"soc"}))
    indexer.add([folder], groups=["soc"])
    assert found(indexer, "sprayed accounts") == []
    assert found(indexer, "sprayed accounts", soc)
    indexer.add([folder], groups=["board"])
    assert found(indexer, "sprayed accounts", soc) == []
    indexer.add([folder], groups=[])
    assert found(indexer, "sprayed accounts")


def test_removing_a_root_takes_its_documents(indexer: Indexer, folder: Path) -> None:
    indexer.add([folder])
    assert indexer.remove(folder) == 2
    assert indexer.store.roots() == []
    assert found(indexer, "sprayed accounts") == []
    with pytest.raises(InputError, match="not registered"):
        indexer.remove(folder)


def test_a_path_that_is_not_there_is_refused(indexer: Indexer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        indexer.add([tmp_path / "nowhere"])


def test_links_hidden_files_and_tool_folders_are_passed_over(
    indexer: Indexer, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n\nOutside of the root.\n")
    (folder / "link.md").symlink_to(secret)
    (folder / ".hidden.md").write_text("# Hidden\n\nHidden text.\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.md").write_text("# Git\n\nGit text.\n")
    assert indexer.add([folder]).files == 2


def test_single_files_are_touched_as_a_watcher_names_them(indexer: Indexer, folder: Path) -> None:
    indexer.add([folder])
    (folder / "new.md").write_text("# Phishing\n\nQuarantine the mail.\n")
    (folder / "spray.md").unlink()
    done = indexer.touch([folder / "new.md", folder / "spray.md", folder.parent / "elsewhere.md"])
    assert (done.files, done.changed, done.removed) == (1, 1, 1)
    assert found(indexer, "quarantine")
    assert found(indexer, "sprayed accounts") == []


def test_a_document_in_two_files_stays_while_one_of_them_does(indexer: Indexer, folder: Path) -> None:
    rule = "title: Spray\nid: 0e95725d-7320-415d-80f7-004da920fc11\nlogsource:\n  product: windows\n"
    rule += (
        "detection:\n  selection:\n    EventID: 4625\n  condition: selection\ndescription: Sprayed logons\n"
    )
    (folder / "a.yml").write_text(rule)
    (folder / "b.yml").write_text(rule)
    indexer.add([folder])
    name = "0e95725d-7320-415d-80f7-004da920fc11"
    assert len(indexer.store.lookup(name, principal=EVERYBODY)) == 1
    (folder / "b.yml").unlink()
    indexer.update()
    assert len(indexer.store.lookup(name, principal=EVERYBODY)) == 1, "a.yml still has it"


def test_bundled_knowledge_is_indexed_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [
        Document(id=f"T{n}", source="x", title=f"T{n}", sections=(Section("", "text"),)) for n in range(3)
    ]
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr(attack, "bundled_documents", lambda: iter(documents))
    assert ensure_bundled(settings, progress=lambda done, total: calls.append((done, total))) == 3
    assert calls[-1] == (3, 3)
    monkeypatch.setattr(attack, "bundled_documents", lambda: pytest.fail("must not be read again"))
    assert ensure_bundled(settings) == 0


def test_stopping_in_the_middle_of_the_bundled_knowledge_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Stopped

    with pytest.raises(Stopped):
        ensure_bundled(settings, progress=stop)
    with KnowledgeStore.open(settings) as store:
        assert store.stats()["documents"] == 0
        assert store.files("feed:attack") == {}


def test_a_feed_replaces_what_it_was(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*documents: Document) -> None:
        monkeypatch.setattr(feeds, "fetched_documents", lambda name, workspace: iter(documents))

    one, two = (
        Document(id=text, source="x", title=text, sections=()) for text in ("first release", "second edition")
    )
    fetched(one)
    assert index_feed("kev", settings).changed == 1
    fetched()
    with pytest.raises(InputError, match="nothing has been fetched"):
        index_feed("kev", settings)
    with KnowledgeStore.open(settings) as store:
        assert store.search("first release", principal=EVERYBODY), "a broken feed leaves the old data"
    fetched(two)
    done = index_feed("kev", settings)
    assert (done.changed, done.removed) == (1, 1)


def test_a_file_cannot_open_what_its_root_keeps_closed() -> None:
    document = Document(id="x", source="x", title="x", sections=(), groups=("soc", "all"))
    for groups, expected in (((), ("soc", "all")), (("soc",), ("soc",)), (("board",), (index.NOBODY,))):
        assert index._labelled(document, Root("/x", groups=groups)).groups == expected
