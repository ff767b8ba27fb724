"""A small target: an application that calls one function of an installed package, and not another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.investigated import open_target
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.conclusion import Conclusion
from icelos.jobs.vulns.investigation.loop import investigate
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.ranges import Reading, Standing
from icelos.records import Component

MakeCase = Callable[..., Case]
FILES = {
    "app/main.py": (
        "import sys\nimport kit\nDEBUG = False\n\n\n"
        "def main():\n    print(kit.load(sys.argv[1]))\n\n\nmain()\n"
    ),
    "app/settings.ini": "[kit]\nstrict = on\n",
    "Dockerfile": "FROM python:3.11-slim\nENV STAGE=live\nCMD python app/main.py\n",
    "site-packages/kit/__init__.py": (
        'def load(text):\n    """Parse a document."""\n    return eval(text)\n\n\n'
        'def dump_archive(value):\n    """Write an archive."""\n    return repr(value)\n'
    ),
    "site-packages/kit-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: kit\nVersion: 1.0\n",
    "site-packages/kit-1.0.dist-info/RECORD": "kit/__init__.py,,\nkit-1.0.dist-info/METADATA,,\n",
    "site-packages/idle/__init__.py": "def run(text):\n    return text\n",
    "site-packages/idle-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: idle\nVersion: 2.0\n",
    "site-packages/idle-2.0.dist-info/RECORD": "idle/__init__.py,,\nidle-2.0.dist-info/METADATA,,\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the target."""
    for name, text in FILES.items():
        path = tmp_path / "target" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "target"


@pytest.fixture
def target(root: Path, tmp_path: Path) -> Target:
    found = open_target(root, tmp_path / "work")
    assert found is not None
    return found


@pytest.fixture
def make_case(target: Target) -> MakeCase:
    """A case of `name` in the target with an advisory's text."""
    return case_maker(target)


def case_maker(target: Target) -> MakeCase:
    """What makes cases of one target."""

    def make(
        text: str = "`kit.load` runs what a document says.",
        name: str = "kit",
        standing: Standing = Standing.AFFECTED,
        fixes: Sequence[Fix] = (),
    ) -> Case:
        found = next(one for one in target.components if one.name == name)
        component = Component(
            id=name, source=found.source, target="target", advisory="A-1", purl=found.purl, name=name,
            version=found.version, location=found.location, quote=found.quote,
        )  # fmt: skip
        reading = Reading(standing, f"{found.version} is {standing.value}", "introduced 0, fixed 9")
        return Case(component, "CVE-2024-1", text, "feed.jsonl:1", reading, target, fixes)

    return make


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Conclusion]:
    """The conclusion, without a model, of a target with these files instead of those of `FILES`."""

    def judged(files: Mapping[str, str], text: str = "", fixes: Sequence[Fix] = ()) -> Conclusion:
        root = tmp_path / "judged"
        record = "".join(f"{name.removeprefix('site-packages/')},,\n" for name in files if "/kit/" in name)
        whole = {**FILES, **files}
        whole["site-packages/kit-1.0.dist-info/RECORD"] += record
        for name, content in whole.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        target = open_target(root, tmp_path / "judged-work")
        assert target is not None
        make = case_maker(target)
        return investigate(make(text, fixes=fixes) if text else make(fixes=fixes)).conclusion

    return judged
