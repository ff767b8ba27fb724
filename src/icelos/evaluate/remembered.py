"""An encoder that remembers: vectors by text on disk; a measurement made twice costs as much as once."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from icelos.llm.encoder import Encoder

BATCH = 128


class RememberingEncoder(Encoder):
    """Asks another encoder once for each text. Safe to share between threads."""

    def __init__(self, inner: Encoder, path: Path) -> None:
        super().__init__()
        self.inner = inner
        self._database = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self._one_at_a_time = threading.Lock()
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, data BLOB)")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text, as the inner encoder gives it, to float16."""
        with self._one_at_a_time:
            return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [self._key(text) for text in texts]
        found = {key: data for key in set(keys) if (data := self._known(key)) is not None}
        missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in found}.items())
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            rows = self.inner.encode([text for _, text in some]).astype("<f2")
            made = {key: row.tobytes() for (key, _), row in zip(some, rows, strict=True)}
            found |= made
            with self._database:
                self._database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", made.items())
        whole = b"".join(found[key] for key in keys)
        return np.frombuffer(whole, "<f2").reshape(len(texts), self.dimensions).astype(np.float32)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _key(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self.inner.name}\0{text}".encode(), digest_size=16).digest()

    def _known(self, key: bytes) -> bytes | None:
        row = self._database.execute("SELECT data FROM vectors WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None
