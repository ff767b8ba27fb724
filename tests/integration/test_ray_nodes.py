"""Two nodes on this machine, one of which is killed in the middle: the same answer."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from icelos.engine.jobs import items_of
from icelos.engine.run import score_safely
from icelos.records import Record

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]


@pytest.mark.parametrize("what", ["records", "files"])
def test_a_killed_node_changes_nothing(tmp_path: Path, what: str) -> None:
    logs, plug_in = tmp_path / "logs", tmp_path / "plug-in"
    logs.mkdir()
    for file in range(40):
        lines = [f"file {file} line {number}" + " poison" * (number == file) for number in range(50)]
        (logs / f"{file:02}.log").write_text("\n".join(lines) + "\n")
    _plug_in(plug_in)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(plug_in), *sys.path]),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # all nodes on loopback
    }
    program = Path(__file__).with_name("ray_nodes.py")
    with TemporaryDirectory(prefix="icelos-ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        done = subprocess.run(
            [sys.executable, str(program), what, str(logs)],
            env=environment | {"RAY_TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=220,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    items = items_of("mail", str(logs), source_format="lines", options=None)
    records = [one for one in items if isinstance(one, Record)]
    wanted = Counter(str(one) for one in score_safely(_job(), records) if one is not None)
    assert told["workers"] == 2
    assert told["died"] >= 1
    assert told["read"] == len(records) == 2000
    assert Counter(told["outcomes"]) == wanted
    assert sum("poison" in one and one.startswith("Failure") for one in wanted) == 40


def _plug_in(folder: Path) -> None:
    about = folder / "ray_jobs-1.dist-info"
    about.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("ray_jobs.py"), folder)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-jobs\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[icelos.jobs]\nplain = ray_jobs:plain\n")


def _job() -> Any:
    path = Path(__file__).with_name("ray_jobs.py")
    specification = importlib.util.spec_from_file_location("ray_jobs", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Plain()
