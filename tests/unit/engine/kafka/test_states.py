from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from icelos.engine.kafka import states
from icelos.engine.kafka.states import FileStates, Snapshot, TopicStates, _Parts
from icelos.errors import RunError


def topic_states(job: str = "logs") -> TopicStates:
    """Without a cluster: for what is sent, not for sending."""
    made = TopicStates.__new__(TopicStates)
    made._job, made.topic, made._slots = job, "g-state", {}
    return made


def read(kept: TopicStates, messages: list[tuple[str, bytes]], job: str = "logs") -> list[Snapshot]:
    parts = _Parts(2)
    found = [parts.add(key, value, job, kept.topic) for key, value in messages]
    return [one.snapshot for one in found if one is not None]


def sent(kept: TopicStates, snapshot: Snapshot) -> list[tuple[str, bytes]]:
    return [((one.key or b"").decode(), one.value or b"") for one in kept.messages([snapshot])]


@pytest.mark.parametrize("size", [0, 1, 10, 11, 100])
def test_chunks_make_the_state_again(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(states, "CHUNK", 10)
    snapshot = Snapshot(2, 7, bytes(range(size)))
    assert read(topic_states(), sent(topic_states(), snapshot)) == [snapshot]


def test_slots_take_turns_so_that_compaction_keeps_a_whole_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "CHUNK", 10)
    kept = topic_states()
    first, second = Snapshot(2, 7, b"a" * 30), Snapshot(2, 9, b"b" * 30)
    log = sent(kept, first)
    kept.saved([first])
    log += sent(kept, second)[:2]  # killed in the middle
    compacted = list(dict(log).items())
    assert read(kept, compacted) == [first]


def test_a_state_that_is_mixed_up_or_not_ours_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "CHUNK", 10)
    kept = topic_states()
    whole = sent(kept, Snapshot(2, 7, b"a" * 30))
    broken = msgspec.msgpack.decode(whole[2][1])
    broken["data"] = b"x" * 10
    assert read(kept, [*whole[:2], (whole[2][0], msgspec.msgpack.encode(broken))]) == []
    assert read(kept, [("2/mark", b"x"), ("2/9/0", whole[0][1]), ("", b"\x00")]) == []
    assert read(kept, sent(kept, Snapshot(3, 7, b"other"))) == []


def test_states_of_another_job_stop_the_run() -> None:
    kept = topic_states("mail")
    with pytest.raises(RunError, match="of job 'mail'"):
        read(kept, sent(kept, Snapshot(2, 7, b"x")))


def test_a_state_may_not_be_boundless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "CHUNK", 1)
    monkeypatch.setattr(states, "CHUNKS", 3)
    with pytest.raises(RunError, match="too large"):
        sent(topic_states(), Snapshot(2, 7, b"four"))


def test_files(tmp_path: Path) -> None:
    kept = FileStates(tmp_path, job="logs", group="g", topic="t")
    assert kept.newest(0) is None
    kept.save([Snapshot(0, 5, b"old"), Snapshot(1, 6, b"one")])
    kept.save([Snapshot(0, 9, b"new")])
    assert kept.newest(0) == Snapshot(0, 9, b"new")
    assert kept.newest(1) == Snapshot(1, 6, b"one")
    with pytest.raises(RunError, match="of job 'logs'"):
        FileStates(tmp_path, job="mail", group="g", topic="t").newest(0)
    (tmp_path / "g" / "t" / "0.state").write_bytes(b"\x00")
    with pytest.raises(RunError, match="cannot read"):
        kept.newest(0)
