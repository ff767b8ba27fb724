from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.gpt import tokenizers
from icelos.gpt.dates import DAYS, days

ROWS = [f'{{"at":"{date(2020, 1, 1) + timedelta(n)}T0{n % 9}:00:00Z","n":{n}}}'.encode() for n in range(900)]


@given(day=st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31)))
def test_each_day_is_found_with_its_day_of_the_week(day: date) -> None:
    ((start, number),) = days(f'{{"at": "{day}T10:00:00Z"}}')
    assert start == 16
    assert DAYS[number] == f"{day:%d}"
    assert number // 31 == day.weekday()


@pytest.mark.parametrize(
    "text",
    ["2023-02-30", "2023-13-01", "12023-01-01", "2023-01-011", "0999-01-01", "2023/01/01", "2023-01-00", ""],
)
def test_what_is_no_date_is_passed_over(text: str) -> None:
    assert not list(days(text))


def test_a_day_is_one_token_and_another_one_on_another_day_of_the_week() -> None:
    tokenizer = tokenizers.fit("json-bpe", ROWS)
    assert tokenizer.state.dates

    def day(text: str) -> int:
        ids = tokenizer.encode(text.encode())
        assert tokenizer.decode(ids) == text.encode()
        (token,) = [int(token) for token in ids if token > tokenizer.size - 1 - len(DAYS)]
        return token

    assert day("2024-03-03") == day('{"at":"2024-11-03T09"}')  # both Sundays
    assert day("2024-03-03") != day("2024-04-03")
    assert tokenizers.fit("json-bpe", [b"no date", b"2024-03-03"]).state.dates is False


def test_a_date_that_repeats_within_a_name_is_that_name() -> None:
    rows = [
        f'{{"file":"backup-2024-03-03.tar","at":"{date(2020, 1, 1) + timedelta(n)}"}}'.encode()
        for n in range(50)
    ]
    tokenizer = tokenizers.fit("json-bpe", rows)
    for row in rows:
        assert tokenizer.decode(tokenizer.encode(row)) == row


def test_tokenizers_of_before_have_no_days() -> None:
    fitted = tokenizers.fit("json-bpe", ROWS)
    before = type(fitted).from_state(tokenizers.State(kind="json-bpe", merges=fitted.state.merges))
    assert before.decode(before.encode(ROWS[7])) == ROWS[7]
    assert before.size < fitted.size
