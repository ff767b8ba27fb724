from __future__ import annotations

import pytest

from icelos.jobs.vulns.versions.go import doubt

COMMIT = "v0.0.0-20240326214341-4fc94919996f"


@pytest.mark.parametrize(
    ("module", "version", "bounds", "says"),
    [
        ("a.example/b/v8", "v3.46.0", ["8.0.1"], "cannot be a version of"),
        ("a.example/b/v8", "3.46.0", [], "cannot be a version of"),
        ("a.example/b/v8", "v8.0.0", ["8.0.1"], ""),
        ("a.example/b/v8", "v18.0.0", ["8.0.1"], "cannot be a version of"),
        ("a.example/b", "v3.46.0+incompatible", ["8.0.1"], ""),
        ("gopkg.in/yaml.v3", "v3.0.0", ["3.0.1"], ""),
        ("a.example/b", COMMIT, ["0", "1.2.3"], ""),
        ("a.example/b/v2", COMMIT, ["0", "2.5.0"], ""),
        ("a.example/b", COMMIT, ["0"], ""),
        ("a.example/b", COMMIT, ["0", "0.0.0-20220314234659-1baeb1ce4c0b"], ""),
        ("a.example/b", COMMIT, ["0.0.0-20240326214341-1baeb1ce4c0b"], "commits of one second"),
        ("a.example/b", COMMIT, [COMMIT.removeprefix("v")], ""),
        ("a.example/b", "v1.4.2-0.20170731201646-1009e6a40b29", ["1.5.0"], ""),
        ("a.example/b", "v1.4.2-0.20170731201646-1009e6a40b29", ["1.4.2-0.20170731201646-2009e6a40b29"],
         "commits of one second"),
    ],
)  # fmt: skip
def test_versions_that_tell_nothing(module: str, version: str, bounds: list[str], says: str) -> None:
    found = doubt(module, version, bounds)
    assert says in found
    assert bool(found) is bool(says)
