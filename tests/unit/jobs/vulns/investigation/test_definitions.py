from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from icelos.jobs.vulns.investigation.definitions import Definitions, Kind, read_definitions

SOURCE = """
import re
_pattern = re.compile("x")
LIMIT: int = 3

class Truncator(Base):
    def chars(self, num, html=False):
        def inner():
            return _pattern
        return inner()

    async def words(self):
        pass

def urlize(text,
           nofollow=True):
    print "python 2", _pattern.findall(text)

default = urlize == 3
"""


def _all() -> Definitions:
    return Definitions([("app.utils.text", "app/utils/text.py", SOURCE)])


def test_what_a_module_defines_is_read_with_its_place_even_of_python_2() -> None:
    found = {one.symbol: (one.kind, one.line) for one in read_definitions("app.utils.text", "f", SOURCE)}
    assert found == {
        "app.utils.text": (Kind.MODULE, 0),
        "app.utils.text.Truncator": (Kind.CLASS, 6),
        "app.utils.text.Truncator.chars": (Kind.FUNCTION, 7),
        "app.utils.text.Truncator.chars.inner": (Kind.FUNCTION, 8),
        "app.utils.text.Truncator.words": (Kind.FUNCTION, 12),
        "app.utils.text.urlize": (Kind.FUNCTION, 15),
        "app.utils.text._pattern": (Kind.VALUE, 3),
        "app.utils.text.LIMIT": (Kind.VALUE, 4),
        "app.utils.text.default": (Kind.VALUE, 19),
    }


def test_names_are_found_by_parts_in_order_and_by_other_spelling() -> None:
    found = _all()
    assert [one.symbol for one in found.named(("text", "Truncator"))] == ["app.utils.text.Truncator"]
    assert [one.symbol for one in found.named(("Truncator", "chars"))] == ["app.utils.text.Truncator.chars"]
    assert found.named(("Truncator", "urlize")) == []
    assert found.named(("chars", "Truncator")) == []
    assert [one.symbol for one in found.named(("TRUNCATOR",))] == ["app.utils.text.Truncator"]
    assert found.named(("truncator",)) == []


def test_the_users_of_a_value_are_the_functions_that_mention_it() -> None:
    assert _all().users_of("app.utils.text._pattern") == [
        "app.utils.text.Truncator.chars.inner",
        "app.utils.text.urlize",
    ]


def test_the_source_of_a_definition_is_its_block() -> None:
    file, line, text = _all().source_of("app.utils.text.urlize")
    assert (file, line) == ("app/utils/text.py", 15)
    assert text.startswith("def urlize(text,")
    assert text.rstrip().endswith("findall(text)")
    assert _all().source_of("app.utils.text.absent") == ("", 0, "")


@given(st.text(max_size=300))
def test_any_text_is_read(source: str) -> None:
    for one in read_definitions("m", "m.py", source):
        assert one.symbol.startswith("m")
        assert 0 <= one.line <= source.count("\n") + 1
