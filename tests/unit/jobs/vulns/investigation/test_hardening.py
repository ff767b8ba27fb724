"""Protections, on binaries that a compiler makes with and without them, and on broken ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.hardening import hardening, protections
from icelos.jobs.vulns.investigation.tools import run

SOURCE = (
    "#include <stdio.h>\n#include <string.h>\n"
    'int main(int n, char **a) { char b[64]; strcpy(b, a[0]); printf("%s", b); return n; }\n'
)
HARD = ["-O2", "-fPIE", "-pie", "-fstack-protector-all", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now"]
SOFT = [
    "-O0", "-fno-PIE", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-Wl,-z,norelro",
    "-Wl,-z,execstack",
]  # fmt: skip


def _compiled(folder: Path, flags: list[str]) -> bytes:
    compiler = shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no gcc that makes ELF files")
    (folder / "a.c").write_text(SOURCE)
    command = [compiler, *flags, "-o", str(folder / "a.out"), str(folder / "a.c")]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "a.out").read_bytes()


def test_all_protections(tmp_path: Path) -> None:
    assert protections(_compiled(tmp_path, HARD)) == {
        "PIE": "yes", "RELRO": "full", "NX": "yes", "stack protector": "yes", "FORTIFY": "yes",
    }  # fmt: skip


def test_no_protection(tmp_path: Path) -> None:
    assert protections(_compiled(tmp_path, SOFT)) == {
        "PIE": "no", "RELRO": "no", "NX": "no", "stack protector": "not seen", "FORTIFY": "not seen",
    }  # fmt: skip


def test_partial_relro(tmp_path: Path) -> None:
    assert protections(_compiled(tmp_path, [*HARD[:-1], "-Wl,-z,relro,-z,lazy"]))["RELRO"] == "partial"


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01\x01" + b"\0" * 9, b"#!/bin/sh\n"])
def test_what_is_no_elf_file(make_case: Callable[..., Case], root: Path, data: bytes) -> None:
    (root / "bin").write_bytes(data)
    found = hardening(make_case(), "bin")
    assert found.open.startswith("not a readable ELF file")
    assert not found.evidence


def test_every_cut_is_an_open_answer(make_case: Callable[..., Case], root: Path, tmp_path: Path) -> None:
    whole = _compiled(tmp_path, HARD)
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        (root / "bin").write_bytes(whole[:size])
        found = hardening(make_case(), "bin")
        assert found.open or found.says


@given(noise=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_after_a_header(make_case: Callable[..., Case], root: Path, noise: bytes) -> None:
    (root / "bin").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 9 + noise)
    assert not run(make_case(), "hardening", {"path": "bin"}).failed


def test_no_such_file(make_case: Callable[..., Case]) -> None:
    with pytest.raises(InputError, match="no such file"):
        hardening(make_case(), "../a.out")
