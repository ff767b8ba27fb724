"""Builds the folder that is analysed for one verdict case: the application beside its installed packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

APPLICATIONS = Path(__file__).with_name("applications")


def target_of(case: dict[str, Any], cache: Path, work: Path) -> Path:
    """`work/ID` with `app/` (the application) and `site-packages/` (hard links to the cache, else copies).

    The cache is filled by `packages.py`; raises FileNotFoundError where it lacks a package of the case. A
    folder left by an earlier call is built anew.
    """
    target = work / str(case["id"])
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        APPLICATIONS / case["application"], target / "app", ignore=shutil.ignore_patterns("__pycache__")
    )
    for package in case["packages"]:
        source = cache / f"{package['name'].lower()}-{package['version']}"
        shutil.copytree(source, target / "site-packages", copy_function=_link, dirs_exist_ok=True)
    return target


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except FileExistsError:
        return
    except OSError:
        shutil.copy2(source, destination)
