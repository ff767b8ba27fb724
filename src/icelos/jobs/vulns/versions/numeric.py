"""Families whose versions are numbers and nothing else: R's packages and Haskell's."""

from __future__ import annotations

import re


def cran(version: str) -> tuple[int, ...]:
    """Numbers between dots and dashes (https://cran.r-project.org/doc/manuals/R-exts.html, "Version")."""
    return _numbers(version, r"[.-]")


def hackage(version: str) -> tuple[int, ...]:
    """Numbers between dots (https://pvp.haskell.org)."""
    return _numbers(version, r"\.")


def _numbers(version: str, between: str) -> tuple[int, ...]:
    parts = re.split(between, version)
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"not a version: {version!r}")
    return tuple(int(part) for part in parts)
