"""Every code block of the manual's page on the API runs as it stands, against a console."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Console

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
PRINTED = "http://127.0.0.1:8787"
"""The address that the page shows."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def output(console: Console, command: list[str]) -> str:
    done = subprocess.run(
        command, env={**os.environ, "ICELOS_TOKEN": console.token}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(console: Console, code: str) -> None:
    told = output(console, [sys.executable, "-c", code.replace(PRINTED, console.address)])
    assert "one common password" in told


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("code", blocks("bash"))
def test_curl_gets_json(console: Console, code: str) -> None:
    told = output(console, ["bash", "-c", code.replace(PRINTED, console.address)])
    assert "one common password" in told
    assert json.loads(told)


def test_settings_of_assistants_are_json() -> None:
    found = [json.loads(code) for code in blocks("json")]
    assert len(found) == 3
    started = [one["icelos"] for given in found for one in given.values() if "command" in one["icelos"]]
    assert all(one["command"] == "icelos" and one["args"] == ["mcp"] for one in started)
