"""`icelos vulns analyze` and `icelos scan vulns`, end to end, each with poison among good records."""

from __future__ import annotations

import json
import os
import tarfile
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def feed(tmp_path: Path) -> str:
    """Two good advisories, one line that is broken, and Alpine's fixes with one broken package."""
    folder = tmp_path / "feed"
    folder.mkdir()
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": "web"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    lines = [json.dumps({"id": f"A-{n}", "aliases": [f"CVE-2020-{n}"], "affected": affected}) for n in (1, 2)]
    (folder / "pypi.jsonl").write_text(
        "\n".join([lines[0], '{"id": "A-9", "affected": {}}', lines[1]]) + "\n"
    )
    fixes = {"1.1-r5": ["CVE-2021-1"], "1.0-r0": ["CVE-2019-1"]}
    packages = [{"pkg": {"name": "openssl", "secfixes": fixes}}, {"pkg": 7}]
    (folder / "alpine.json").write_text(
        json.dumps({"distroversion": "v3.10", "packages": packages}, indent=1)
    )
    return str(folder)


@pytest.fixture
def bom(tmp_path: Path) -> str:
    parts: list[Any] = [
        {"name": "web", "version": "1.9", "purl": "pkg:pypi/web@1.9"}, {"name": 7},
        {"name": "x", "purl": "pkg:pypi/x@1"},
        {"name": "web", "version": "2.1", "purl": "pkg:pypi/web@2.1"},
    ]  # fmt: skip
    (tmp_path / "bom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "components": parts}))
    return str(tmp_path / "bom.json")


@pytest.fixture
def image(tmp_path: Path, images: ModuleType) -> str:
    below = images.tar(
        {
            "lib/apk/db/installed": b"P:libssl\nV:1.0-r0\no:openssl\n",
            "etc/os-release": b"ID=alpine\nVERSION_ID=3.10.4\n",
        }
    )
    above = images.tar(
        {
            "lib/apk/db/installed": b"P:libssl\nV:1.1-r4\no:openssl\n\nP:no version\n\nP:musl\nV:1-r0\n",
            "../../etc/passwd": b"evil",
        }
    )
    (tmp_path / "image.tar").write_bytes(images.docker_archive(below, above, tag="shop:7"))
    return str(tmp_path / "image.tar")


def _outcomes(out: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    lines = [json.loads(line) for line in out.splitlines()]
    return [one["finding"] for one in lines if "finding" in one], [
        one["failure"] for one in lines if "failure" in one
    ]


@pytest.mark.parametrize("command", ["analyze", "scan"])
def test_an_image(image: str, feed: str, command: str, capfdbinary: Capture) -> None:
    arguments = {
        "analyze": ["vulns", "analyze", image, "--advisories", feed, "--format", "json"],
        "scan": ["scan", "vulns", image, "-o", f"advisories={feed}", "--json"],
    }
    assert run(arguments[command]) == 0
    findings, failures = _outcomes(capfdbinary.readouterr().out)
    assert {f["summary"].split(":")[0]: f["verdict"] for f in findings} == {
        "libssl 1.1-r4 is affected by CVE-2021-1": "alert",
        "libssl 1.1-r4 has the fix of CVE-2019-1": "clear",
    }
    alert = next(f for f in findings if f["verdict"] == "alert")
    assert alert["evidence"][0] == {
        "quote": "P:libssl V:1.1-r4", "source": "lib/apk/db/installed:1", "how": "tool",
    }  # fmt: skip
    assert alert["evidence"][1]["source"] == "alpine.json:openssl"
    said = sorted(f"{f['source']} {f['error']}"[:60] for f in failures)
    assert [line.split()[0] for line in said] == [
        "alpine.json:packages[2]", "image.tar", "lib/apk/db/installed:5", "pypi.jsonl:2"
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["analyze", "scan"])
def test_a_bill_of_materials(bom: str, feed: str, command: str, capfdbinary: Capture) -> None:
    arguments = {
        "analyze": ["vulns", "analyze", bom, "--advisories", feed, "--json"],
        "scan": ["scan", "vulns", bom, "-o", f"advisories={feed}", "--json"],
    }
    assert run(arguments[command]) == 0
    findings, failures = _outcomes(capfdbinary.readouterr().out)
    assert Counter(f["label"] for f in findings) == {"vulnerable": 2, "code_not_present": 2}
    assert Counter(f["attributes"]["status"] for f in findings) == {"affected": 2, "fixed": 2}
    assert len({f["record_id"] for f in findings}) == 4
    assert sorted(f["source"] for f in failures) == [
        "alpine.json:packages[2]", "bom.json:components[1]", "pypi.jsonl:2"
    ]  # fmt: skip


def test_the_table_the_store_and_the_exit_code(bom: str, feed: str, capfdbinary: Capture) -> None:
    assert run(["vulns", "analyze", bom, "--advisories", feed, "--fail-on", "alert"]) == 1
    shown = capfdbinary.readouterr()
    assert shown.out.count(b"vulnerable\tweb 1.9") == 2
    assert b"fixed\t" not in shown.out
    assert b"read 7, findings 4 (2 alert, 2 clear), clear 0, failures 3" in shown.err
    assert run(["findings", "--job", "vulns", "--verdict", "clear", "--json"]) == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 2
    assert run(["vulns", "analyze", bom, "--advisories", feed, "--all", "--cve", "CVE-2020-2"]) == 0
    table = capfdbinary.readouterr().out
    assert table.count(b"CVE-2020-2") == 3
    assert b"fix\t0.006\tmove\tweb 1.9 to 2.0: closes CVE-2020-2" in table


def test_a_report_in_a_file(bom: str, feed: str, tmp_path: Path, capfdbinary: Capture) -> None:
    report = tmp_path / "out" / "report.jsonl"
    arguments = ["vulns", "analyze", bom, "--advisories", feed, "--format", "json", "--output", str(report)]
    assert run(arguments) == 0
    assert capfdbinary.readouterr().out == b""
    first = report.read_bytes()
    assert [len(part) for part in _outcomes(first)] == [4, 3]
    assert run(arguments) == 0
    assert report.read_bytes() == first, "the same input gives the same report"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.tar", "--advisories", "FEED"], b"none.tar: no such file or folder"),
        (["BOM", "--advisories", "none"], b"none: no such file or folder"),
        (["BOM", "--advisories", "FEED", "--format", "pdf"], b"no format 'pdf'"),
        (["BOM", "--advisories", "FEED", "--fail-on", "high"], b"--fail-on 'high'"),
        (["FEED", "--advisories", "FEED"], b"no packages found in it"),
        (["junk", "--advisories", "FEED"], b"junk: broken archive"),
    ],
)
def test_bad_input_is_one_line(
    bom: str, feed: str, tmp_path: Path, arguments: list[str], says: bytes, capfdbinary: Capture
) -> None:
    (tmp_path / "junk").write_bytes(b"neither an archive nor a document")
    given = [{"BOM": bom, "FEED": feed}.get(a, a) for a in arguments]
    assert run(["vulns", "analyze", *given]) == 2
    shown = capfdbinary.readouterr()
    assert shown.out == b""
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1


