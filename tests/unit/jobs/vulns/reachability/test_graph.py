"""What is reached, by which way, and which calls are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.jobs.vulns.reachability.conftest import Make

from icelos.jobs.vulns.reachability import CallGraph, Limits, Standing

LIBRARY = {
    "lib/__init__.py": "from lib.core import load\nfrom .core import *\n",
    "lib/core.py": "__all__ = ['load', 'other']\ndef load(x):\n    return bad(x)\n"
    "def other(): ...\ndef bad(x): ...\n",
}


@pytest.mark.parametrize(
    "source",
    [
        "import lib\nlib.load(1)",
        "import lib.core\nlib.core.load(1)",
        "import lib.core as c\nc.load(1)",
        "from lib import load\nload(1)",
        "from lib.core import load as l\nl(1)",
        "from lib import *\nload(1)",
        "def f():\n    from lib import core\n    core.load(1)\nf()",
        "try:\n    import missing\nexcept ImportError:\n    import lib as missing\nmissing.load(1)",
        "import importlib\nimportlib.import_module('lib').load(1)",
        "m = __import__('lib')\nm.load(1)",
    ],
)
def test_imports_in_all_forms(make: Make, source: str) -> None:
    graph = make({"app.py": source}, LIBRARY)

    found = graph.reach("lib.core.bad")

    assert found.standing is Standing.REACHED
    assert found.path[-1].function == "lib.core.load"
    assert graph.imports("lib.core")[0].function.startswith("app")


def test_reexport_is_the_same_symbol(make: Make) -> None:
    graph = make({"app.py": "import lib\nlib.load(7, deep=True)"}, LIBRARY)

    assert graph.defines("lib.load") == "lib.core.load"
    assert graph.defines("lib.nothing") is None
    assert graph.reach("lib.load").standing is Standing.REACHED
    [call] = graph.calls_of("lib.load")
    assert (call.caller, call.line, call.arguments, dict(call.keywords)) == (
        "app",
        2,
        ("7",),
        {"deep": "True"},
    )


def test_relative_imports_within_the_application(make: Make) -> None:
    graph = make({"web/__init__.py": "", "web/a.py": "from .b import go\ngo()", "web/b.py": "def go(): ..."})

    assert "web.b.go" in graph.edges["web.a"]


def test_module_that_is_never_loaded(make: Make) -> None:
    found = make({"app.py": "x = 1"}, LIBRARY).reach("lib.core.bad")

    assert found.standing is Standing.NOT_REACHED
    assert found.why == "its module is never loaded"


def test_loaded_and_not_called(make: Make) -> None:
    graph = make({"app.py": "import lib\nlib.other()"}, LIBRARY)

    assert graph.reach("lib.core.bad").standing is Standing.NOT_REACHED


def test_class_is_reached_where_it_is_made(make: Make) -> None:
    library = {"lib.py": "class Box:\n    def open(self): ...\n    def shut(self): ...\n"}
    graph = make({"app.py": "from lib import Box\nb = Box()\nb.open()"}, library)

    assert graph.reach("lib.Box").standing is Standing.REACHED
    assert graph.reach("lib.Box.open").standing is Standing.REACHED
    assert graph.reach("lib.Box.shut").standing is Standing.NOT_REACHED


@pytest.mark.parametrize(
    ("guard", "standing"),
    [
        ("if x is not None:", Standing.NOT_REACHED),
        ("if x is None:", Standing.REACHED),
        ("if x:", Standing.NOT_REACHED),
    ],
)
def test_a_default_of_none_decides_a_branch(make: Make, guard: str, standing: Standing) -> None:
    library = {"lib.py": f"def bad(): ...\ndef go(x=None):\n    {guard}\n        bad()\n"}
    graph = make({"app.py": "import lib\nlib.go()"}, library)

    assert graph.reach("lib.bad").standing is standing


def test_a_given_argument_opens_the_branch(make: Make) -> None:
    library = {"lib.py": "def bad(): ...\ndef go(x=None):\n    if x is not None:\n        bad()\n"}
    graph = make({"app.py": "import lib\nlib.go('a')"}, library)

    assert graph.reach("lib.bad").standing is Standing.REACHED


def test_the_limit_of_time_leaves_it_open(make: Make, tmp_path: Path) -> None:
    make({"app.py": "\n".join(f"def f{n}(): f{n + 1}()" for n in range(200))}, LIBRARY)
    graph = CallGraph.of([tmp_path / "app"], [tmp_path / "site"], limits=Limits(seconds=0))

    assert not graph.whole
    assert graph.reach("lib.core.bad").standing is Standing.UNKNOWN


def test_way_names_each_step(make: Make) -> None:
    graph = make({"app.py": "import lib\ndef main():\n    lib.load(1)\nmain()"}, LIBRARY)

    path = graph.reach("lib.core.bad").path

    assert [(step.function, step.line) for step in path] == [("app.main", 3), ("lib.core.load", 3)]


def test_import_edges(make: Make) -> None:
    graph = make({"app.py": "import one", "one.py": "import two", "two.py": "import one"})

    assert graph.edges["app"] == {"one"}
    assert graph.edges["one"] == {"two"}
    assert "one" not in graph.edges.get("two", ())
