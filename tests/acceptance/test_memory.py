"""Two builds of one image: decisions and verdicts of the first, used again in the second or said why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from icelos.cli.main import run

Capture = pytest.CaptureFixture[bytes]
Build = Callable[..., str]
SITE = "usr/local/lib/python3.11/site-packages"
APPLICATION = {
    "app/main.py": b"import sys\nimport kit\n\n\ndef main():\n    print(kit.load(sys.argv[1]))\n\n\nmain()\n",
    "app/other.py": b"LIMIT = 3\n",
}


def _package(name: str, version: str, source: bytes) -> dict[str, bytes]:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    folder = f"{SITE}/{name}-{version}.dist-info"
    record = f"{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n".encode()
    return {
        f"{SITE}/{name}/__init__.py": source,
        f"{folder}/METADATA": metadata,
        f"{folder}/RECORD": record,
    }


KIT = _package("kit", "1.0", b"def load(text):\n    return eval(text)\n")
IDLE = _package("idle", "2.0", b"def run(text):\n    return exec(text)\n")


@pytest.fixture
def build(tmp_path: Path, images: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Writes an image archive by its tag, and gives its path."""
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rows = []
    for number, (name, function) in enumerate((("kit", "load"), ("idle", "run")), 1):
        package = {"ecosystem": "PyPI", "name": name}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9"}]}]
        rows.append(
            {
                "id": f"A-{number}", "aliases": [f"CVE-2024-{number}"], "summary": "code runs",
                "details": f"`{name}.{function}` runs what a document says.",
                "affected": [{"package": package, "ranges": ranges}],
            }
        )  # fmt: skip
    (tmp_path / "feed.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")

    def make(tag: str, *parts: Mapping[str, bytes]) -> str:
        files = {k: v for part in parts or (APPLICATION, KIT, IDLE) for k, v in part.items()}
        path = tmp_path / f"{tag.replace(':', '-')}.tar"
        base = images.tar({"etc/os-release": b"ID=debian\nVERSION_ID=12\n", "etc/tag": tag.encode()})
        path.write_bytes(images.docker_archive(base, images.tar(files), tag=tag))
        return str(path)

    return make


def _analyze(image: str, capture: Capture, *arguments: str) -> tuple[dict[str, Any], list[Any]]:
    capture.readouterr()
    code = run(["vulns", "analyze", image, "--advisories", "feed.jsonl", "--json", *arguments])
    assert code in {0, 1}
    said = capture.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert not [row for row in rows if "failure" in row]
    Path("last.jsonl").write_bytes(said.out)
    found = {row["finding"]["attributes"]["name"]: row["finding"] for row in rows if "finding" in row}
    return found, [row["gone"] for row in rows if "gone" in row]


CONFIRM = [
    "vulns", "confirm", "CVE-2024-1", "--package", "pkg:pypi/kit", "--label", "protected_at_perimeter",
    "--by", "Ana", "--reason", "the proxy drops it",
]  # fmt: skip


def test_a_decision_holds_in_the_next_build_until_its_evidence_changes(
    build: Build, capfdbinary: Capture
) -> None:
    first, _ = _analyze(build("shop:1"), capfdbinary)
    assert {name: one["label"] for name, one in first.items()} == {
        "kit": "vulnerable", "idle": "code_not_reachable",
    }  # fmt: skip
    assert run(CONFIRM) == 0
    other = {**APPLICATION, "app/other.py": b"LIMIT = 4\n"}
    second, _ = _analyze(build("shop:2", other, KIT, IDLE), capfdbinary)
    assert second["kit"]["label"] == "protected_at_perimeter"
    assert second["kit"]["attributes"]["machine_label"] == "vulnerable"
    assert "decision_stale" not in second["kit"]["attributes"]

    moved = {**APPLICATION, "app/main.py": APPLICATION["app/main.py"] + b"# served without the proxy\n"}
    third, _ = _analyze(build("shop:3", moved, KIT, IDLE), capfdbinary, "--fail-on", "alert")
    assert third["kit"]["label"] == "vulnerable"
    assert third["kit"]["attributes"]["decision_stale"].startswith("changed since: the files of the evidence")
    upgraded = _package("kit", "1.1", KIT[f"{SITE}/kit/__init__.py"])
    fourth, _ = _analyze(build("shop:4", APPLICATION, upgraded, IDLE), capfdbinary)
    assert fourth["kit"]["label"] == "vulnerable"
    assert "made upon pkg:pypi/kit@1.0" in fourth["kit"]["attributes"]["decision_stale"]


