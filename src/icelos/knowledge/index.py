"""Files and feeds into the store: what has changed since the last time, and nothing else.

A registered path (a file or folder) is read again by `update`; a file whose size and time have not
changed is passed over, then one whose content has not. What has gone from disk goes from the store. A
file that cannot be read keeps nothing in the store, and its Failures are listed by `icelos failures`.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from icelos.data.parse.documents import read_documents
from icelos.data.reading import files_below
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace
from icelos.errors import InputError, MissingExtra
from icelos.findings import Failure, failure
from icelos.knowledge.registered import KnownFile, Root
from icelos.knowledge.store import KnowledgeStore
from icelos.records import Document, record_id
from icelos.settings import Settings

JOB = "kb"
"""The job under which failures of indexing are listed."""

AHEAD, BATCH_SECONDS = 2_000, 1.0
"""Documents and seconds of parsing that go into one transaction: what a kill can cost. Of a larger file
this many documents are parsed before the writer is taken, and the rest inside: files are all or nothing."""

SETTLED_NS = 2_000_000_000
"""A file changed less than 2 s ago is compared by content the next time: its clock may be coarse."""

SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv"})

Progress = Callable[[int, int], None]


class Indexed(msgspec.Struct, kw_only=True):
    """What an indexing run did. `changed` and `removed` count documents, the others files."""

    files: int = 0
    unchanged: int = 0
    changed: int = 0
    removed: int = 0
    failures: int = 0
    seconds: float = 0.0


class _Parsed(NamedTuple):
    """A file that has been parsed, but for what a large one holds beyond `ahead` documents."""

    file: KnownFile
    ahead: int
    documents: Iterator[Document]
    failures: list[Failure]


class Indexer:
    """Indexes registered paths of one store. `sink` takes the failures."""

    def __init__(self, store: KnowledgeStore, sink: SqliteSink, *, max_bytes: int) -> None:
        self.store, self.sink, self.max_bytes = store, sink, max_bytes
        self._failing = sink.failing(JOB)
        self._settled: list[KnownFile] = []

    @classmethod
    def open(cls, store: KnowledgeStore, settings: Settings) -> Indexer:
        """With the workspace's findings store; close it by `close`."""
        sink = SqliteSink(Workspace.of(settings).findings)
        return cls(store, sink, max_bytes=settings.knowledge.max_file_mib * 1024 * 1024)

    def close(self) -> None:
        """Close the findings store; the knowledge store stays open."""
        self.sink.close()

    def add(
        self, paths: Iterable[Path], *, collection: str = "default", tags: Sequence[str] = (),
        groups: Sequence[str] = (), progress: Progress | None = None,
    ) -> Indexed:  # fmt: skip
        """Register files or folders and index them. Raises InputError where one is not there."""
        roots = []
        for path in paths:
            place = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
            if not place.exists():
                raise InputError("no such file or folder", source=str(path))
            roots.append(Root(str(place), collection, tuple(sorted(set(tags))), tuple(sorted(set(groups)))))
        for root in roots:
            self.store.register(root)
        return self.update(roots, progress=progress)

    def update(self, roots: Sequence[Root] | None = None, *, progress: Progress | None = None) -> Indexed:
        """Bring the registered paths (all of them unless told) up to date."""
        started, done = time.perf_counter(), Indexed()
        for root in self.store.roots() if roots is None else roots:
            found = {str(path): path for path in self._below(root, done)}
            self._remove(sorted(set(self.store.files(root.path)) - set(found)), done)
            self._index(root, list(found.values()), self.store.files(root.path), done, progress)
        done.seconds = time.perf_counter() - started
        return done

    def touch(self, paths: Iterable[Path]) -> Indexed:
        """Bring single files up to date, as a watcher names them; what is not below a root is passed over."""
        started, done = time.perf_counter(), Indexed()
        roots = self.store.roots()
        for path in sorted({str(path) for path in paths}):
            root = max((r for r in roots if r.holds(path)), key=lambda r: len(r.path), default=None)
            if root is None:
                continue
            found = list(self._below(msgspec.structs.replace(root, path=path), done))
            known = {name: file for name, file in self.store.files(root.path).items() if _below(name, path)}
            self._remove(sorted(set(known) - {str(f) for f in found}), done)
            self._index(root, found, known, done)
        done.seconds = time.perf_counter() - started
        return done

    def remove(self, path: Path) -> int:
        """Forget a registered path and what came from it; how many documents. Raises InputError."""
        place = str(Path(os.path.abspath(path)))  # noqa: PTH100 - resolve() would follow links
        if place not in {root.path for root in self.store.roots()}:
            raise InputError("not registered", source=str(path), hint="`icelos kb list` shows what is")
        done = Indexed()
        self._remove(sorted(self.store.files(place)), done)
        self.store.unregister(place)
        return done.removed

    # ---- one root

    def _below(self, root: Root, done: Indexed) -> Iterator[Path]:
        """Files of a root; a folder that cannot be read is a failure, and the rest goes on."""
        pending = [Path(root.path)]
        while pending:
            place = pending.pop()
            try:
                if not place.is_dir():
                    yield from files_below(place) if place.exists() else ()
                    continue
                entries = sorted(place.iterdir())
            except OSError as error:
                self._fail(str(place), [_failed(str(place), f"cannot read: {error.strerror}")], done, root)
                continue
            pending += [
                e for e in entries if e.is_dir() and not e.is_symlink() and e.name not in SKIPPED_FOLDERS
            ]
            yield from (
                e for e in entries if e.is_file() and not e.is_symlink() and not e.name.startswith(".")
            )

    def _index(
        self, root: Root, paths: Sequence[Path], known: Mapping[str, KnownFile], done: Indexed,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        """Parse what has changed and store it, many files in one transaction."""
        waiting: list[_Parsed] = []
        since = time.monotonic()
        for path in paths:
            file = self._prepared(root, path, known.get(str(path)), done)
            if file is not None:
                waiting.append(self._parsed(root, file))
            if sum(p.ahead for p in waiting) >= AHEAD or time.monotonic() - since > BATCH_SECONDS:
                self._store(root, waiting, done)
                waiting, since = [], time.monotonic()
                if progress is not None:
                    progress(done.files, len(paths))
        self._store(root, waiting, done)
        if progress is not None:
            progress(len(paths), len(paths))

    def _parsed(self, root: Root, file: KnownFile) -> _Parsed:
        failures: list[Failure] = []
        documents = self._documents(root, file.path, failures)
        ahead = list(islice(documents, AHEAD))
        return _Parsed(file, len(ahead), chain(ahead, documents), failures)

    def _store(self, root: Root, waiting: Sequence[_Parsed], done: Indexed) -> None:
        if not waiting and not self._settled:
            return
        with self.store.batch():
            while self._settled:
                self.store.settle(self._settled.pop())
            for one in waiting:
                changed, removed = self.store.replace(
                    one.documents, collection=root.collection, path=one.file.path
                )
                self.store.keep_file(root, one.file)
                done.changed += changed
                done.removed += removed
        for one in waiting:
            self._fail(one.file.path, one.failures, done, root)

    def _prepared(
        self, root: Root, path: Path, known: KnownFile | None, done: Indexed
    ) -> KnownFile | None:  # fmt: skip
        """What is to be indexed, or None where nothing has changed."""
        done.files += 1
        try:
            status = path.stat()
            mtime = status.st_mtime_ns if status.st_mtime_ns < time.time_ns() - SETTLED_NS else 0
            size = status.st_size
            if known is not None and known.mtime == mtime != 0 and known.size == size:
                done.unchanged += 1
                return None
            digest = _digest(path) if size <= self.max_bytes else b"too large"
        except OSError as error:
            self._fail(str(path), [_failed(str(path), f"cannot read: {error.strerror}")], done, root)
            return None
        file = KnownFile(str(path), size, mtime, digest)
        if known is not None and known.digest == digest and known.size == size:
            done.unchanged += 1
            if known.mtime != mtime:
                self._settled.append(file)
            return None
        return file

    def _documents(self, root: Root, path: str, failures: list[Failure]) -> Iterator[Document]:
        for item in read_documents(Path(path), name=path, max_bytes=self.max_bytes):
            if isinstance(item, Failure):
                failures.append(item)
            else:
                yield _labelled(item, root)

    def _remove(self, paths: Sequence[str], done: Indexed) -> None:
        if not paths:
            return
        with self.store.batch():
            for path in paths:
                done.removed += self.store.delete_path(path)
                self.store.forget_file(path)
        for path in paths:
            self._fail(path, [], done)

    def _fail(
        self, path: str, failures: Sequence[Failure], done: Indexed, root: Root | None = None
    ) -> None:  # fmt: skip
        """Keep the failures of a file in place of those it had; for those who may see what its root holds."""
        done.failures += len(failures)
        if failures or path in self._failing:
            groups = root.groups if root is not None else ()
            kept = [msgspec.structs.replace(f, job=JOB, needs_groups=groups) for f in failures]
            self.sink.replace_failures(JOB, path, kept)
        (self._failing.add if failures else self._failing.discard)(path)


NOBODY = "icelos:nobody"
"""The group of a document whose own groups and whose root's groups have no member in common."""


def _labelled(document: Document, root: Root) -> Document:
    """With the tags and groups of its root. A file cannot open what its root keeps closed."""
    tags = tuple(dict.fromkeys((*document.tags, *root.tags)))
    groups = document.groups or root.groups
    if document.groups and root.groups:
        groups = tuple(g for g in document.groups if g in root.groups) or (NOBODY,)
    return msgspec.structs.replace(document, tags=tags, groups=groups)


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).digest()


