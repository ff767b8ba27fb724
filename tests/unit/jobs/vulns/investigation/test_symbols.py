from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.vulns.investigation.definitions import Definitions
from icelos.jobs.vulns.investigation.symbols import Role, Strength, named_in

SOURCE = """
_marks = 1
class Reader:
    def open(self): ...
    def chunks(self): ...
class SafeReader(Reader): ...
def read_all(path): ...
def untar(path): ...
def convert(x): ...
class Markup: ...
"""
DEFINITIONS = Definitions(
    [("archive.reader", "archive/reader.py", SOURCE), ("archive", "archive/__init__.py", "")]
)


def _named(text: str) -> dict[str, tuple[Role, Strength, list[str]]]:
    found = named_in(text, DEFINITIONS, own=["archive", "python"])
    return {one.text: (one.role, one.strength, [d.symbol for d in one.definitions]) for one in found}


@pytest.mark.parametrize(
    ("text", "name", "symbol", "strength"),
    [
        ("A flaw in read_all lets attackers in.", "read_all", "archive.reader.read_all", Strength.CODE),
        ("Reader's chunks() method is slow.", "Reader.chunks", "archive.reader.Reader.chunks", Strength.CODE),
        (
            "archive.reader.Reader.open follows links.",
            "archive.reader.Reader.open",
            "archive.reader.Reader.open",
            Strength.CODE,
        ),
        ("The `untar` helper follows links.", "untar", "archive.reader.untar", Strength.CODE),
        ("An overflow via the convert function.", "convert", "archive.reader.convert", Strength.CALLED),
        ("A flaw in archive/reader.py in read_all.", "read_all", "archive.reader.read_all", Strength.CODE),
        ("untar and read_all follow links.", "untar", "archive.reader.untar", Strength.CALLED),
    ],
)
def test_names_of_code_are_found_where_the_package_defines_them(
    text: str, name: str, symbol: str, strength: Strength
) -> None:
    assert _named(text)[name] == (Role.VULNERABLE, strength, [symbol])


def test_prose_and_names_that_nobody_defines_are_no_code() -> None:
    assert _named("Attackers open files and convert them; absent_function() and Other.open do that.") == {}


def test_what_is_recommended_is_a_remedy() -> None:
    found = _named("read_all runs code. Use `SafeReader` instead.")
    assert found["read_all"][0] is Role.VULNERABLE
    assert found["SafeReader"][0] is Role.REMEDY
    found = _named("`untar` follows links.\n\n### Workarounds\n\nCall `read_all` on each file.")
    assert (found["untar"][0], found["read_all"][0]) == (Role.VULNERABLE, Role.REMEDY)


def test_a_name_that_is_both_is_vulnerable() -> None:
    assert [one[0] for one in _named("`untar` is bad. Avoid `untar`.").values()] == [Role.VULNERABLE]


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    for one in named_in(text, DEFINITIONS):
        assert one.definitions
