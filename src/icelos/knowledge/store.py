"""The knowledge store: documents in, passages out, for one principal at a time.

    with KnowledgeStore(Path("knowledge.sqlite")) as store:
        store.add(documents)
        hits = store.search("password spraying", principal=Principal("ann"))

One SQLite file. Many readers, one writer; every write is one transaction. Text is searchable when `add`
returns; vectors are made afterwards by `embed_pending`, and until then search is by words.
"""

from __future__ import annotations

import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from icelos.contracts import Hit, Principal, Where
from icelos.data.workspace import Workspace
from icelos.errors import StoreError
from icelos.knowledge import reading, recent, registered, vectors, writing
from icelos.knowledge.access import Filter, matching, readable
from icelos.knowledge.lifts import Lifts
from icelos.knowledge.reading import Related, SourceInfo, StoredDocument
from icelos.knowledge.recent import Changed, Recent
from icelos.knowledge.registered import KnownFile, Root
from icelos.knowledge.schema import connect, prepare, transaction
from icelos.knowledge.search import Searcher, Tuning
from icelos.llm.encoder import Encoder
from icelos.records import Document
from icelos.settings import Settings

Progress = Callable[[int, int], None]


class KnowledgeStore:
    """Implements `contracts.Store`. Safe to share between threads; close it or use it as a context."""

    def __init__(
        self, path: Path, *, encoder: Encoder | None = None, lexical_weight: float | None = None,
        read_only: bool = False, tuning: Tuning = Tuning(),  # noqa: B008 - frozen
    ) -> None:  # fmt: skip
        self.path = path
        self.encoder = encoder
        if lexical_weight is not None:
            tuning = msgspec.structs.replace(tuning, lexical_weight=lexical_weight)
        self._read_only = read_only
        self._searcher = Searcher(encoder, tuning)
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._lock = threading.RLock()
        self._closed = False
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = connect(path, read_only=read_only)
        prepare(self._writer, path)

    @classmethod
    def open(cls, settings: Settings, *, read_only: bool = False) -> KnowledgeStore:
        """The store of the workspace, with the sentence encoder where it is installed and not off."""
        wanted = settings.knowledge.encoder != "off" and Encoder.available()
        return cls(
            Workspace.of(settings).knowledge,
            encoder=Encoder() if wanted else None,
            lexical_weight=settings.knowledge.lexical_weight,
            read_only=read_only,
        )

    # ---- writing

    def add(self, documents: Iterable[Document], *, collection: str = "default", path: str = "") -> int:
        """Add documents or new versions of them, all or none; how many were new or changed.

        A document whose content has not changed is passed over. `path` is the file or feed that they
        came from. Raises StoreError (disk full, locked, broken file).
        """
        with self._writing() as database:
            return writing.add(database, documents, collection=collection, path=path)

    def replace(
        self, documents: Iterable[Document], *, collection: str = "default", path: str
    ) -> tuple[int, int]:
        """Make `documents` all that stands under `path`, in one step; how many changed, how many went."""
        with self._writing() as database:
            return writing.replace(database, documents, collection=collection, path=path)

    def delete(self, ids: Iterable[str]) -> int:
        """Remove documents with all their versions; how many there were."""
        with self._writing() as database:
            return writing.delete(database, ids)

    def delete_path(self, path: str) -> int:
        """Remove what came from one file or feed; how many documents."""
        with self._writing() as database:
            return writing.delete_path(database, path)

    def set_groups(
        self, groups: Iterable[str], *, document_id: str | None = None, collection: str | None = None
    ) -> None:
        """Who may read a document, or a collection; no group: everyone. In force from the next query on.

        What is set here for a document stays when its file is indexed again. Raises StoreError where
        there is no such document.
        """
        with self._writing() as database:
            writing.set_groups(database, groups, document_id=document_id, collection=collection)

    def set_readers(self, groups: Iterable[str], *, path: str) -> int:
        """Who may read what came from one file or feed, but what `set_groups` has set; how many changed."""
        with self._writing() as database:
            return writing.set_readers(database, groups, path=path)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Several writes as one transaction: all or none."""
        with self._writing():
            yield

    def register(self, root: Root) -> None:
        """Remember a file or folder that `icelos kb update` reads again."""
        with self._writing() as database:
            registered.register(database, root)

    def unregister(self, path: str) -> None:
        """Forget a registered path; its documents stay until they are deleted."""
        with self._writing() as database:
            registered.unregister(database, path)

    def keep_file(self, root: Root, file: KnownFile) -> None:
        """Remember a file as read."""
        with self._writing() as database:
            registered.keep(database, root.path, file)

    def settle(self, file: KnownFile) -> None:
        """Remember the new time of a file whose content is the same."""
        with self._writing() as database:
            registered.settle(database, file)

    def forget_file(self, path: str) -> None:
        """Forget that a file has been read."""
        with self._writing() as database:
            registered.forget(database, path)

    def embed_pending(
        self, *, limit: int | None = None, batch: int = 64, progress: Progress | None = None,
        encoder: Encoder | None = None, seconds: float = math.inf,
    ) -> int:  # fmt: skip
        """Make the vectors that are missing, those of the newest passages first; how many were made.

        It ends when `limit` are made, or with the first batch after `seconds`. Each batch is kept, so that
        it can be resumed.

        Changing the encoder drops the vectors of the old one first. Without an encoder it does nothing.
        `encoder` is the store's own or another one like it (`Encoder.apart`).
        """
        encoder = encoder or self.encoder
        if encoder is None:
            return 0
        with self._writing(visible=False) as database:
            writing.claim_vectors(database, encoder.name)
        done, end = 0, time.monotonic() + seconds
        while (limit is None or done < limit) and time.monotonic() < end:
            with self._reading() as database:
                texts, waiting = writing.unembedded(
                    database, batch if limit is None else min(batch, limit - done)
                )
            if not texts:
                break
            made = vectors.pack(encoder.encode([text for _, text in texts]))
            with self._writing(visible=False) as database:
                writing.store_vectors(database, encoder.name, [chunk for chunk, _ in texts], made)
            done += len(texts)
            if progress is not None:
                progress(done, done + waiting - len(texts))
        return done

    # ---- reading

    def roots(self) -> list[Root]:
        """The registered paths."""
        with self._reading() as database:
            return registered.roots(database)

    def files(self, root: str) -> dict[str, KnownFile]:
        """The files of a registered path, or a feed, that have been read."""
        with self._reading() as database:
            return registered.files(database, root)

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        where: Where | None = None,
        principal: Principal,
        per_document: int = 1,
        lifts: Lifts | None = None,
    ) -> list[Hit]:
        """The best `k` passages that the principal may read, at most `per_document` of one document.

        `lifts` move documents a little, as people have taught (`icelos.knowledge.lifts`).
        """
        allowed = matching(principal, where)
        with self._reading() as database:
            ranked = self._searcher.rank(
                database, query, k=k, allowed=allowed, generation=reading.generation(database),
                per_document=per_document, lifts=lifts,
            )  # fmt: skip
            return reading.hits(database, ranked, allowed)

    def lookup(self, identifier: str, *, principal: Principal, where: Where | None = None) -> list[Hit]:
        """Documents by exact name, whole and in any case: identifiers first, then aliases, then titles."""
        with self._reading() as database:
            return reading.lookup(database, identifier, matching(principal, where))

    def document(
        self, document_id: str, *, principal: Principal, version: int | None = None
    ) -> StoredDocument | None:
        """A whole document, the newest version unless told; None where there is none to be read."""
        with self._reading() as database:
            return reading.document(database, document_id, version, readable(principal))

    def passage(self, chunk_id: str, *, principal: Principal) -> Hit | None:
        """One passage by its id, also of a replaced version; None where there is none to be read."""
        with self._reading() as database:
            return reading.passage(database, chunk_id, readable(principal))

    def passages(self, document_id: str, *, principal: Principal, version: int | None = None) -> list[Hit]:
        """All passages of one document in order, the newest version unless told."""
        with self._reading() as database:
            return reading.passages(database, document_id, version, readable(principal))

    def texts(self, document_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Ids with the text of each passage in force, for the store's owner; not cut by access."""
        with self._reading() as database:
            yield from reading.texts(database, document_ids)

    def weights(self, words: Iterable[str], *, principal: Principal) -> dict[str, float]:
        """How much each word says here: ln(1 + passages / passages with it); one without any counts most."""
        readable(principal)
        with self._reading() as database:
            return self._searcher.weights(database, words)

    def related(
        self,
        identifier: str,
        *,
        principal: Principal,
        kinds: Sequence[str] = (),
        relation: str = "",
        limit: int = 50,
    ) -> list[Related]:
        """Neighbours of a document by relation, in both directions."""
        with self._reading() as database:
            allowed = matching(principal, None)
            return reading.related(database, identifier, allowed, kinds=kinds, relation=relation, limit=limit)

    def sample(self, number: int, *, principal: Principal, where: Where | None = None) -> list[Hit]:
        """First passages of at most so many documents that the principal may read.

        They are chosen by hash, so that they are always the same ones.
        """
        with self._reading() as database:
            return reading.sample(database, number, matching(principal, where))

    def changed(
        self, since: datetime, *, principal: Principal, limit: int = 100
    ) -> tuple[list[Changed], int]:
        """Documents that are new or in a new version since a time, the newest first, and how many in all."""
        with self._reading() as database:
            return recent.changed(database, since, matching(principal, None), limit)

    def tagged(self, tag: str) -> list[str]:
        """Ids of all documents with a tag, for the store's owner; not cut by access."""
        with self._reading() as database:
            return reading.tagged(database, tag)

    def whole(self, document_id: str) -> Document | None:
        """A document in force, for the store's owner; not cut by access."""
        with self._reading() as database:
            found = reading.document(database, document_id, None, Filter("1", {}))
            return found.document if found is not None else None

    def sources(self, *, principal: Principal) -> list[SourceInfo]:
        """What the principal may read, by collection and path: counts and freshness."""
        with self._reading() as database:
            return reading.sources(database, matching(principal, None))

    def recent(self, since: datetime, *, kinds: Sequence[str], principal: Principal) -> list[Recent]:
        """Documents in force of since then, the newest first: by the publisher's date, else by ours."""
        allowed = matching(principal, Where(kinds=tuple(kinds)))
        with self._reading() as database:
            return recent.since(database, since, allowed)

    def indexed_before(self, before: datetime, *, kind: str) -> list[str]:
        """The ids of documents whose version in force came in before; for its owner, not cut by access."""
        with self._reading() as database:
            return recent.before(database, before, kind)

    def stats(self) -> dict[str, Any]:
        """Counts of everything in the store, for its owner; not cut by access."""
        with self._reading() as database:
            found = reading.stats(database)
        reason = Encoder.missing() if self.encoder is None else ""
        return {
            **found,
            "path": str(self.path),
            "encoder": self.encoder.name
            if self.encoder is not None
            else f"off{f': {reason}' if reason else ''}",
            "dense": self.encoder is not None
            and found["encoder_of_vectors"] == self.encoder.name
            and found["vectors"] > 0,
        }

    # ---- connections

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        with self._lock:
            self._closed = True
            self._writer.close()
            with suppress(queue.Empty):
                while True:
                    self._readers.get_nowait().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the store for the length of the block."""
        try:
            database = self._reader()
            database.execute("BEGIN")
            try:
                yield database
            finally:
                database.execute("ROLLBACK")
                if self._closed:
                    database.close()
                else:
                    self._readers.put(database)
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the knowledge store: {error}", source=str(self.path)) from error

    def _reader(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the knowledge store is closed", source=str(self.path))
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            return connect(self.path, read_only=True)

    @contextmanager
    def _writing(self, *, visible: bool = True) -> Iterator[sqlite3.Connection]:
        """The one writing connection, in a transaction that counts the store's generation up, unless
        nothing changes of what can be seen (`visible` false).

        Inside another such block it joins that one's transaction.
        """
        if self._read_only:
            raise StoreError("the knowledge store is open for reading only", source=str(self.path))
        with self._lock:
            if self._closed:
                raise StoreError("the knowledge store is closed", source=str(self.path))
            if self._writer.in_transaction:
                yield self._writer
                return
            try:
                with transaction(self._writer):
                    yield self._writer
                    if visible:
                        writing.advance(self._writer)
            except sqlite3.Error as error:
                raise StoreError(
                    f"cannot write the knowledge store: {error}", source=str(self.path), hint=_hint(error)
                ) from error


def _hint(error: sqlite3.Error) -> str | None:
    if "full" in str(error):
        return "the disk is full; what was stored before is unharmed"
    if "locked" in str(error):
        return "another process is writing; try again"
    return None
