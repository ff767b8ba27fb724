"""The labelled (application, CVE) pairs are well formed; whether Icelos decides them is measured elsewhere.

How the labels were given, by reading the advisory and the source of the installed release:

- vulnerable: who controls the stated input of the application triggers the CVE with this release.
- code_not_present: the installed release has the fix, or is from before the fault.
- code_not_reachable: the function, class or plug-in is never used, or only on constants of the application.
- requires_configuration: the option, setting or argument that the fault needs is off or absent; so is
  a setting that switches a whole feature on (an entry of MIDDLEWARE or INSTALLED_APPS, a proxy).
- requires_dependency: it runs only with another distribution that is not installed.
- requires_environment: it needs another operating system or interpreter than the application states.
- protected_by_mitigating_control: the application refuses the harmful values before the call.
- uncertain: a value that is not in the tree (an environment variable, a plug-in) decides.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
APPLICATIONS = sorted(path.name for path in (HERE / "applications").iterdir())
LABELS = {
    "code_not_present",
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_mitigating_control",
    "vulnerable",
    "false_positive",
    "uncertain",
}
MIN_PAIRS, MIN_PACKAGES, MIN_EXPLOITABLE, MAX_UNCERTAIN = 150, 25, 75, 6


def is_held_out(package: str) -> bool:
    return hashlib.sha256(package.lower().encode()).digest()[0] % 2 == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_is_well_formed(case: dict[str, Any]) -> None:
    assert set(case) == {
        "id",
        "application",
        "packages",
        "vulnerability",
        "package",
        "exploitable",
        "label",
        "why",
        "held_out",
    }
    assert case["application"] in APPLICATIONS
    assert re.fullmatch(r"CVE-\d{4}-\d{4,}", case["vulnerability"])
    assert case["label"] in LABELS
    assert case["exploitable"] is (case["label"] == "vulnerable")
    assert case["held_out"] is is_held_out(case["package"])
    assert case["why"].strip()
    names = [package["name"] for package in case["packages"]]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert case["package"] in names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_pins_agree_with_what_is_installed(case: dict[str, Any]) -> None:
    installed = {package["name"]: package["version"] for package in case["packages"]}
    folder = HERE / "applications" / case["application"]
    for file in [*folder.rglob("requirements*.txt"), *folder.rglob("Dockerfile")]:
        for name, version in re.findall(r"([A-Za-z][\w.-]*)==([\w.]+)", file.read_text(encoding="utf-8")):
            assert installed[name.lower()] == version


def test_ids_are_distinct() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)


def test_every_application_is_used() -> None:
    assert sorted({case["application"] for case in CASES}) == APPLICATIONS


@pytest.mark.parametrize("name", APPLICATIONS)
def test_application_compiles(name: str) -> None:
    modules = list((HERE / "applications" / name).rglob("*.py"))
    assert modules
    for module in modules:
        ast.parse(module.read_text(encoding="utf-8"), str(module))


def test_set_is_large_enough() -> None:
    assert len(CASES) >= MIN_PAIRS
    assert len({case["package"] for case in CASES}) >= MIN_PACKAGES
    assert sum(case["exploitable"] for case in CASES) >= MIN_EXPLOITABLE
    assert sum(case["label"] == "uncertain" for case in CASES) <= MAX_UNCERTAIN


@pytest.mark.parametrize(
    "label", ["vulnerable", "code_not_present", "code_not_reachable", "requires_configuration"]
)
def test_common_label_has_enough_cases(label: str) -> None:
    assert sum(case["label"] == label for case in CASES) >= 8


@pytest.mark.parametrize("held_out", [True, False])
def test_either_half_is_a_sample_of_its_own(held_out: bool) -> None:
    half = [case for case in CASES if case["held_out"] is held_out]
    assert len(half) >= MIN_PAIRS // 3
    assert sum(case["exploitable"] for case in half) >= MIN_EXPLOITABLE // 3
    assert len({case["package"] for case in half}) >= MIN_PACKAGES // 3
