"""Which functions a program of Go has: by the names in its table of functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from icelos.data.parse.osv_advisories import Advisory, Affected
from icelos.data.statement import Statement
from icelos.data.tree import open_tree
from icelos.jobs.vulns.linked import Programs
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.records import Component

TEXT = "golang.org/x/text/language"
TABLE = [
    "runtime.main", "runtime.goexit", "golang.org/x/text/language.MatchStrings",
    "gopkg.in/yaml%2ev2.Unmarshal", "net/http.(*Server).Serve", "slices.Sort[...]", "main.run.func1",
    "a.org/b/vendor/c.org/d.Parse",
]  # fmt: skip
READING = Reading(Standing.AFFECTED, "affected", "introduced 0")


def _component(location: str = "bin/tool:1", purl: str = "pkg:golang/golang.org/x/text@0.3.0") -> Component:
    return Component(
        id=location, source="t", target="t", advisory="GO-1", purl=purl, name="text", version="0.3.0",
        location=location, quote="dep golang.org/x/text v0.3.0",
    )  # fmt: skip


def _statement(*imports: tuple[str, str], name: str = "GO-1") -> Statement:
    affected = Affected("Go", "", TEXT, (), (), imports=imports)
    return Statement(Advisory(id=name, source="go.jsonl:1", affected=(affected,)), affected)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "target" / "bin"
    folder.mkdir(parents=True)
    (folder / "tool").write_bytes(b"\x7fELF\x00" + b"\x00".join(one.encode() for one in TABLE) + b"\x00")
    (folder / "hidden").write_bytes(b"\x7fELF\x00runtime.main\x00xq2\x00")
    return tmp_path / "target"


def _dropped(root: Path, *imports: tuple[str, str], places: tuple[str, ...] = ("bin/tool:1",)) -> bool:
    components = [_component(place) for place in places]
    tree = open_tree(root, root.parent / "work")
    found = Programs(tree, components).not_linked(components[0], [_statement(*imports)], READING)
    return found is not None


@pytest.mark.parametrize(
    ("path", "symbol", "dropped"),
    [
        (TEXT, "ParseAcceptLanguage", True),
        (TEXT, "MatchStrings", False),
        (TEXT, "Match", True),
        (TEXT, "", False),
        ("golang.org/x/text", "", True),
        ("gopkg.in/yaml.v2", "Unmarshal", False),
        ("net/http", "Server.Serve", False),
        ("net/http", "Client.Do", True),
        ("slices", "Sort", False),
        ("main", "run", False),
        ("c.org/d", "Parse", False),
    ],
)
def test_functions_by_their_names(root: Path, path: str, symbol: str, dropped: bool) -> None:
    assert _dropped(root, (path, symbol)) is dropped


def test_one_function_or_one_program_that_has_it_is_enough(root: Path) -> None:
    assert not _dropped(root, (TEXT, "Gone"), (TEXT, "MatchStrings"))
    (root / "bin" / "other").write_bytes(b"\x00runtime.main\x00runtime.goexit\x00other\x00")
    assert _dropped(root, (TEXT, "MatchStrings"), places=("bin/other:1",))
    assert not _dropped(root, (TEXT, "MatchStrings"), places=("bin/other:1", "bin/tool:1"))


@pytest.mark.parametrize("place", ["bin/hidden:1", "bin/missing:1", "bin", "../../etc/passwd"])
def test_what_cannot_be_read_says_nothing(root: Path, place: str) -> None:
    assert not _dropped(root, (TEXT, "Gone"), places=(place,))


def test_an_advisory_without_functions_says_nothing(root: Path) -> None:
    assert not _dropped(root)
    component = _component()
    statements = [_statement((TEXT, "Gone")), _statement(name="GO-2"), _statement(name="GHSA-1")]
    programs = Programs(open_tree(root, root.parent / "work"), [component])
    assert programs.not_linked(component, statements, READING) is None
    assert programs.not_linked(component, [statements[0], statements[2]], READING) is not None
