"""NOT_REACHED is never said where a call that cannot be followed could lead to the function."""

from __future__ import annotations

import pytest
from tests.unit.jobs.vulns.reachability.conftest import Make

from icelos.jobs.vulns.reachability import Standing

BAD = "def bad(*args): ...\n"
OPEN = {
    "getattr with a made-up name": "import lib, sys\ngetattr(lib, sys.argv[1])()",
    "getattr with a beginning": "import lib, sys\ngetattr(lib, 'b' + sys.argv[1])()",
    "import with a made-up name": "import sys, importlib\nNAME = 'lib'\n"
    "importlib.import_module(sys.argv[1]).bad()",
    "handed to the standard library": "import lib, signal\nsignal.signal(2, lib.bad)",
    "handed to what is unknown": "import lib\ndef run(callback):\n    callback(lib.bad)",
    "kept in an attribute of what is unknown": "import lib\ndef run(thing):\n    thing.hook = lib.bad",
    "kept in a container of what is unknown": "import lib\ndef run(thing):\n    thing['a'] = lib.bad",
    "more values than are followed": "import lib\n"
    + "".join(f"def f{n}(): ...\n" for n in range(40))
    + "TABLE = {}\n"
    + "".join(f"TABLE[str({n})] = f{n}\n" for n in range(40))
    + "TABLE[str(99)] = lib.bad\ndef run(name):\n    TABLE[name]()",
    "globals": "from lib import bad\ndef run(name):\n    globals()[name]()",
    "setattr with a made-up name": "import lib\nclass A: ...\ndef run(name):\n"
    "    setattr(A(), name, lib.bad)",
}


@pytest.mark.parametrize("source", OPEN.values(), ids=OPEN.keys())
def test_open_calls(make: Make, source: str) -> None:
    found = make({"app.py": source}, {"lib.py": BAD}).reach("lib.bad")

    assert found.standing is not Standing.NOT_REACHED


METHODS = {
    "method of an unknown object": "class C:\n    def go(self):\n        bad()\ndef make(): return C()",
    "property of an unknown object": "class C:\n    @property\n    def go(self):\n        bad()\n"
    "def make(): return C()",
    "attribute that holds it": "class C:\n    def __init__(self):\n        self.go = bad\n"
    "def make(): return C()",
    "list in an attribute": "class C:\n    def __init__(self):\n        self.go = [bad]\n"
    "def make(): return C()",
    "operator": "class C:\n    def __add__(self, other):\n        bad()\ndef make(): return C()",
    "what an unknown function returns": "def make():\n    return inner\ndef inner():\n    bad()",
    "generator": "def make():\n    yield bad",
}
USE = "import lib, sys\nmade = getattr(lib, sys.argv[1])()\nmade.go()\n"
USE += "made.go[0]()\nmade()\nmade + 1\n[x() for x in made]\n"


@pytest.mark.parametrize("library", METHODS.values(), ids=METHODS.keys())
def test_what_an_unknown_value_may_do(make: Make, library: str) -> None:
    found = make({"app.py": USE}, {"lib.py": BAD + library + "\n"}).reach("lib.bad")

    assert found.standing in {Standing.UNKNOWN, Standing.LIKELY}


def test_an_open_call_of_another_name_leaves_it_not_reached(make: Make) -> None:
    source = "import lib\ndef run(thing):\n    thing.close()\n"

    assert make({"app.py": source}, {"lib.py": BAD}).reach("lib.bad").standing is Standing.NOT_REACHED


def test_the_open_calls_are_named(make: Make) -> None:
    found = make({"app.py": "import lib, sys\ngetattr(lib, sys.argv[1])()"}, {"lib.py": BAD}).reach("lib.bad")

    assert [(step.function, step.line) for step in found.unknown] == [("app", 2)]


def test_code_made_at_run_time(make: Make) -> None:
    found = make({"app.py": "import lib, sys\nexec(sys.argv[1])"}, {"lib.py": BAD}).reach("lib.bad")

    assert found.standing is Standing.UNKNOWN


def test_python_2_module_may_call_what_its_text_names(make: Make) -> None:
    files = {"old.py": "import lib\nprint 'x'\nlib.bad()\n", "lib.py": BAD}

    assert make({"app.py": "import old"}, files).reach("lib.bad").standing is Standing.UNKNOWN


def test_base_class_outside_calls_methods(make: Make) -> None:
    library = BAD + "from http.server import BaseHTTPRequestHandler\nclass H(BaseHTTPRequestHandler):\n"
    library += "    def do_GET(self):\n        bad()\n"

    graph = make({"app.py": "import lib\nlib.H()"}, {"lib.py": library})

    assert graph.reach("lib.bad").standing is Standing.UNKNOWN
