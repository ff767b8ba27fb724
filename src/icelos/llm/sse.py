"""Server-sent events out of a byte stream: bounded lines, comments skipped, cut-off streams noticed.

Format: WHATWG HTML, section 9.2. Only "data" fields matter to chat completions; "event: error" marks one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from icelos.errors import ModelError

LINE_LIMIT = 1024 * 1024
DONE = b"[DONE]"


def lines(chunks: Iterable[bytes], *, limit: int = LINE_LIMIT) -> Iterator[bytes]:
    """Lines without their ends ("\\n" or "\\r\\n"). Raises ModelError for a line over `limit` bytes."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        whole: list[bytearray] = []
        if b"\n" in chunk:
            *whole, held = held.split(b"\n")
        if max(map(len, [*whole, held])) > limit:
            raise ModelError(f"the endpoint streamed a line longer than {limit} bytes")
        yield from (bytes(line).removesuffix(b"\r") for line in whole)
    if held:
        yield bytes(held)


def data(chunks: Iterable[bytes], *, limit: int = LINE_LIMIT) -> Iterator[bytes]:
    """The data of each event, up to and with "[DONE]". Raises ModelError for an overlong event."""
    parts: list[bytes] = []
    size = 0
    for line in lines(chunks, limit=limit):
        if line.startswith(b"data:"):
            parts.append(line[5:].removeprefix(b" "))
            size += len(line)
            if size > limit:
                raise ModelError(f"the endpoint streamed an event longer than {limit} bytes")
        elif not line and parts:
            event, parts, size = b"\n".join(parts), [], 0
            yield event
            if event.strip() == DONE:
                return
    if parts:
        yield b"\n".join(parts)
