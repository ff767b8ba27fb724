"""Programs written into a folder, and their call graph."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from icelos.jobs.vulns.reachability import CallGraph

Make = Callable[..., CallGraph]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make({"app.py": ...}, {"lib.py": ...})`: the graph of an application and its installed packages."""

    def written(folder: Path, files: dict[str, str]) -> Path:
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))
        return folder

    def made(application: dict[str, str], packages: dict[str, str] | None = None) -> CallGraph:
        site = written(tmp_path / "site", packages or {})
        return CallGraph.of([written(tmp_path / "app", application)], [site])

    return made
