"""Micro-batches: by number, size and time, and what waits is not kept waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from icelos.engine.batching import micro_batches
from icelos.engine.run import Options
from icelos.findings import Failure
from icelos.records import LogLine, Mail, Record


def _line(number: int, text: str = "") -> LogLine:
    return LogLine(id=str(number), source="s", text=text)


@given(st.lists(st.sampled_from([0, 1, 10, 200, -1]), max_size=60), st.integers(1, 9))
def test_nothing_is_lost_and_no_batch_is_too_large(kinds: list[int], size: int) -> None:
    items = [None if kind < 0 else _line(n, "x" * kind) for n, kind in enumerate(kinds)]
    batches = list(micro_batches(items, size, Options(batch_bytes=100)))
    assert [item for batch in batches for item in batch] == [item for item in items if item is not None]
    for batch in batches:
        assert len(batch) <= size
        texts = [getattr(item, "text", "") for item in batch[:-1]]
        assert sum(map(len, texts)) < 100, "what came before the last one left room for it"


def test_large_mails_come_in_small_batches() -> None:
    mails = [Mail(id=str(n), source="s", raw=b"x" * 600) for n in range(5)]
    assert [len(batch) for batch in micro_batches(mails, 64, Options(batch_bytes=1000))] == [2, 2, 1]


def test_a_source_that_waits_has_what_it_gave_scored() -> None:
    items = [_line(1), _line(2), None, None, _line(3)]
    assert [len(batch) for batch in micro_batches(items, 64, Options())] == [2, 0, 1]


def test_a_slow_source_is_not_waited_for() -> None:
    def slow() -> Iterator[Record | Failure | None]:
        for number in range(4):
            time.sleep(0.02)
            yield _line(number)

    assert len(list(micro_batches(slow(), 64, Options(batch_seconds=0.01)))) > 1
