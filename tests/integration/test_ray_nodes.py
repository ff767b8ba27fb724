"""Two nodes on this machine, one of which is killed in the middle: the same answer."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rows import write_rows

from icelos.data.sinks import SqliteSink
from icelos.engine.pipeline import Pipeline, run_pipeline
from icelos.settings import EngineSettings, Settings

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]


@pytest.mark.parametrize(("how", "job"), [("given", "marks"), ("given", "counts"), ("files", "marks")])
def test_a_killed_node_changes_nothing(tmp_path: Path, how: str, job: str) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    for file in range(10):
        path = rows / f"{file}.jsonl"
        write_rows(path, 300, poisoned=0.01, seed=file)
        # the same row in two files is one event, which goes by the place that was stored last
        path.write_bytes(path.read_bytes().replace(b'"row-', b'"row-%d-' % file))
    expected, found = tmp_path / "expected.sqlite", tmp_path / "found.sqlite"
    settings = Settings(engine=EngineSettings(partitions=4))
    with SqliteSink(expected) as sink:
        wanted = run_pipeline(Pipeline(job=job, locations=(str(rows),)), sink, settings=settings)
    told = _run(how, job, str(rows), str(found))
    assert told["nodes left"] == 1
    assert (told["read"], told["findings"], told["failures"]) == (3000, wanted.findings, wanted.failures)
    assert _outcomes(found) == _outcomes(expected)
    assert wanted.failures > 10


def _run(how: str, job: str, rows: str, sink: str) -> dict[str, int]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # all nodes on loopback
    }
    program = [sys.executable, str(Path(__file__).with_name("ray_nodes.py"))]
    with TemporaryDirectory(prefix="icelos-ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        done = subprocess.run(
            [*program, how, job, rows, sink],
            env=environment | {"RAY_TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=220,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return told


def _outcomes(file: Path) -> list[str]:
    with SqliteSink(file) as sink:
        return sorted(map(str, [*sink.findings(limit=100_000), *sink.failures(limit=100_000)]))