def test_by_the_feeds_of_the_workspace(bom: str, feed: str, tmp_path: Path, capfdbinary: Capture) -> None:
    """Without --advisories: a clear line where nothing has been fetched; then by risk, with its terms."""
    assert run(["vulns", "analyze", bom]) == 2
    (line,) = capfdbinary.readouterr().err.decode().splitlines()
    assert "there are no advisories in the workspace (icelos feeds update osv" in line
    mirror = tmp_path / "mirror"
    (mirror / "kev").mkdir(parents=True)
    Path(feed).rename(mirror / "osv")
    row = {
        "cveID": "CVE-2020-2",
        "vulnerabilityName": "V",
        "dueDate": "2020-02-01",
        "dateAdded": "2020-01-01",
    }
    (mirror / "kev" / "kev.json").write_text(
        json.dumps({"vulnerabilities": [row]}).replace("2020-2", "2020-0002")
    )
    advisories = (mirror / "osv" / "pypi.jsonl").read_text().replace("CVE-2020-", "CVE-2020-000")
    (mirror / "osv" / "pypi.jsonl").write_text(advisories)
    assert run(["feeds", "update", "osv", "kev", "--mirror", str(mirror), "--no-index"]) == 0
    capfdbinary.readouterr()
    for command in (["vulns", "analyze", bom], ["scan", "vulns", bom]):
        assert run([*command, "--json"]) == 0
        findings, _ = _outcomes(capfdbinary.readouterr().out)
        listed = next(f for f in findings if "CVE-2020-0002" in f["summary"] and f["verdict"] == "alert")
        assert listed["attributes"]["kev"] == "2020-01-01"
        assert "threat 1 (in CISA's KEV since 2020-01-01)" in listed["attributes"]["risk_terms"]
        assert "severity unknown" in listed["attributes"]["risk_terms"]
        assert all((f["score"] is None) == (f["verdict"] == "clear") for f in findings)
    assert run(["vulns", "analyze", bom]) == 0
    rows = [line.split("\t") for line in capfdbinary.readouterr().out.decode().splitlines()]
    assert ["CVE-2020-0002" in row[3] for row in rows[:2]] == [True, False], "what is exploited comes first"


# -- on real images and advisories


@pytest.fixture
def data() -> Path:
    folder = Path(os.environ.get("ICELOS_DATA", "-")) / "vulns"
    if not folder.is_dir():
        pytest.skip("ICELOS_DATA is not set, or has no vulns/")
    return folder


@pytest.mark.data
@pytest.mark.parametrize("name", ["alpine-310", "alpine-311"])
def test_a_real_image(data: Path, name: str, capfdbinary: Capture) -> None:
    target = data / "images" / f"{name}.docker-archive.tar.gz"
    assert run(["scan", "vulns", str(target), "-o", f"advisories={data / 'alpine-secdb'}", "--json"]) == 0
    findings, failures = _outcomes(capfdbinary.readouterr().out)
    assert failures == [] or name == "alpine-311"
    if failures:
        assert "no advisories are loaded for Alpine:v3.11" in failures[0]["error"]
    else:
        assert len(findings) > 20
        assert all(f["evidence"][0]["source"].startswith("lib/apk/db/installed:") for f in findings)


@pytest.mark.data
def test_real_bills_of_materials(data: Path, tmp_path: Path, capfdbinary: Capture) -> None:
    """Every JSON document of 37 ends in a report, and Syft's and Trivy's for one image agree on PyPI."""
    found: dict[str, set[str]] = {}
    for pack in sorted((data / "sboms").glob("*.tar.gz")):
        with tarfile.open(pack) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or not member.name.endswith(".json") or member.size > 32 << 20:
                    continue
                target = tmp_path / Path(member.name).name
                target.write_bytes(content.read())
                advisories = data / "pypa-advisory-db"
                assert run(["scan", "vulns", str(target), "-o", f"advisories={advisories}", "--json"]) == 0
                findings, _ = _outcomes(capfdbinary.readouterr().out)
                found[target.name] = {f["summary"].lower() for f in findings if f["verdict"] == "alert"}
    assert len(found) > 40
    syft = next(v for k, v in found.items() if k.startswith("spdx-syft-sysdig"))
    trivy = next(v for k, v in found.items() if k.startswith("spdx-trivy-sysdig"))
    assert syft == trivy
    assert len(syft) > 5
