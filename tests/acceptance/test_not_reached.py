"""No function that really runs is ever said to be not reached.

The programs of the call graph's corpus stand as a package of an application here, once imported as they are
and once with what they do put into a function that only an open call leads to, so that nothing is exact.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from icelos.jobs.vulns.reachability import CallGraph, Standing

HERE = Path(__file__).parent / "call_graph"
PROGRAMS = sorted(one for one in (HERE / "programs").iterdir() if not one.name.startswith("_"))
PLAIN = "import program\n"
OPEN = "import program\ngetattr(program, '__ru' + 'n__')()\n"
NOT_RUN = 0.10
"""Of the functions that do not run, the share that must be said to be not reached where all is open."""


def plain(source: str) -> str:
    return source


def wrapped(source: str) -> str:
    """What follows the last definition or import moves into a function; its names stay global."""
    tree = ast.parse(source)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    last = max((n for n, one in enumerate(tree.body) if isinstance(one, kinds)), default=-1)
    head, tail = tree.body[: last + 1], tree.body[last + 1 :]
    if not tail:
        return source
    stored = {
        node.id
        for one in tail
        for node in ast.walk(one)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    names: list[ast.stmt] = [ast.Global(names=sorted(stored))] if stored else []
    run = ast.parse("def __run__(): ...").body[0]
    assert isinstance(run, ast.FunctionDef)
    run.body = [*names, *tail]
    return ast.unparse(ast.fix_missing_locations(ast.Module([*head, run], [])))


def install(program: Path, folder: Path, application: str, change: Callable[[str], str]) -> tuple[Path, Path]:
    """(the application, its packages): the program as the module `program`, its other files beside it."""
    site, own = folder / "site", folder / "app"
    site.mkdir(parents=True)
    own.mkdir()
    files = sorted(program.rglob("*.py")) if program.is_dir() else [program]
    main = program / "main.py" if program.is_dir() else program
    for file in files:
        target = site / ("program.py" if file == main else file.relative_to(program))
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text()
        target.write_text(change(text) if file == main else text)
    (own / "start.py").write_text(application)
    return own, site


def traced(places: Sequence[tuple[Path, Path]]) -> list[set[str]]:
    """The functions that run in each application with its packages, without the modules."""
    runners = []
    for own, site in places:
        runners.append(site / "_runner.py")
        path, start = str(site), str(own / "start.py")
        runners[-1].write_text(
            f"import sys; sys.path.insert(0, {path!r}); import runpy; runpy.run_path({start!r})"
        )
    asked = "\n".join(json.dumps([str(one.parent), str(one)]) for one in runners)
    command = [sys.executable, "-B", str(HERE / "record.py"), "scripts"]
    told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=100, check=True)
    for one in runners:
        one.unlink()
    return [{callee for _, callee in edges} for edges in json.loads(told.stdout)]


def standings(own: Path, site: Path) -> dict[str, Standing]:
    """Each function of the packages, its name as the recorder writes it; the best of those of one name."""
    graph = CallGraph.of([own], [site])
    graph.reach("program")
    found: dict[str, Standing] = {}
    order = [Standing.NOT_REACHED, Standing.UNKNOWN, Standing.LIKELY, Standing.REACHED]
    for name in graph.functions():
        short = re.sub(r":\d+", "", re.sub(r"<lambda(\d+)\.\d+>", r"<lambda>\1", name))
        standing = graph.reach(name).standing
        found[short] = max(found.get(short, standing), standing, key=order.index)
    return found


@pytest.mark.parametrize(
    ("application", "change"), [(PLAIN, plain), (OPEN, wrapped)], ids=["imported", "open"]
)
def test_what_runs_is_never_not_reached(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    application: str,
    change: Callable[[str], str],
) -> None:
    missed: dict[str, list[str]] = {}
    idle = still = ran = 0
    places = [install(program, tmp_path / program.stem, application, change) for program in PROGRAMS]
    for program, (own, site), truth in zip(PROGRAMS, places, traced(places), strict=True):
        found = standings(own, site)
        modules = {file.relative_to(site).as_posix()[:-3].replace("/", ".") for file in site.rglob("*.py")}
        modules |= {one.removesuffix(".__init__") for one in modules}
        wrong = [n for n in truth - modules if found.get(n, Standing.NOT_REACHED) is Standing.NOT_REACHED]
        if wrong:
            missed[program.stem] = sorted(wrong)
        ran += len(truth & found.keys())
        idle += len(found.keys() - truth)
        still += sum(found[name] is Standing.NOT_REACHED for name in found.keys() - truth)
    with capsys.disabled():
        print(f"\n{len(PROGRAMS)} programs, {ran} functions run, {len(missed)} programs missed; ", end="")
        print(f"of {idle} that do not, {still} are not reached")
    assert not missed
    assert ran > 400
    assert still / idle >= NOT_RUN


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-s"]))
