from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.flat import Value
from icelos.jobs.logs.profile import fields
from icelos.jobs.logs.profile.fields import FieldProfile, Frequent


def test_what_one_field_holds() -> None:
    field = FieldProfile("a[0].size")
    field.add([1, 2.5, "x", None, True, 1])
    field.add(["longer"])
    told = field.told(10)
    assert told.missing == 0.30000000000000004 or told.missing == 0.3
    assert told.types == {"integer": 2, "text": 2, "number": 1, "null": 1, "boolean": 1}
    assert told.nulls == 1
    assert told.depth == 3
    assert (told.least, told.most) == (1, 2.5)
    assert (told.shortest, told.longest) == (1, 6)
    assert told.first is None


def test_one_and_true_are_told_apart_though_they_are_one_key() -> None:
    field = FieldProfile("a")
    for batch in ([True], [1, True], [1.5, None]):
        field.add(batch)
    told = field.told(5)
    assert told.types == {"boolean": 2, "integer": 1, "number": 1, "null": 1}
    assert (told.least, told.most) == (1, 1.5)


def test_integers_beyond_all_floats_are_no_range() -> None:
    field = FieldProfile("time")
    field.add([10**400, 3, -(10**400)])
    told = field.told(3)
    assert (told.least, told.most, told.first, told.distinct) == (3, 3, None, 3)


@given(
    st.lists(st.lists(st.sampled_from(["", None, "a", "b", "2024-01-01", "x" * 300]), max_size=9), max_size=9)
)
def test_batches_of_any_size_tell_the_same(batches: list[list[Value]]) -> None:
    """What is counted among the commonest is looked at no more, and nothing is missed by that."""
    parts, whole = FieldProfile("time"), FieldProfile("time")
    for batch in batches:
        parts.add(batch)
    whole.add([value for batch in batches for value in batch])
    left, right = (msgspec.structs.replace(one.told(1), formats={}, top=()) for one in (parts, whole))
    assert left == right
    assert parts.frequent.counts == whole.frequent.counts
    assert parts.filled == whole.filled


def test_times_and_formats() -> None:
    field = FieldProfile("createdDateTime")
    field.add(["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z", "never"])
    told = field.told(3)
    assert (told.first, told.last) == (1704067200.0, 1704153600.0)
    assert told.formats == {"time": 2 / 3, "text": 1 / 3}


def test_times_are_found_behind_what_is_none() -> None:
    field = FieldProfile("time")
    field.add([None, "never", "2024-01-02T00:00:00Z", 1704067200])
    assert (field.told(4).first, field.told(4).last) == (1704067200.0, 1704153600.0)


def test_values_are_told_as_json_has_them() -> None:
    field = FieldProfile("a")
    field.add([None, None, True, True, 2.0, 2.0])
    assert {value for value, _ in field.told(6).top} == {"null", "true", "2"}


def test_long_texts_are_not_kept_whole() -> None:
    field = FieldProfile("a")
    field.add(["x" * 10_000, "x" * 10_000, "y" * 1025, "x" * 9_999 + "y"])
    assert max(len(str(value)) for value in field.frequent.counts) < 240
    assert field.frequent.counts.most_common(1)[0][1] == 3
    assert field.cardinality.count() == 3, "texts of the same beginning and length are still two"


@given(st.lists(st.lists(st.integers(0, 40), max_size=60), max_size=12))
def test_a_frequent_value_is_never_lost(batches: list[list[int]]) -> None:
    before, fields.KEPT = fields.KEPT, 8
    try:
        frequent, truth = Frequent(), Counter[Value]()
        for batch in batches:
            frequent.add(Counter(batch))
            truth.update(batch)
    finally:
        fields.KEPT = before
    assert len(frequent.counts) <= 8
    for value, count in truth.items():
        assert count - frequent.lost <= frequent.counts[value] <= count
    assert frequent.lost <= truth.total() / 8


@given(st.lists(st.integers(0, 40), max_size=200), st.lists(st.integers(0, 40), max_size=200))
def test_parts_are_put_together(left: list[int], right: list[int]) -> None:
    before, fields.KEPT = fields.KEPT, 8
    try:
        one, other = FieldProfile("a"), FieldProfile("a")
        one.add(left)
        other.add(right)
        one.merge(other)
    finally:
        fields.KEPT = before
    truth = Counter(left + right)
    assert (one.rows, one.filled) == (truth.total(), len(truth))
    for value, count in truth.items():
        assert count - one.frequent.lost <= one.frequent.counts[value] <= count
    assert one.numbers.bounds == ((min(truth), max(truth)) if truth else (None, None))
