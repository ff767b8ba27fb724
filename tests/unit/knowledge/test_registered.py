from __future__ import annotations

from pathlib import Path

from icelos.knowledge.registered import KnownFile, Root
from icelos.knowledge.store import KnowledgeStore


def test_a_root_holds_what_is_below_it_and_not_what_begins_alike() -> None:
    root = Root("/srv/docs")
    assert root.holds("/srv/docs")
    assert root.holds("/srv/docs/a/b.md")
    assert not root.holds("/srv/docs-old/a.md")
    assert Root("/").holds("/etc/hosts")


def test_roots_and_files_are_remembered(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path / "k.sqlite") as store:
        root, file = Root("/a", "notes", ("x",), ("soc",)), KnownFile("/a/b.md", 3, 7, b"digest")
        store.register(root)
        store.keep_file(root, file)
        assert store.roots() == [root]
        assert store.files("/a") == {"/a/b.md": file}
        store.register(root)
        assert store.files("/a")["/a/b.md"] == file, "nothing has changed"
        store.register(Root("/a", "notes", ("x",), ("board",)))
        assert store.files("/a")["/a/b.md"].digest == b"", "its readers have: it is read again"
        store.forget_file("/a/b.md")
        store.unregister("/a")
        assert (store.roots(), store.files("/a")) == ([], {})
