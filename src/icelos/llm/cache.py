"""Replies of models on disk, by everything that they depend on. A cache that is broken never breaks a call.

One SQLite file, readable by its owner only, bounded in size: the least recently used replies go first. What
is kept is what was sent and said over the wire: after redaction, where that is on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from icelos.contracts import Message, Reply, Tool
from icelos.data.bounded_cache import BoundedCache
from icelos.llm.fence import without_tokens

FORMAT = 2
"""Part of every key: raise it where replies of an older version must not be used."""


def key(
    setting: Mapping[str, Any],
    messages: Sequence[Message],
    tools: Sequence[Tool] = (),
    schema: Mapping[str, Any] | None = None,
) -> bytes:
    """SHA-256 of all that a reply depends on; `setting` is the endpoint, the model and its sampling.

    Random delimiters of fences are left out, so that the same question has the same key.
    """
    said = [msgspec.structs.replace(one, content=without_tokens(one.content)) for one in messages]
    parts = [FORMAT, setting, said, list(tools), schema]
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).digest()


class ReplyCache:
    """Replies by key. Safe to share between threads and processes; no method raises."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._kept = BoundedCache(path, max_bytes=max_bytes)

    def get(self, key: bytes) -> Reply | None:
        """The reply, marked as cached and free of charge; None where there is none or it cannot be read."""
        data = self._kept.get(key)
        if data is None:
            return None
        try:
            reply = msgspec.json.decode(data, type=Reply)
        except (msgspec.DecodeError, RecursionError, TypeError):
            self._kept.drop(key)
            return None
        usage = msgspec.structs.replace(reply.usage, seconds=0.0, cost=0.0)
        return msgspec.structs.replace(reply, cached=True, usage=usage)

    def put(self, key: bytes, reply: Reply) -> None:
        """Keep a reply, and drop the least used ones past the bound."""
        self._kept.put(key, msgspec.json.encode(reply))

    def close(self) -> None:
        self._kept.close()
