"""Calls that a package makes as it is loaded work on nothing but its own: no way for anything hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icelos.jobs.vulns.reachability import Standing

if TYPE_CHECKING:
    from tests.unit.jobs.vulns.reachability.conftest import Make

LIB = "def prepare(x):\n    return x\n\ndef use(x):\n    return x\n\nTABLE = prepare(1)\n"


def test_what_only_loading_calls_is_open(make: Make) -> None:
    graph = make({"app.py": "import lib\nlib.use(input())\n"}, {"lib.py": LIB})
    found = graph.reach("lib.prepare")
    assert (found.standing, graph.runs("lib.prepare")) == (Standing.UNKNOWN, True)
    assert found.why == "it is called as packages are loaded, and perhaps later"
    assert graph.reach("lib.use").standing is Standing.REACHED


def test_the_same_function_called_later_is_reached(make: Make) -> None:
    graph = make({"app.py": "import lib\nlib.prepare(input())\n"}, {"lib.py": LIB})
    assert graph.reach("lib.prepare").standing is Standing.REACHED


def test_calls_in_own_modules_count(make: Make) -> None:
    graph = make({"app.py": "import own\n", "own.py": "import lib\nx = lib.prepare(1)\n"}, {"lib.py": LIB})
    assert graph.reach("lib.prepare").standing is Standing.REACHED