@pytest.mark.parametrize("cached", [True, False])
def test_verdicts_of_the_build_before_are_used_again_where_they_hold(
    build: Build, tmp_path: Path, cached: bool, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the workspace's cache, or, in a workspace that is new, by the earlier run's file alone."""

    def again(image: str, *arguments: str) -> tuple[dict[str, Any], list[Any]]:
        if not cached:
            monkeypatch.setenv("ICELOS_HOME", str(tmp_path / f"home-{Path(image).stem}"))
        return _analyze(image, capfdbinary, "--since", "first.jsonl", *arguments)

    first, _ = _analyze(build("shop:1"), capfdbinary)
    Path("last.jsonl").rename("first.jsonl")
    assert all("reused" not in one["attributes"] for one in first.values())

    same, gone = again(build("shop:2"))
    assert gone == []
    for name, one in same.items():
        facts = one["attributes"]
        assert (facts["change"], facts["reused"], facts["target"]) == ("same", "yes", "shop:2")
        assert facts["basis"] == first[name]["attributes"]["basis"]
        for key in ("label", "summary", "evidence"):
            assert one[key] == first[name][key]

    other = {**APPLICATION, "app/other.py": b"import idle\nidle.run(input())\n"}
    changed, _ = again(build("shop:3", other, KIT, IDLE), "--fail-on", "alert", "--new-only")
    assert changed["idle"]["label"] == "vulnerable"
    assert changed["idle"]["attributes"]["change"] == "changed"
    assert "reused" not in changed["idle"]["attributes"]
    assert "the application or its packages" in changed["idle"]["attributes"]["change_why"]
    assert changed["kit"]["attributes"]["change"] == "same"

    upgraded = _package("idle", "2.1", IDLE[f"{SITE}/idle/__init__.py"])
    moved, gone = again(build("shop:4", APPLICATION, KIT, upgraded))
    assert "the version moved from 2.0 to 2.1" in moved["idle"]["attributes"]["change_why"]
    assert "reused" not in moved["idle"]["attributes"]
    assert gone == []
    without, gone = again(build("shop:5", APPLICATION, KIT))
    assert set(without) == {"kit"}
    assert [(one["purl"], one["why"]) for one in gone] == [("pkg:pypi/idle@2.0", "the component is gone")]


def test_a_fixed_version_in_the_feeds_and_a_withdrawn_advisory(build: Build, capfdbinary: Capture) -> None:
    _analyze(build("shop:1"), capfdbinary)
    Path("last.jsonl").rename("first.jsonl")
    Path("feed.jsonl").write_text(Path("feed.jsonl").read_text().splitlines()[0] + "\n")
    found, gone = _analyze(build("shop:1"), capfdbinary, "--since", "first.jsonl")
    assert found["kit"]["attributes"]["change"] == "same"
    assert [one["vulnerability"] for one in gone] == ["CVE-2024-2"]
    assert gone[0]["why"].startswith("no advisory says it of the component any more")


def test_a_file_that_was_tampered_with_is_no_proof(build: Build, capfdbinary: Capture) -> None:
    """A verdict is taken over with its basis only: one for other evidence is not."""
    _analyze(build("shop:1"), capfdbinary)
    lines = [json.loads(line) for line in Path("last.jsonl").read_text().splitlines()]
    for line in lines:
        finding = line["finding"]
        finding["label"], finding["verdict"] = "false_positive", "clear"
        finding["attributes"]["basis"] = "component=1 advisory=1 rules=1 files=1"
    Path("first.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    found, _ = _analyze(build("shop:2"), capfdbinary, "--since", "first.jsonl")
    assert found["kit"]["label"] == "vulnerable"
    assert found["kit"]["attributes"]["change_why"].startswith("was not_affected (false_positive)")
