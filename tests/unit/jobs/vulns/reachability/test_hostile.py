"""Files that no one would write, and folders that lead elsewhere."""

from __future__ import annotations

from pathlib import Path

from tests.unit.jobs.vulns.reachability.conftest import Make

from icelos.jobs.vulns.reachability import CallGraph, Standing


def test_python_2_file_of_the_application(make: Make) -> None:
    graph = make({"app.py": "print 'hello'\n", "two.py": "import lib\n"}, {"lib.py": "def bad(): ...\n"})

    assert graph.reach("lib.bad").standing is Standing.UNKNOWN


def test_file_of_ten_megabytes(make: Make) -> None:
    graph = make({"app.py": "import lib\n" + "x = 1\n" * 1_800_000}, {"lib.py": "def bad(): ...\n"})

    found = graph.reach("lib.bad")

    assert found.standing is Standing.UNKNOWN
    assert "too large" in found.why


def test_expression_nested_too_deep_to_parse(make: Make) -> None:
    graph = make({"app.py": "import lib\nx = " + "(" * 5000 + ")" * 5000}, {"lib.py": "def bad(): ...\n"})

    assert graph.reach("lib.bad").standing is Standing.UNKNOWN


def test_recursion_makes_the_unit_unknown(make: Make) -> None:
    chain = "f" + "(g)" * 950
    graph = make({"app.py": f"import lib\ny = {chain}\n"}, {"lib.py": "def bad(): ...\n"})

    found = graph.reach("lib.bad")

    assert found.standing is Standing.UNKNOWN
    assert "nested too deep" in found.why


def test_cyclic_imports(make: Make) -> None:
    graph = make(
        {"app.py": "import a\na.f()"}, {"a.py": "import b\ndef f(): b.g()", "b.py": "import a\ndef g(): ..."}
    )

    assert graph.reach("b.g").standing is Standing.REACHED


def test_class_that_derives_from_itself(make: Make) -> None:
    source = "class A(A):\n    def f(self): self.g()\n"
    source += "class B(C): ...\nclass C(B): ...\nC().f()\nA().f()"

    graph = make({"app.py": source})

    assert "app.A.f" in graph.edges["app"]


def test_links_out_of_the_folder_are_not_followed(make: Make, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("def leak(): ...\nleak()\n")
    make({"app.py": "import secret, folder.secret\n"})
    (tmp_path / "app" / "secret.py").symlink_to(outside / "secret.py")
    (tmp_path / "app" / "folder").symlink_to(outside)
    (tmp_path / "site" / "secret.py").symlink_to(outside / "secret.py")

    graph = CallGraph.of([tmp_path / "app"], [tmp_path / "site"])

    assert not any("leak" in callee for found in graph.edges.values() for callee in found)


def test_two_graphs_of_the_same_files_do_not_disturb_each_other(make: Make, tmp_path: Path) -> None:
    files = {"app.py": "import lib\nlib.go()"}, {"lib.py": "def go(): bad()\ndef bad(): ..."}

    assert make(*files).edges == make(*files).edges
