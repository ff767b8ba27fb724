from __future__ import annotations

import pytest

from icelos.errors import InputError
from icelos.findings import failure
from icelos.jobs.logs.evaluation.sample import TEXT, draw, look, read_canaries, user_place
from icelos.jobs.logs.profile.rows import Row

ROWS = [Row(b'{"u":"x%d"}' % n, {"user": f"user{n % 50}", "n": n}, f"a:{n}") for n in range(3000)]


def test_small_logs_are_whole() -> None:
    sample = draw(ROWS[:100], "a", "user", limit=100)
    assert sample.rows == sample.people == ROWS[:100]
    assert sample.is_whole
    assert sample.share == 1


def test_large_logs_are_sampled_evenly_and_users_whole() -> None:
    sample = draw(ROWS, "a", "user", limit=600, seed=4)
    assert sample.total == 3000
    assert len(sample.rows) == 600
    assert 1200 < sum(row.fields["n"] for row in sample.rows) / 600 < 1800  # type: ignore[misc]
    users = {row.fields["user"] for row in sample.people}
    assert users == {f"user{n}" for n in range(50) if user_place(f"user{n}") < sample.share}
    assert len(sample.people) == 60 * len(users)
    assert sample.share < 1


def test_long_rows_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icelos.jobs.logs.evaluation.sample.HELD", 6000)
    rows = [Row(b"x" * 100, {"user": f"user{n % 50}", "n": n}, f"a:{n}") for n in range(3000)]
    sample = draw(rows, "a", "user", limit=600)
    assert 10 <= len(sample.rows) <= 20
    assert not sample.is_whole
    assert len(sample.people) <= 60  # one user alone has 60 rows


def test_of_long_rows_the_beginning_is_kept_and_all_is_searched() -> None:
    rows = [Row(b"x" * TEXT + b"planted text", {"user": "a", "n": 1}, "a:1"), Row(b"{}", {"n": 2}, "a:2")]
    sample = draw(rows, "a", "user", canaries=["planted text"])
    assert sample.long == 1
    assert [len(row.raw) for row in sample.rows] == [TEXT, 2]
    assert [len(row.raw) for row in sample.people] == [TEXT]
    assert sample.canaries == {"planted text"}


def test_many_fields_are_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icelos.jobs.logs.evaluation.sample.HELD", 100_000)
    rows = [Row(b"{}", dict.fromkeys(map(str, range(100)), n), f"a:{n}") for n in range(300)]
    assert 4 <= len(draw(rows, "a", "user", limit=600).rows) <= 10


def test_looking_ends_before_long_rows_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icelos.jobs.logs.evaluation.sample._LOOKED_AT_BYTES", 1000)
    taken = []
    rows = (taken.append(n) or Row(b"x" * 300, {"user": n}, f"a:{n}") for n in range(50))  # type: ignore[func-returns-value]
    who, stream = look(rows)
    assert (who.user, len(taken)) == ("user", 4)
    assert len(list(stream)) == 50


def test_failures_and_nothing_to_read() -> None:
    bad = failure(record_id="1", job="logs", error="broken", source="a:1")
    sample = draw([bad, ROWS[0]], "a", "user")
    assert (sample.failures, sample.first_failures, sample.total) == (1, ["a:1: broken"], 1)
    with pytest.raises(InputError, match="no rows, 1 unreadable, such as a:1: broken"):
        draw([bad], "a", "user")


def test_looking_does_not_use_rows_up() -> None:
    who, rows = look(iter(ROWS[:10]))
    assert who.user == "user"
    assert list(rows) == ROWS[:10]


def test_canaries_in_raw_text_and_in_decoded_values() -> None:
    rows = [Row(b'{"a": "caf\\u00e9 secret"}', {"a": "café secret"}, "a:1")]
    found = draw(rows, "a", "", canaries=["café secret", '{"a": "caf', "not there"]).canaries
    assert found == {"café secret", '{"a": "caf'}


def test_a_file_of_canaries() -> None:
    assert read_canaries(b"canary-one\n\ncanary-two\r\ncanary-one\n", "c") == ["canary-one", "canary-two"]
    for bad in (b"", b"short\n", b"\n".join(b"canary-%d" % n for n in range(1001))):
        with pytest.raises(InputError):
            read_canaries(bad, "c")
