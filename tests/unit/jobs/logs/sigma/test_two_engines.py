"""SQLite and the second engine say the same of rules and rows that nobody thought of."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from tests.unit.jobs.logs.sigma.running import document, expected, matched, process

from icelos.errors import InputError

FIELDS = ("A", "B", "Image", "select", "a.b", 'q"')
LETTERS = st.text(alphabet="aAbB*?\\%_[]'\"-/ é\n.0", max_size=6)
PLAIN = st.one_of(
    LETTERS,
    st.sampled_from(["", "true", "1", "10", "10.0.0.1", "-a", "/a", "a", "A", "null", "C:\\a\\b.exe"]),
    st.integers(-20, 20),
    st.booleans(),
)
TEXTS = ("contains", "startswith", "endswith", "contains|all", "contains|cased", "cased", "endswith|cased")
REGEXES = ("a", "^a", "b$", "a.b", "[ab]+", "^$", "a|b", "(?i)A", "\\\\", "^.{2}$")


def _values(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, st.lists(strategy, min_size=1, max_size=3))


def _item(modifier: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    name = st.sampled_from(FIELDS).map(lambda field: f"{field}|{modifier}" if modifier else field)
    return st.tuples(name, values)


ITEMS = st.one_of(
    _item("", _values(st.one_of(PLAIN, st.none()))),
    *(_item(modifier, _values(LETTERS)) for modifier in TEXTS),
    *(_item(modifier, _values(st.sampled_from(REGEXES))) for modifier in ("re", "re|i", "re|m", "re|s")),
    *(_item(modifier, st.integers(-20, 20)) for modifier in ("lt", "lte", "gt", "gte")),
    _item("cidr", _values(st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "::/0"]))),
    _item("exists", st.booleans()),
    _item("fieldref", st.sampled_from(FIELDS)),
    _item("windash|contains", _values(st.sampled_from(["-a", "/b", " -a "]))),
    _item("base64offset|contains", _values(st.sampled_from(["a", "ab", "abc"]))),
)
SELECTION: st.SearchStrategy[Any] = st.one_of(
    st.lists(ITEMS, min_size=1, max_size=3).map(dict),
    st.lists(st.lists(ITEMS, min_size=1, max_size=2).map(dict), min_size=1, max_size=3),
    st.lists(st.sampled_from(["a", "A*b", "true", "sysmon", "10", "é"]), min_size=1, max_size=2),
)
CONDITION = st.recursive(
    st.sampled_from(["s1", "s2", "s3", "1 of s*", "all of s*", "1 of them", "all of them"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or", "and not"]), inner).map(
            lambda three: f"({three[0]}) {three[1]} ({three[2]})"
        ),
    ),
    max_leaves=5,
)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(FIELDS), st.one_of(PLAIN, st.none()), max_size=5), min_size=1, max_size=6
)


@settings(max_examples=400)
@given(st.lists(SELECTION, min_size=3, max_size=3), CONDITION, ROWS)
def test_they_agree(selections: list[Any], condition: str, rows: list[dict[str, Any]]) -> None:
    detection = {f"s{number}": one for number, one in enumerate(selections, 1)}
    rule = document({**detection, "condition": condition})
    try:
        SigmaRule.from_dict(rule)
    except SigmaError:
        return
    read = [process(fields, number) for number, fields in enumerate(rows, 1)]
    try:
        found = matched(rule, read)
    except InputError:  # refused, which is told; what is refused matches nothing
        return
    assert found == [expected(rule, row) for row in read]


@settings(max_examples=150)
@given(st.sampled_from(["", *TEXTS]), LETTERS, st.lists(LETTERS, min_size=1, max_size=8))
def test_they_agree_on_wildcards(modifier: str, pattern: str, values: list[str]) -> None:
    rule = document({"sel": {f"A|{modifier}" if modifier else "A": pattern}})
    rows = [process({"A": value}, number) for number, value in enumerate(values, 1)]
    try:
        found = matched(rule, rows)
    except InputError:
        return
    assert found == [expected(rule, row) for row in rows]
