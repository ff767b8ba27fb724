"""Outcomes as objects: durable by each write, resumable, and of each record the newest is in force."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from icelos.contracts import Resumable, Sink
from icelos.data.stores import object_sink
from icelos.data.stores.object_sink import ObjectSink, stored_outcomes
from icelos.errors import InputError, SettingsError, StoreError
from icelos.findings import Evidence, Failure, Finding, How, Outcome, Verdict


def _finding(number: int, *, text: str = "s\x00ünï\n") -> Finding:
    return Finding(
        record_id=str(number), job="j", verdict=Verdict.ALERT, label="l", summary=text, score=0.5,
        evidence=(Evidence("q", f"a:{number}", How.RULE),), source=f"a:{number}",
    )  # fmt: skip


def _failure(number: int) -> Failure:
    return Failure(record_id=str(number), job="j", error="bad", source=f"a:{number}", raw="\x01\r\n\t\"'")


def _stored(s3: Any, prefix: str = "out") -> list[Outcome]:
    return sorted(stored_outcomes(f"s3://{s3.name}/{prefix}"), key=lambda outcome: int(outcome.record_id))


def _parts(s3: Any) -> list[str]:
    return [one.key for one in s3.objects.all()]


def test_what_goes_in_comes_out_and_the_newest_is_in_force(s3: Any) -> None:
    with ObjectSink(f"s3://{s3.name}/out/") as sink:
        assert isinstance(sink, Sink)
        assert isinstance(sink, Resumable)
        sink.write([_failure(1), _failure(2)])
        sink.write([])
        sink.write([_finding(1, text="first"), _finding(3), _finding(1, text="second")])
        assert _stored(s3) == [_finding(1, text="second"), _failure(2), _finding(3)]
    with ObjectSink(f"s3://{s3.name}/out") as sink:
        sink.write([_finding(2), _failure(3)])
    assert _stored(s3) == [_finding(1, text="second"), _finding(2), _failure(3)]
    assert len(_parts(s3)) == 2


@pytest.mark.slow
def test_small_writes_are_put_together(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_sink, "PART", 1000)
    outcomes = [_finding(number) for number in range(40)]
    with ObjectSink(f"s3://{s3.name}/out/") as sink:
        for number, outcome in enumerate(outcomes, 1):
            sink.write([outcome])
            if number % 13 == 0:
                assert len(_stored(s3)) == number
    assert _stored(s3) == outcomes
    assert 5 < len(_parts(s3)) < 20


@pytest.mark.slow
@pytest.mark.parametrize("stop", [0, 1, 4, 5, 17, 20])
def test_what_came_behind_a_position_is_forgotten(
    s3: Any, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr(object_sink, "PART", 1000)
    other = ObjectSink(f"s3://{s3.name}/out/")
    other.write([_finding(99)])
    sink = ObjectSink(f"s3://{s3.name}/out/")
    positions = [sink.position()]
    for number in range(20):
        sink.write([_finding(number)])
        positions.append(sink.position())
    again = ObjectSink(f"s3://{s3.name}/out/")
    again.resume(positions[stop])
    assert again.position() == positions[stop]
    assert _stored(s3) == [*(_finding(number) for number in range(stop)), _finding(99)]
    again.write([_failure(50)])
    assert _stored(s3) == [*(_finding(number) for number in range(stop)), _failure(50), _finding(99)]


def test_a_store_that_fails_is_tried_again(s3: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sink = ObjectSink(f"s3://{s3.name}/out/", endpoint=f"http://{host}:{port}")
    sink.write([_finding(1)])
    server.stop()
    with pytest.raises(StoreError, match="does not answer") as caught:
        sink.write([_finding(2)])
    assert "s3cret" not in str(caught.value)
    server = ThreadedMotoServer(ip_address=host, port=int(port), verbose=False)
    server.start()
    try:
        sink.write([_finding(2)])
        sink.write([_finding(3)])
    finally:
        server.stop()
    assert _stored(s3) == [_finding(1), _finding(2), _finding(3)]


# Writes outcomes one by one until it is killed, and says after each that it is written.
WRITER = """
import sys
from icelos.data.stores.object_sink import ObjectSink
from icelos.findings import Failure
sink = ObjectSink(sys.argv[1])
for number in range(10**6):
    sink.write([Failure(record_id=str(number), job="j", error="bad", source="a")])
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_written(s3: Any) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, f"s3://{s3.name}/out/"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(25)]
    writer.kill()
    said += [int(line) for line in writer.stdout.read().split("\n") if line]
    writer.wait()
    writer.stdout.close()
    stored = [int(one.record_id) for one in _stored(s3)]
    assert stored[: len(said)] == said
    assert len(stored) <= len(said) + 1


def test_what_is_refused(s3: Any) -> None:
    with pytest.raises(InputError, match="no such bucket"):
        ObjectSink("s3://no-such-bucket/out/")
    with pytest.raises(SettingsError, match="pattern"):
        ObjectSink(f"s3://{s3.name}/*.jsonl")
    with pytest.raises(InputError, match="not a position"):
        ObjectSink(f"s3://{s3.name}/out/").resume(b"{}")
    with pytest.raises(StoreError, match="cannot"):
        ObjectSink(f"s3://{s3.name}/out/").resume(msgspec.json.encode({"run": "r", "part": 3, "size": 9}))
    s3.put_object(Key="out/part-20261201T000000000000Z-00000000-00000001.jsonl", Body=b"{}\n")
    with pytest.raises(InputError, match="no outcome"):
        _stored(s3)
