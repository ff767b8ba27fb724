"""One JSON line for every model call: cache/trace/YYYY-MM-DD.jsonl in the workspace, in UTC.

Fields: time, model, host, seconds, prompt_tokens, completion_tokens, cost, cached, outcome ("ok", "given up"
by its reader, "interrupted", or the name of the error), error, messages, tools, schema and reply. Text
appears as its length and a keyed hash ("redacted", the default), or as text after redaction ("full"). The
key of the hash is the workspace's own: equal texts can be told there, short ones cannot be guessed elsewhere.
Files older than `llm.trace_days` are deleted. A trace that cannot be written never breaks a call.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from icelos.contracts import Message, Reply, Tool
from icelos.errors import IcelosError
from icelos.llm.redact import Vault

TEXT_LIMIT = 20_000
"""Characters kept of one text in a full trace."""
_OUTCOMES: dict[type[BaseException], str] = {GeneratorExit: "given up", KeyboardInterrupt: "interrupted"}


class Trace:
    """Appends one line for each call. Safe to share between threads and processes."""

    def __init__(self, folder: Path, *, text: Literal["redacted", "full"], days: int, host: str = "") -> None:
        self._folder = folder
        self._full = text == "full"
        self._days = days
        self._host = host
        self._salt: bytes | None = None

    def note(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        schema: Mapping[str, Any] | None,
        *,
        model: str,
        seconds: float,
        reply: Reply | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Write down one call, its reply or what it raised. Never raises."""
        now = datetime.now(UTC)
        with suppress(OSError):
            self._prepare(now)
            line = {
                "time": now.isoformat(timespec="milliseconds"),
                "model": reply.model if reply else model,
                "host": self._host,
                "seconds": round(seconds, 4),
                "prompt_tokens": reply.usage.prompt_tokens if reply else 0,
                "completion_tokens": reply.usage.completion_tokens if reply else 0,
                "cost": reply.usage.cost if reply else 0.0,
                "cached": bool(reply and reply.cached),
                "outcome": _OUTCOMES.get(type(error), type(error).__name__) if error else "ok",
                "error": self._reason(error),
                "messages": [{"role": one.role, **self._text(one.content)} for one in messages],
                "tools": [tool.name for tool in tools],
                "schema": schema is not None,
                "reply": self._reply(reply),
            }
            self._append(now, msgspec.json.encode(line) + b"\n")

    def _reply(self, reply: Reply | None) -> dict[str, Any] | None:
        if reply is None:
            return None
        calls = [
            {"name": call.name, **self._text(msgspec.json.encode(call.arguments).decode())}
            for call in reply.tool_calls
        ]
        return {**self._text(reply.text), "tool_calls": calls, "truncated": reply.truncated}

    def _reason(self, error: BaseException | None) -> str:
        """Errors of ours are one clean line; of others only the name is known to be safe."""
        return Vault().hide(str(error))[:500] if isinstance(error, IcelosError) else ""

    def _text(self, text: str) -> dict[str, Any]:
        if self._full:
            return {"text": Vault().hide(text)[:TEXT_LIMIT]}
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), key=self._salt or b"", digest_size=8)
        return {"characters": len(text), "hash": digest.hexdigest()}

    def _prepare(self, now: datetime) -> None:
        if self._salt is not None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._salt = _salt(self._folder / ".salt")
        oldest = (now - timedelta(days=self._days)).strftime("%Y-%m-%d")
        for file in self._folder.glob("????-??-??.jsonl"):
            if file.stem < oldest:
                file.unlink(missing_ok=True)

    def _append(self, now: datetime, line: bytes) -> None:
        path = self._folder / f"{now:%Y-%m-%d}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _salt(path: Path) -> bytes:
    """The workspace's own key of hashes, made at the first use."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()[:64] or secrets.token_bytes(32)
