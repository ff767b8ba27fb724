"""The page on OWASP's list names tests and files that are there, for each of the ten risks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "owasp-llm.md").read_text("utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
FILES = sorted(set(re.findall(r"`((?:data|llm|knowledge|jobs|web|people)/[\w/]+\.py)`", PAGE)))


@pytest.mark.parametrize("name", TESTS)
def test_named_tests_exist(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert function in found if function else any(one.startswith("test_") for one in found)


@pytest.mark.parametrize("name", FILES)
def test_named_files_exist(name: str) -> None:
    assert (ROOT / "src" / "icelos" / name).is_file()


def test_every_risk_has_a_control_and_a_test() -> None:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert [part[:5] for part in parts] == [f"LLM{n:02}" for n in range(1, 11)]
    assert all(part.count("`tests/") >= 2 for part in parts)
