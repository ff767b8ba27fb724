"""What a long-lived process does beside answering: make vectors, and watch registered paths.

with Upkeep(store), Watcher(settings):        # a server: vectors are made as text arrives
    ...
for done in watch(indexer):    # `icelos kb watch`
    ...
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from icelos.errors import IcelosError
from icelos.knowledge.index import Indexed, Indexer
from icelos.knowledge.store import KnowledgeStore
from icelos.settings import Settings

DEBOUNCE_MS = 300
"""Changes of files are gathered for this long: an editor writes a file in several steps."""

POLL_MS = 500
"""How often single registered files are looked at; only folders are watched by the system."""

NICENESS = 10
"""Of the thread that makes vectors: questions go first (Linux only, where a thread has its own)."""

PAUSE_SECONDS = 5.0
"""How often another process's new text is looked for."""


class Upkeep:
    """A thread that makes missing vectors, a small batch at a time, until it is stopped.

    `problem` is what stopped it from working, as one line; search goes on by words meanwhile.
    """

    def __init__(self, store: KnowledgeStore, *, batch: int = 16) -> None:
        self.problem = ""
        self._store, self._batch = store, batch
        self._stopping = threading.Event()
        self._waking = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vectors", daemon=True)

    def start(self) -> Self:
        """Begin; nothing happens where there is no encoder."""
        if self._store.encoder is not None:
            self._thread.start()
        return self

    def wake(self) -> None:
        """There is new text."""
        self._waking.set()

    def stop(self) -> None:
        """End after the batch under way."""
        self._stopping.set()
        self._waking.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        if sys.platform == "linux":
            thread = threading.get_native_id()
            own = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, max(own, NICENESS))
        encoder = self._store.encoder.apart() if self._store.encoder is not None else None
        while not self._stopping.is_set():
            try:
                made = self._store.embed_pending(limit=self._batch, batch=self._batch, encoder=encoder)
                self.problem = ""
            except IcelosError as error:
                self.problem, made = str(error), 0
            if made == 0:
                self._waking.wait(PAUSE_SECONDS)
                self._waking.clear()


class Watcher:
    """A thread that keeps the index up to date as registered files change, new registrations included.

    `problem` is what stopped it from working, as one line; it tries again after `PAUSE_SECONDS`.
    """

    def __init__(self, settings: Settings) -> None:
        self.problem = ""
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with KnowledgeStore.open(self._settings) as store:
                    self._follow(Indexer.open(store, self._settings))
            except (IcelosError, OSError) as error:
                self.problem = str(error)
                self._stopping.wait(PAUSE_SECONDS)

    def _follow(self, indexer: Indexer) -> None:
        """Watch until it stops; start over where paths have been registered or removed meanwhile."""
        try:
            while not self._stopping.is_set():
                for _ in watch(indexer, stop=self._stopping, until_registered=True):
                    self.problem = ""
        finally:
            indexer.close()


def watch(
    indexer: Indexer, *, stop: threading.Event | None = None, until_registered: bool = False
) -> Iterator[Indexed]:
    """Bring files up to date as they change, and say what each change did, until `stop` is set.

    The first thing given is a full update: nothing that changed before is missed. With
    `until_registered` it ends where the registered paths are no longer those that it began with.
    """
    registered = indexer.store.roots()
    roots = [Path(root.path) for root in registered]
    folders = sorted({root for root in roots if root.is_dir()})
    files = {root: _stamp(root) for root in roots if not root.is_dir()}
    first = True
    for batch in _changes(folders, stop):
        if first:  # the watcher is in place: what happens from here on is seen
            first = False
            yield indexer.update()
        if until_registered and indexer.store.roots() != registered:
            return
        changed = set(batch)
        for path, stamp in files.items():
            if (now := _stamp(path)) != stamp:
                files[path] = now
                changed.add(path)
        if changed:
            done = indexer.touch(changed)
            if done.changed or done.removed or done.failures:
                yield done


def _changes(folders: list[Path], stop: threading.Event | None) -> Iterator[list[Path]]:
    """Paths that have changed below the folders, or nothing every half second."""
    if not folders:
        pause = stop or threading.Event()
        while not pause.is_set():
            yield []
            pause.wait(POLL_MS / 1000)
        return
    from watchfiles import watch as notified

    for batch in notified(
        *folders, debounce=DEBOUNCE_MS, step=50, stop_event=stop, yield_on_timeout=True,
        rust_timeout=POLL_MS, watch_filter=None, ignore_permission_denied=True,
    ):  # fmt: skip
        yield [Path(path) for _, path in batch]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
