from __future__ import annotations

import re

import pytest

from icelos.jobs.logs.simulation.cef import Cef, _escaped, _header
from icelos.jobs.logs.simulation.events import Event, SignIn
from icelos.jobs.logs.simulation.kinds import KINDS
from icelos.jobs.logs.simulation.organisation import Organisation

FORM = re.compile(
    r"<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ CEF:0\|Microsoft\|[^|]+\|1\.0\|[^|]+\|[^|]+\|\d+\|(.*)"
)


@pytest.fixture(scope="module")
def rows(organisation: Organisation, events: list[Event]) -> list[tuple[Event, dict[str, str]]]:
    writer, out = Cef(organisation), []
    for event in events[:15_000]:
        if KINDS["cef"].keeps(event):
            match = FORM.fullmatch(writer.row(event).decode())
            assert match
            pairs = re.findall(r"(\w+)=((?:\\.|[^=\\])*?)(?= \w+=|$)", match[1])
            out.append((event, dict(pairs)))
    return out


def test_rows_say_what_the_other_logs_say(rows: list[tuple[Event, dict[str, str]]]) -> None:
    assert {isinstance(event, SignIn) for event, _ in rows} == {True, False}
    for event, fields in rows:
        assert fields["rt"] == str(event.time // 1000)
        assert fields.get("src", fields.get("c6a2")) == event.network.address
        if isinstance(event, SignIn):
            assert fields["cn1"] == str(event.code)
            assert (fields["outcome"] == "failure") == (event.code != 0)
            assert fields["cs1"] == event.app.name
        else:
            assert fields["act"] == event.operation


def test_what_the_format_reserves_is_escaped() -> None:
    assert _escaped("a=b\\c\nd") == "a\\=b\\\\c\\nd"
    assert _header("a|b", "1", "c\\d", 3) == "CEF:0|Microsoft|a\\|b|1.0|1|c\\\\d|3|"
