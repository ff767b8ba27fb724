from __future__ import annotations

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.observations import MAX_SAID, Observation


def test_a_command_is_written_as_people_would() -> None:
    assert Observation("reach", {"symbol": "yaml.load"}, "").command == "reach(symbol=yaml.load)"
    assert Observation("version", {}, "").command == "version()"


def test_what_a_model_is_told_is_bounded() -> None:
    seen = Observation("text", {}, "two lines", (Evidence("a = 1", "a.py:1", How.TOOL),))
    assert seen.told() == "two lines\na.py:1: a = 1"
    assert Observation("text", {}, "", open="why not").told() == "why not"
    long = Observation("text", {}, "x", tuple(Evidence("q" * 300, "a", How.TOOL) for _ in range(30)))
    assert len(long.told()) == MAX_SAID
