from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.unit.gpt.grammar.conftest import csv_rows, json_rows
from tests.unit.gpt.grammar.test_automaton import stroll

from icelos.gpt.grammar.automaton import Automaton
from icelos.gpt.grammar.compile import NoRow, compiled
from icelos.gpt.grammar.conditions import Conditions, limits
from icelos.gpt.grammar.learn import learn
from icelos.gpt.grammar.learned import Grammar


def grammar_of(rows: list[bytes]) -> Grammar:
    grammar = learn(rows)
    assert grammar is not None
    return grammar


def made(rows: list[bytes], conditions: Conditions, count: int = 30) -> list[bytes]:
    grammar = grammar_of(rows)
    automaton = Automaton(compiled(grammar, limits(grammar, conditions)), grammar.dependencies)
    return [stroll(automaton, random.Random(n)) for n in range(count)]


def test_a_value_holds_and_so_does_what_stands_before_it() -> None:
    rows = [
        json.loads(row) for row in made(json_rows(), Conditions({"user": "ada@example.org", "code": "50126"}))
    ]
    assert {(row["name"], row["user"], row["code"]) for row in rows} == {
        ("Ada Löw", "ada@example.org", 50126)
    }


def test_an_optional_field_becomes_a_must_and_nested_ones_are_named_by_path() -> None:
    rows = [
        json.dumps({"a": n % 3, **({"in": {"b": n % 2, "c": "x"}} if n % 5 else {"in": None})}).encode()
        for n in range(100)
    ]
    found = [json.loads(row) for row in made(rows, Conditions({"in.b": "1"}))]
    assert {row["in"]["b"] for row in found} == {1}


def test_an_open_field_takes_what_looks_like_its_values() -> None:
    value = "00000000-0000-4000-8000-000000000000"
    assert {json.loads(row)["id"] for row in made(json_rows(), Conditions({"id": value}))} == {value}
    with pytest.raises(NoRow, match="does not look like"):
        made(json_rows(), Conditions({"id": "17"}))


def test_times_lie_in_the_range_even_where_none_were_seen() -> None:
    since, until = datetime(2031, 12, 31, 23, 59, tzinfo=UTC), datetime(2032, 1, 1, 0, 0, 30, tzinfo=UTC)
    for row in made(json_rows(), Conditions(since=since, until=until)):
        assert since <= datetime.fromisoformat(json.loads(row)["time"]) <= until


def test_bounds_are_written_in_the_zone_of_the_field() -> None:
    rows = [f'{{"at":"2024-05-0{n % 9 + 1} 10:{n % 60:02}:00+0200"}}'.encode() for n in range(99)]
    since = datetime(2024, 5, 4, 22, 30, tzinfo=UTC)
    for row in made(rows, Conditions(since=since, until=since + timedelta(minutes=3))):
        at = datetime.strptime(json.loads(row)["at"], "%Y-%m-%d %H:%M:%S%z")
        assert since <= at <= since + timedelta(minutes=3)
        assert at.tzinfo == timezone(timedelta(hours=2))


def test_epoch_times_can_be_named() -> None:
    since, until = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)
    for row in made(csv_rows(), Conditions(since=since, until=until, time_field="0")):
        assert since.timestamp() <= int(row.split(b",")[0]) <= until.timestamp()


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (Conditions({"nothing": "x"}), "no field nothing"),
        (Conditions({"user": "x"}), "no row has user=x"),
        (Conditions({"user": "ada@example.org", "name": "Bo Ek"}), "meets all conditions"),
        (
            Conditions(since=datetime(2024, 2, 9, tzinfo=UTC), until=datetime(2024, 2, 8, tzinfo=UTC)),
            "in that range",
        ),
        (Conditions(since=datetime(2024, 2, 9, tzinfo=UTC), time_field="name"), "in that range"),
    ],
)
def test_what_cannot_be_is_said(conditions: Conditions, message: str) -> None:
    with pytest.raises(NoRow, match=message):
        made(json_rows(), conditions)


def test_a_name_of_two_fields_needs_its_path() -> None:
    rows = [json.dumps({"a": {"x": n % 2}, "b": {"x": n % 3}}).encode() for n in range(60)]
    with pytest.raises(NoRow, match=r"a\.x or b\.x"):
        made(rows, Conditions({"x": "1"}))
