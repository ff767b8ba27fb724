"""Every tool on a real target: what it sees, and that nothing that goes wrong in it ends a case."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from icelos.errors import InputError
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.tools import MAX_LISTED, TOOLS, run
from icelos.jobs.vulns.ranges import Standing
from icelos.jobs.vulns.verdicts import Label
from icelos.llm import schema

MakeCase = Callable[..., Case]
CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "version": ({}, "1.0 is affected"),
    "files": ({"pattern": "*.ini"}, "1 files match *.ini"),
    "text": ({"words": "strict"}, "1 lines hold 'strict'"),
    "code_search": ({"query": "parse a document"}, "1 functions about 'parse a document'"),
    "symbol": ({"name": "load"}, "1 definitions of load"),
    "imports": ({"module": "kit"}, "kit is loaded"),
    "reach": ({"symbol": "kit.load"}, "kit.load is reached"),
    "arguments": ({"symbol": "kit.load"}, "kit.load"),
    "inputs": ({}, "calls of kit, not all with own values"),
    "fix": ({}, "it is not known what a fixed release changed"),
    "setting": ({"name": "strict"}, "strict is set in 1 places"),
    "runtime": ({}, "runs on linux; 1 start commands"),
    "packages": ({"name": "KIT"}, "1 packages named KIT"),
    "hardening": ({"path": "app/main.py"}, "not a readable ELF file"),
}


@pytest.mark.parametrize("name", list(TOOLS))
def test_every_tool_answers(make_case: MakeCase, name: str) -> None:
    arguments, says = CALLS[name]
    found = run(make_case(), name, arguments)
    assert says in (found.says or found.open)
    assert (found.tool, dict(found.arguments)) == (name, arguments)
    assert not found.failed


@pytest.mark.parametrize("name", list(TOOLS))
def test_schemas_are_valid_and_closed(name: str) -> None:
    parameters = TOOLS[name].tool.parameters
    schema.check(parameters)
    assert schema.violations({"other": 1}, parameters)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("shell", {"command": "id"}, "no tool 'shell'"),
        ("reach", {}, "arguments of reach"),
        ("reach", {"symbol": "x" * 201}, "arguments of reach"),
        ("reach", {"symbol": ["kit.load"]}, "arguments of reach"),
        ("version", {"label": "not_affected"}, "arguments of version"),
    ],
)
def test_unknown_tools_and_arguments_are_refused(
    make_case: MakeCase, name: str, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        run(make_case(), name, arguments)


@pytest.mark.parametrize(
    "path", ["../secret", "/secret", "app/../../secret", "link", "app\0/x", "site-packages"]
)
def test_nothing_outside_of_the_target_is_read(make_case: MakeCase, root: Path, path: str) -> None:
    (root.parent / "secret").write_text("KEY=hidden")
    (root / "link").symlink_to(root.parent / "secret")
    for name, arguments in (("hardening", {"path": path}), ("files", {"pattern": path})):
        found = run(make_case(), name, arguments)
        assert "hidden" not in found.told()
        assert not found.evidence
    assert not run(make_case(), "text", {"words": "hidden"}).evidence


class _Exploding(Case):
    """A case whose advisory breaks a rule, by the error that it is given."""

    error: Exception = ValueError()

    @cached_property
    def definitions(self) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        RecursionError("too deep"),
        ZeroDivisionError("0"),
        UnicodeDecodeError("utf-8", b"", 0, 1, "x"),
        MemoryError(),
    ],
)
def test_any_error_within_a_tool_is_an_open_answer(make_case: MakeCase, error: Exception) -> None:
    good = make_case()
    case = _Exploding(good.component, good.vulnerability, good.text, good.source, good.reading, good.target)
    case.error = error
    found = run(case, "symbol", {"name": "load"})
    assert found.failed
    assert found.open.startswith(f"symbol failed: {type(error).__name__}")
    assert (found.rules_out, found.supports, found.evidence) == (None, False, ())


@pytest.mark.parametrize(
    ("standing", "rules_out", "supports", "is_open"),
    [
        (Standing.AFFECTED, None, True, False),
        (Standing.FIXED, Label.CODE_NOT_PRESENT, False, False),
        (Standing.OUTSIDE, Label.CODE_NOT_PRESENT, False, False),
        (Standing.UNDECIDED, None, False, True),
    ],
)
def test_version(
    make_case: MakeCase, standing: Standing, rules_out: Label | None, supports: bool, is_open: bool
) -> None:
    found = run(make_case(standing=standing), "version", {})
    assert (found.rules_out, found.supports, bool(found.open)) == (rules_out, supports, is_open)
    assert [one.source for one in found.evidence][-1] == "feed.jsonl:1"


def test_files_are_listed_within_a_bound(make_case: MakeCase, root: Path) -> None:
    for number in range(MAX_LISTED + 5):
        (root / f"n{number}.cfg").write_text("")
    found = run(make_case(), "files", {"pattern": "*.cfg"})
    assert found.says == f"{MAX_LISTED + 1}+ files match *.cfg"
    assert len(found.evidence) == MAX_LISTED


def test_packages_by_pattern(make_case: MakeCase) -> None:
    assert len(run(make_case(), "packages", {"name": "*"}).evidence) == 2
    assert run(make_case(), "packages", {"name": "django"}).says == "no package named django is installed"
