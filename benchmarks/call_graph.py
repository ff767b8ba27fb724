"""How many of the calls that packages really make, while their own tests run, the call graph knows.

.venv/bin/python benchmarks/call_graph.py ARCHIVE.tar.gz ...

Each archive is a source distribution with tests (`pip download --no-deps --no-binary :all: pluggy ...`).
It is unpacked, its tests run under `sys.setprofile` in a process of their own, and every traced edge whose
caller and callee are of the package or its tests is looked for in `CallGraph.edges`, with the tests as the
application. Runs the code of the archives: give it only what you trust.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from icelos.jobs.vulns.reachability import CallGraph

RECORDER = Path(__file__).parents[1] / "tests" / "acceptance" / "call_graph" / "record.py"
BAR = 0.80
Edges = set[tuple[str, str]]


def main() -> int:
    """One row an archive; 1 where a share is below the bar."""
    print(f"{'package':28}{'traced':>8}{'known':>8}{'share':>8}{'seconds':>9}")
    shares = [report(Path(one)) for one in sys.argv[1:]]
    return 0 if shares and min(shares) >= BAR else 1


def report(archive: Path) -> float:
    """Measure one archive and print its row; the commonest callees that are missed go to standard error."""
    with tempfile.TemporaryDirectory() as made:
        with tarfile.open(archive) as packed:
            packed.extractall(made, filter="data")
        [root] = [one for one in Path(made).resolve().iterdir() if one.is_dir()]
        source = root / "src" if (root / "src").is_dir() else root
        tests = next(root / name for name in ("tests", "testing") if (root / name).is_dir())
        truth = {(a, b) for a, b in traced(root, source, tests)}
        start = time.process_time()
        found = analysed(source, tests)
        seconds = time.process_time() - start
    share = len(truth & found) / len(truth)
    name = archive.name.removesuffix(".tar.gz")
    print(f"{name:28}{len(truth):8}{len(truth & found):8}{share:8.3f}{seconds:9.1f}")
    missed = Counter(callee for _, callee in truth - found)
    print("  missed: " + ", ".join(f"{one} {n}" for one, n in missed.most_common(8)), file=sys.stderr)
    return share


def traced(root: Path, source: Path, tests: Path) -> Edges:
    """The edges that running the tests shows, named as the modules are imported."""
    command = [sys.executable, "-B", str(RECORDER), str(root), "pytest", "-q", "-p", "no:cacheprovider"]
    command += [
        "-p",
        "no:benchmark",
        "-c",
        "/dev/null",
        f"--rootdir={root}",
        "--import-mode=append",
        str(tests),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        cwd=root,
        env={"PYTHONPATH": str(source)},
    )
    prefixes = [tests.relative_to(root).as_posix() + "/", source.relative_to(root).as_posix() + "/"]
    dotted = [prefix.replace("/", ".") for prefix in prefixes if prefix != "./"]

    def normal(name: str) -> str:
        for prefix in dotted:
            name = name.removeprefix(prefix)
        return name

    edges = json.loads(done.stdout.splitlines()[-1])
    return {(normal(caller), normal(callee)) for caller, callee in edges}


def analysed(source: Path, tests: Path) -> Edges:
    """The edges of the graph, lambdas and functions defined twice named as the recorder does."""
    graph = CallGraph.of([tests], [source])

    def normal(name: str) -> str:
        name = re.sub(r"<lambda(\d+)\.\d+>", r"<lambda>\1", name)
        return re.sub(r":\d+", "", name).removeprefix(f"{tests.name}.")

    return {(normal(caller), normal(callee)) for caller, found in graph.edges.items() for callee in found}


if __name__ == "__main__":
    sys.exit(main())
