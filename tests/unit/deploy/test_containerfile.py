"""The container recipe: linted, with the user, the locks and the check that it promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECIPE = ROOT / "deploy" / "Containerfile"
SECRET = re.compile(r"(?i)(password|passwd|secret|token|api_?key)\s*=")


def instructions() -> list[str]:
    """Of the recipe, a line each, without comments."""
    lines = [line for line in RECIPE.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def final_stage() -> list[str]:
    lines = instructions()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return lines[last:]


def program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_linter_has_nothing_to_say() -> None:
    done = subprocess.run(
        [program("hadolint"), "--no-color", str(RECIPE)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_nobody_of_the_host_and_is_checked_without_a_shell() -> None:
    stage = final_stage()
    assert "USER 10001:10001" in stage
    assert 'ENTRYPOINT ["icelos"]' in stage
    assert "VOLUME /data" in stage
    assert not [line for line in stage if line.startswith("RUN ")], "nothing is installed where it runs"
    (check,) = [line for line in stage if line.startswith("HEALTHCHECK ")]
    assert re.search(r'CMD \["python", "-I", "-c", ".*/healthz', check)


def test_what_is_installed_is_locked_by_hashes() -> None:
    installs = re.findall(r"pip install (.*?)(?: +&&|$)", "\n".join(instructions()), re.M)
    assert installs == [
        "--no-deps --require-hashes -r /tmp/setuptools.lock",
        '--no-deps --require-hashes --no-build-isolation "$@"',
        "--no-deps --no-index /wheel/*.whl",
    ]


def test_no_secret_is_in_a_layer() -> None:
    text = RECIPE.read_text("utf-8")
    assert not [
        line for line in instructions() if re.match(r"(ENV|ARG|LABEL)\b", line) and SECRET.search(line)
    ]
    assert "--mount=type=secret" in text
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named is not sent to the build"
    assert {line[1:] for line in rules if line.startswith("!")} == {
        "LICENSE", "README.md", "pyproject.toml", "requirements/*.lock", "src",
    }  # fmt: skip


def test_both_stages_begin_with_the_same_pinned_base() -> None:
    bases = [line for line in instructions() if line.startswith("FROM ")]
    assert [base.split(" AS ")[0] for base in bases] == ["FROM ${BASE}${BASE_DIGEST}"] * 2
    (tag,) = [line for line in instructions() if line.startswith("ARG BASE=")]
    assert re.fullmatch(r"ARG BASE=docker\.io/library/python:3\.11-slim-bookworm", tag)


def blocks(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    found = re.split(r"\n(?=[a-z0-9])", text.strip())[1:]
    return {block.split(" \\")[0]: block for block in found}


@pytest.mark.parametrize("extra", ["ray", "kafka", "postgres", "s3"])
def test_extras_are_locked_as_they_are_tested(extra: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    locked, run = blocks(f"extra-{extra}.lock"), blocks("run.lock")
    names = {key.partition("==")[0] for key in locked | run}
    assert {re.split(r"[\[>=<]", wanted)[0] for wanted in declared[extra]} <= names
    assert locked.items() <= blocks("dev.lock").items()
    assert not locked.keys() & run.keys()