def _failed(path: str, error: str) -> Failure:
    return failure(record_id=record_id(path), job=JOB, error=error, source=path)


def _below(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")


# ---- feeds


FEEDS = "feed:"
"""Paths of feeds in the store: "feed:attack"."""


def ensure_bundled(settings: Settings, *, progress: Progress | None = None) -> int:
    """Index the ATT&CK data of the installed package, unless it or a fetched feed is there already.

    How many documents changed. `progress(done, total)` counts documents; an exception of it rolls all back.
    """
    from icelos.data.feeds.attack import bundled_documents, bundled_version

    mark = f"bundled {bundled_version()}".encode()
    with KnowledgeStore.open(settings) as store:
        known = store.files(FEEDS + "attack").get(FEEDS + "attack")
        if known is not None and (known.digest == mark or not known.digest.startswith(b"bundled ")):
            return 0
        try:
            documents = list(bundled_documents())
        except MissingExtra:
            return 0
        return _feed(store, "attack", _counted(documents, progress), mark)[0]


def index_feed(name: str, settings: Settings, *, progress: Progress | None = None) -> Indexed:
    """Index what a feed has fetched, in place of what it was before; all or nothing.

    Raises InputError where nothing has been fetched, or nothing of it can be read: the old data stays.
    """
    from icelos.data.feeds.feeds import fetched_documents

    started, done, failures = time.perf_counter(), Indexed(), []
    documents: list[Document] = []
    for item in fetched_documents(name, Workspace.of(settings)):
        if isinstance(item, Failure):
            failures.append(msgspec.structs.replace(item, job=JOB))
        else:
            documents.append(item)
    if not documents:
        reason = failures[0].error if failures else "nothing has been fetched"
        raise InputError(f"no documents: {reason}", source=FEEDS + name, hint=f"icelos feeds update {name}")
    mark = hashlib.blake2b(b"".join(d.id.encode() for d in documents), digest_size=16).digest()
    with KnowledgeStore.open(settings) as store, SqliteSink(Workspace.of(settings).findings) as sink:
        done.changed, done.removed = _feed(store, name, _counted(documents, progress), mark)
        sink.replace_failures(JOB, FEEDS + name, failures)
    done.failures, done.seconds = len(failures), time.perf_counter() - started
    return done


def _feed(store: KnowledgeStore, name: str, documents: Iterable[Document], mark: bytes) -> tuple[int, int]:
    path = FEEDS + name
    with store.batch():
        counts = store.replace(documents, collection=name, path=path)
        store.keep_file(Root(path, name), KnownFile(path, 0, 0, mark))
    return counts


def _counted(documents: Sequence[Document], progress: Progress | None) -> Iterator[Document]:
    for number, document in enumerate(documents):
        if progress is not None and number % 100 == 0:
            progress(number, len(documents))
        yield document
    if progress is not None:
        progress(len(documents), len(documents))
