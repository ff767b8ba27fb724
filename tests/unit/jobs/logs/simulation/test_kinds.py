from __future__ import annotations

import json

import pytest

from icelos.jobs.logs.simulation.events import START_DAY, Event
from icelos.jobs.logs.simulation.kinds import KINDS, LACKING, LATE, TWICE, arrivals, drift_day, lacks, without
from icelos.jobs.logs.simulation.organisation import Organisation


def test_every_event_is_kept_by_its_log_and_the_sign_ins_by_two(events: list[Event]) -> None:
    for event in events:
        kept = [name for name, kind in KINDS.items() if kind.keeps(event)]
        assert 1 <= len(kept) <= 2
        assert len([name for name in kept if name != "cef"]) == 1


def test_some_come_late_and_some_twice_and_none_early(events: list[Event]) -> None:
    came = arrivals(1, "someone", START_DAY, events)
    late = sum(is_late for _, is_late, _ in came)
    assert LATE / 2 < late / len(events) < LATE * 2
    assert TWICE / 3 < (len(came) - len(events)) / len(events) < TWICE * 3
    for arrival, is_late, event in came:
        assert 0 <= arrival - event.time <= 12 * 3600 * 1_000_000
        assert not is_late or arrival > event.time
    assert came == arrivals(1, "someone", START_DAY, events)


@pytest.mark.parametrize("name", ["entra-signin", "office365"])
def test_some_rows_lack_a_key(name: str, events: list[Event], organisation: Organisation) -> None:
    kind = KINDS[name]
    writer, lacking, rows = kind.writer(organisation), set(), 0
    total = 0
    for event in events:
        if kind.keeps(event):
            row, rows = writer.row(event), rows + 1
            key = lacks(kind, event, row)
            if key:
                total += 1
                lacking.add(key)
                assert json.loads(row).keys() - json.loads(without(row, key)).keys() == {key}
    assert LACKING / 3 < total / rows < LACKING * 2
    assert len(lacking) >= 2


def test_drift_begins_some_weeks_after_the_start() -> None:
    assert 40 <= drift_day(1) - START_DAY < 80
    assert len({drift_day(seed) for seed in range(20)}) > 5
