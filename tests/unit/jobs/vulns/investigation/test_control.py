from __future__ import annotations

from pathlib import Path

import pytest

from icelos.jobs.vulns.investigation.control import Control, Origin, Site, literal_value

HEAD = """
import sys, yaml
from flask import request
TEXT = "a: 1"
TABLE = {}
TABLE["x"] = request.args
LINES = ["a"]
"""


def _origin(tmp_path: Path, body: str, line_of: str = "yaml.load") -> Origin:
    file = tmp_path / "app.py"
    file.write_text(HEAD + body)
    lines = (HEAD + body).splitlines()

    def site(word: str, caller: str) -> Site:
        return Site(file, next(n for n, line in enumerate(lines, 1) if word in line), caller)

    def callers(name: str) -> list[Site]:
        return [
            Site(file, n, "app")
            for n, line in enumerate(lines, 1)
            if "helper(" in line and "def " not in line
        ]

    control = Control(callers, lambda name, _: name == "shipped.yaml")
    return control.of_call(site(line_of, "app.helper"), "load")


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        ("yaml.load(TEXT)", Origin.FIXED),
        ("yaml.load('a: %s' % TEXT, Loader=yaml.SafeLoader)", Origin.FIXED),
        ("yaml.load(open('shipped.yaml'))", Origin.FIXED),
        ("yaml.load(open('upload.yaml'))", Origin.UNKNOWN),
        ("def f():\n    with open('shipped.yaml') as s:\n        return yaml.load(s)", Origin.FIXED),
        ("for one in ('a', 'b'):\n    yaml.load(one)", Origin.FIXED),
        ("for one in LINES:\n    yaml.load(one)", Origin.FIXED),
        ("yaml.load(request.data)", Origin.OUTSIDE),
        ("yaml.load(request.form.copy())", Origin.OUTSIDE),
        ("yaml.load(other.form.copy())", Origin.UNKNOWN),
        ("import other\nyaml.load(other.form.copy())", Origin.UNKNOWN),
        ("import other\nyaml.load(other.list())", Origin.UNKNOWN),
        ("yaml.load(sys.argv[1])", Origin.OUTSIDE),
        ("yaml.load(input())", Origin.OUTSIDE),
        ("yaml.load(TABLE)", Origin.UNKNOWN),
        ("yaml.load(fetch())", Origin.UNKNOWN),
        ("def f(a):\n    b = []\n    b.append(a)\n    yaml.load(b)", Origin.UNKNOWN),
        ("def f():\n    a = 'x'\n    a = request.data\n    yaml.load(a)", Origin.OUTSIDE),
        ("def f():\n    a, b = fetch()\n    yaml.load(a)", Origin.UNKNOWN),
        ("def helper(text):\n    yaml.load(text)", Origin.UNKNOWN),
        ("def helper(text):\n    yaml.load(text)\nhelper('x')\nhelper(text=TEXT)", Origin.FIXED),
        ("def helper(text):\n    yaml.load(text)\nhelper('x')\nhelper(request.data)", Origin.OUTSIDE),
        ("def helper(text):\n    yaml.load(text)\nhelper(*LINES)", Origin.UNKNOWN),
        ("@app.route('/')\ndef helper(text):\n    yaml.load(text)\nhelper('x')", Origin.UNKNOWN),
        ("class A:\n    def f(self):\n        yaml.load(self.text)", Origin.UNKNOWN),
        ("yaml.load()", Origin.UNKNOWN),
    ],
)
def test_a_value_is_fixed_only_where_every_way_to_it_is(tmp_path: Path, body: str, origin: Origin) -> None:
    assert _origin(tmp_path, body) is origin


def test_a_file_that_does_not_parse_tells_nothing(tmp_path: Path) -> None:
    assert _origin(tmp_path, "yaml.load('x'") is Origin.UNKNOWN


def test_literals_are_compared_by_value() -> None:
    assert literal_value('"a"') == literal_value("'a'")
    assert literal_value("True") == "True"
    assert literal_value("yaml.SafeLoader") == "yaml.SafeLoader"
    assert literal_value("f(x)") is None
