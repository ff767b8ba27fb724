"""A broken advisory, a tool that raises, a record of another kind: each is one Failure, the rest goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from icelos.data.components import ComponentSource
from icelos.findings import Failure, Finding
from icelos.jobs.vulns import investigated
from icelos.jobs.vulns.investigation import loop
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.job import build
from icelos.records import Component, LogLine, Record
from icelos.settings import Settings, Workspace

APPLICATION = "import yaml\nimport jinja2\nimport requests\n\n\ndef main(text):\n    return yaml.load(text)\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An application with three packages beside it."""
    folder = tmp_path / "app"
    (folder / "site-packages").mkdir(parents=True)
    (folder / "app.py").write_text(APPLICATION)
    for name in ("yaml", "jinja2", "requests"):
        installed = folder / f"site-packages/{name}-1.0.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / f"site-packages/{name}.py").write_text("def load(text):\n    return eval(text)\n")
    return folder


@pytest.fixture
def advisories(tmp_path: Path) -> str:
    lines = [json.dumps(_advisory(name)) for name in ("yaml", "jinja2", "requests")]
    lines.insert(1, '{"id": "A-broken", "modified": "2020", "affected": [{"package": 7}]}')
    lines.insert(2, "{" * 100_000)
    (tmp_path / "feed.jsonl").write_text("\n".join(lines))
    return str(tmp_path / "feed.jsonl")


def _advisory(name: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {
        "id": f"A-{name}",
        "modified": "2020",
        "details": f"`{name}.load` runs code.",
        "affected": [affected],
    }


@pytest.mark.parametrize(
    "error",
    [RecursionError("maximum recursion depth exceeded"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
     MemoryError(), KeyError("x"), AssertionError()],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_the_findings_of_the_others_are_all_there(
    tmp_path: Path, target: Path, advisories: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loop.investigate

    def broken(case: Case, *more: Any, **options: Any) -> Any:
        if case.component.name == "jinja2":
            raise error
        return real(case, *more, **options)

    monkeypatch.setattr(investigated, "investigate", broken)
    settings = Settings(workspace=Workspace(home=str(tmp_path / "home")))
    job = build(settings, {"advisories": advisories, "target": str(target)})
    items = list(ComponentSource(target, advisories=advisories))
    told = [one.error for one in items if isinstance(one, Failure)]
    assert len(told) == 2
    assert any("broken advisory" in one for one in told)
    records: list[Record] = [one for one in items if isinstance(one, Component)]
    records.insert(1, LogLine(id="line", source="a.log:1", text="not a component"))

    scored = job.score(records)
    assert [one.record_id for one in scored if one] == [one.id for one in records]
    failures = [one for one in scored if isinstance(one, Failure)]
    assert sorted(one.source for one in failures) == [
        "a.log:1",
        "site-packages/jinja2-1.0.dist-info/METADATA:3",
    ]
    assert type(error).__name__ in next(one.error for one in failures if one.source != "a.log:1")
    names = [one.attributes["name"] for one in scored if isinstance(one, Finding)]
    assert sorted(names) == ["requests", "yaml"]
