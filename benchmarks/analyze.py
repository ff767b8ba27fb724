"""`icelos vulns analyze` as a whole, without a model: `python -m benchmarks.analyze ADVISORIES TARGET...`.

TARGET is what the command takes. `--cache FOLDER`, which `python tests/quality/verdicts/packages.py FOLDER`
has filled, adds a target that is made here: applications of tests/quality/verdicts beside old releases of
those packages that most advisories name. The command runs in a process of its own, with an empty workspace.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from icelos.data.advisories import load_advisories
from icelos.data.parse.purls import Place
from icelos.evaluate.metrics import percentile
from icelos.jobs.vulns.versions import compare

APPLICATIONS = Path(__file__).parent.parent / "tests" / "quality" / "verdicts" / "applications"
RUN = (
    "import resource, sys; from icelos.cli.main import main; sys.argv[0] = 'icelos'\n"
    "try: main()\n"
    "except SystemExit: pass\n"
    "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
)
BAR_WALL, BAR_CVE = 300.0, 2.0


def main() -> None:
    """Print a line for each target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("advisories")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--application", action="append", default=[])
    parser.add_argument("--packages", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        targets = list(given.targets)
        if given.cache:
            chosen = oldest(given.cache, given.advisories, given.packages)
            print(f"made of {', '.join(given.application or ['django-shop'])} and {' '.join(chosen)}")
            made = made_target(
                Path(folder) / "made", given.application or ["django-shop"], given.cache, chosen
            )
            targets.append(str(made))
        for target in targets:
            measure(target, given.advisories, Path(folder))


def oldest(cache: Path, advisories: str, number: int) -> list[str]:
    """The folders of the packages that most advisories name, each in the oldest version that is there."""
    found: dict[str, str] = {}
    for folder in sorted(path.name for path in cache.iterdir() if re.search(r"-\d[\w.]*$", path.name)):
        name, _, version = folder.rpartition("-")
        if name not in found or compare("PyPI", version, found[name]) < 0:
            found[name] = version
    index = load_advisories(advisories)
    counts = {name: len(index.about(Place("PyPI", "", name, version))) for name, version in found.items()}
    return [f"{name}-{found[name]}" for name in sorted(counts, key=lambda one: -counts[one])[:number]]


def made_target(target: Path, applications: list[str], cache: Path, packages: list[str]) -> Path:
    """A folder with `app/NAME` and `site-packages`."""
    for name in applications:
        shutil.copytree(APPLICATIONS / name, target / "app" / name)
    for name in packages:
        shutil.copytree(cache / name, target / "site-packages", dirs_exist_ok=True)
    return target


def measure(target: str, advisories: str, folder: Path) -> None:
    """Run the command, and print what it found and took."""
    home, output = folder / "home", folder / "report.json"
    shutil.rmtree(home, ignore_errors=True)
    command = [
        sys.executable, "-c", RUN, "vulns", "analyze", target, "--advisories", advisories, "--format", "json",
        "--output", str(output),
    ]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ICELOS_WORKSPACE_HOME": str(home)},
    )
    wall = time.perf_counter() - started
    peak = re.search(r"^peak (\d+)$", done.stderr, re.MULTILINE)
    if peak is None or not output.exists():
        sys.exit(f"the command failed: {done.stderr[-2000:]}")
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.read_text().splitlines()]
    findings = [one["finding"] for one in lines if "finding" in one]
    seconds = sorted(
        float(one["attributes"]["seconds"]) for one in findings if "seconds" in one["attributes"]
    )
    by_version = sum(
        one["label"] == "code_not_present" and "seconds" not in one["attributes"] for one in findings
    )
    print(
        f"{Path(target).name}: {len(findings)} findings, {len(lines) - len(findings)} failures; "
        f"{len(findings) - by_version} matched by version, {len(seconds)} investigated\n"
        f"  wall {wall:.1f} s (bar {BAR_WALL:.0f}), {wall / max(1, len(findings)):.3f} s a finding, "
        f"peak memory {int(peak[1]) / 1024:.0f} MiB\n"
        f"  labels {dict(Counter(one['label'] for one in findings).most_common())}"
    )
    if seconds:
        print(
            f"  seconds an investigation: median {percentile(seconds, 0.5):.2f} (bar {BAR_CVE:.0f}), "
            f"p95 {percentile(seconds, 0.95):.2f}, longest {seconds[-1]:.2f}, sum {sum(seconds):.1f}"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
