"""Every format of `icelos vulns analyze` on real targets: valid, and a round trip that changes nothing."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from icelos.cli.main import run
from icelos.jobs.vulns.documents.forms import VEX
from icelos.jobs.vulns.report import FORMATS

SCHEMAS = {
    "openvex": "openvex_0.2.0.json", "cyclonedx": "cyclonedx/bom-1.6.schema.json", "csaf": "csaf_2.0.json",
}  # fmt: skip
Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns"
    if not folder.is_dir():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/")
    return folder


@pytest.fixture(params=["alpine", "sysdig"])
def analyze(
    request: pytest.FixtureRequest, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The command on an image with Alpine's fixes, and on a bill of materials with PyPA's advisories."""
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    if request.param == "alpine":
        target, feed = data / "images" / "alpine-310.docker-archive.tar.gz", data / "alpine-secdb"
    else:
        target, feed = tmp_path / "bom.json", data / "pypa-advisory-db"
        with tarfile.open(data / "sboms" / "spdx-popular-containers-21x2.tar.gz") as archive:
            member = next(m for m in archive if "spdx-syft-sysdig" in m.name)
            content = archive.extractfile(member)
            assert content is not None
            target.write_bytes(content.read())
    return ["vulns", "analyze", str(target), "--advisories", str(feed)]


@pytest.mark.data
def test_every_format(analyze: list[str], data: Path, capfdbinary: Capture) -> None:
    for form in FORMATS:
        assert run([*analyze, "--format", form, "--output", f"out.{form}"]) == 0
    findings = [json.loads(line) for line in Path("out.json").read_bytes().splitlines()]
    told = [line["finding"] for line in findings if "finding" in line]
    assert len(told) > 20
    for form in VEX:
        document = json.loads(Path(f"out.{form}").read_bytes())
        assert _errors(data / "schemas", SCHEMAS[form], document) == []
        capfdbinary.readouterr()
        assert run(["vulns", "vex", "apply", "out.json", f"out.{form}"]) == 0
        shown = capfdbinary.readouterr()
        assert shown.out == Path("out.json").read_bytes()
        assert b"; 0 findings changed" in shown.err
    for form in ("markdown", "html"):
        page = Path(f"out.{form}").read_text()
        assert all(f["attributes"]["vulnerability"] in page for f in told)
    results = json.loads(Path("out.sarif").read_bytes())["runs"][0]["results"]
    assert len(results) == sum(f["verdict"] != "clear" for f in told)


@pytest.mark.data
def test_documents_of_one_run_say_the_same(analyze: list[str], capfdbinary: Capture) -> None:
    for form in VEX:
        assert run([*analyze, "--format", form, "--output", f"out.{form}"]) == 0
    for other in ("cyclonedx", "csaf"):
        capfdbinary.readouterr()
        assert run(["vulns", "vex", "diff", "out.openvex", f"out.{other}"]) == 0
        assert capfdbinary.readouterr().out == b""


SCORES = {
    f"https://www.first.org/cvss/cvss-v{version}.json": DRAFT202012.create_resource(
        {"required": ["vectorString", "baseScore"], "properties": {"version": {"const": version}}}
    )
    for version in ("2.0", "3.0", "3.1")
}
"""FIRST's schemas of CVSS are not at hand: enough of them to tell one from another."""


def _errors(folder: Path, name: str, document: dict[str, Any]) -> list[str]:
    schema = json.loads((folder / name).read_text())
    beside = [json.loads(file.read_text()) for file in (folder / name).parent.glob("*.schema.json")]
    registry: Any = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in beside])
    registry = registry.with_resources(SCORES.items())
    kind = jsonschema.validators.validator_for(schema)
    checker = kind(schema, registry=registry, format_checker=jsonschema.FormatChecker())
    return [error.message for error in checker.iter_errors(document)]
