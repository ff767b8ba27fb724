"""The tasks of a workspace on real stores: mirror, watched folder, inventories; and a server's thread."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import msgspec
import pytest

from icelos.data.inventories import Inventories
from icelos.data.query.catalogue import Catalogue
from icelos.data.retention import Expiry
from icelos.data.schedule import Schedule, alone
from icelos.data.sinks import SqliteSink
from icelos.data.workspace import Workspace as Place
from icelos.engine.upkeep import EVERY, Background, every, is_running, statuses, tasks_of
from icelos.errors import SettingsError
from icelos.jobs.logs.keep import keep
from icelos.registry import names
from icelos.settings import (
    FeedSettings,
    KnowledgeSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    Workspace,
)

ADVISORY = {
    "id": "PYSEC-1", "aliases": ["CVE-2026-0001"], "summary": "A hole",
    "affected": [{
        "package": {"ecosystem": "PyPI", "name": "flask"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
    }],
}  # fmt: skip


def sbom(version: str) -> str:
    part = {"type": "library", "name": "flask", "version": version, "purl": f"pkg:pypi/flask@{version}"}
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [part]})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name, text in (
        ("mirror/osv/pypi.jsonl", json.dumps(ADVISORY) + "\n"),
        ("sboms/shop.cdx.json", sbom("1.5")),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "sboms" / "readme.txt").write_text("no document")
    return Settings(
        workspace=Workspace(home=str(tmp_path / "home")),
        knowledge=KnowledgeSettings(encoder="off"),
        schedule=ScheduleSettings(
            feeds=("osv",), mirror=str(tmp_path / "mirror"), sbom_folders=(str(tmp_path / "sboms"),)
        ),
    )


def run(settings: Settings) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    one = Schedule(settings.home, tasks_of(settings))
    while one.run_due(threading.Event()):
        pass


def verdicts(settings: Settings) -> dict[str, str]:
    with SqliteSink(Place.of(settings).findings) as sink:
        return {one.attributes["purl"]: one.verdict.value for one in sink.findings(job="vulns")}


def test_nothing_is_fetched_unasked() -> None:
    assert [task.name for task in tasks_of(Settings())] == ["knowledge", "inventories"]
    named = Settings(feeds=FeedSettings(news={"x": "https://example.org/feed"}))
    assert [task.name for task in tasks_of(named)] == ["knowledge", "inventories"]


def test_findings_are_there_by_themselves_and_follow(settings: Settings, tmp_path: Path) -> None:
    run(settings)
    assert verdicts(settings) == {"pkg:pypi/flask@1.5": "alert"}
    told = {one.name: one.told for one in statuses(settings)}
    assert told["osv"] == "fetched pypi.jsonl"
    assert told[
        "folders"
    ] == "1 new or changed; not kept: readme.txt: not a document that lists components" or (
        told["folders"].startswith("1 new or changed; not kept: readme.txt")
    )
    assert told["inventories"] == "1 of 1 analysed: 1 findings new, 0 no longer there"
    (tmp_path / "sboms" / "shop.cdx.json").write_text(sbom("2.0"))
    later = Schedule(settings.home, tasks_of(settings), now=lambda: time.time() + 1000)
    later.run_due(threading.Event())
    later.run_due(threading.Event())
    assert verdicts(settings) == {"pkg:pypi/flask@1.5": "clear", "pkg:pypi/flask@2.0": "clear"}


def test_the_same_name_in_two_folders_is_two_targets(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "shop.cdx.json").write_text(sbom("1.0"))
    both = msgspec.structs.replace(
        settings.schedule, sbom_folders=(*settings.schedule.sbom_folders, str(tmp_path / "more"))
    )
    given = msgspec.structs.replace(settings, schedule=both)
    run(given)
    run(given)
    kept = Inventories(Place.of(given)).all()
    assert len(kept) == 2
    assert len({one.source for one in kept}) == 2


def test_a_missing_folder_and_feed_are_errors_of_their_tasks_alone(
    settings: Settings, tmp_path: Path
) -> None:
    schedule = msgspec.structs.replace(
        settings.schedule, feeds=("osv", "kev"), sbom_folders=(str(tmp_path / "gone"),)
    )
    given = msgspec.structs.replace(settings, schedule=schedule)
    run(given)
    found = {one.name: one for one in statuses(given)}
    assert "No such file" in found["folders"].error
    assert found["kev"].error
    assert found["osv"].told == "fetched pypi.jsonl"


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (ScheduleSettings(feeds=("nothing",)), "no feed called"),
        (ScheduleSettings(every={"x": "1h"}), "called 'x'"),
        (ScheduleSettings(every={"kev": "1y"}, feeds=("kev",)), "not a length"),
        (ScheduleSettings(every={"kev": "5s"}, feeds=("kev",)), "shorter than 60"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(schedule: ScheduleSettings, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        tasks_of(Settings(schedule=schedule))


def test_intervals_by_name_then_by_kind() -> None:
    news = FeedSettings(news={"x": "https://example.org/f", "y": "https://example.org/g"})
    given = Settings(feeds=news, schedule=ScheduleSettings(news=True, every={"news": "2h", "news:x": "30m"}))
    assert [(task.name, task.every) for task in tasks_of(given)][:2] == [("news:x", 1800), ("news:y", 7200)]
    assert every("kev", Settings()) == 6 * 3600


def test_every_feed_has_an_interval() -> None:
    from icelos.data.feeds.catalogue import FEEDS

    assert set(FEEDS) <= set(EVERY)


def test_retention_is_a_task_where_it_is_set(tmp_path: Path) -> None:
    given = Settings(
        workspace=Workspace(home=str(tmp_path)), retention=RetentionSettings(days={"failures": 9})
    )
    assert tasks_of(given)[-1].name == "retention"
    assert tasks_of(given)[-1].work(threading.Event()).told == "nothing was due"
    assert {"failures", "conversations", "quarantine"} <= set(names("retention"))
    assert Expiry.__struct_fields__[0] == "kind"


def test_a_server_takes_its_turn_when_the_other_process_ends(settings: Settings) -> None:
    with alone(settings.home), Background(settings) as waiting:
        for _ in range(200):
            if waiting.problem:
                break
            time.sleep(0.02)
        assert "another process" in waiting.problem
    assert not is_running(settings)
    with Background(settings):
        for _ in range(500):
            if statuses(settings)[-1].runs:
                break
            time.sleep(0.02)
        assert is_running(settings)
    assert not is_running(settings)
    assert verdicts(settings) == {"pkg:pypi/flask@1.5": "alert"}


def test_kept_logs_forget_what_is_old(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    old, new = (
        '{"time": "2020-01-01T00:00:00Z", "user": "ann"}',
        '{"time": "2099-01-01T00:00:00Z", "user": "bob"}',
    )
    rows.write_text(f"{old}\n{new}\n")
    folder = tmp_path / "home" / "logs"
    keep([str(rows)], folder, "auth", days=0)
    with Catalogue(folder) as catalogue:
        catalogue.declare("auth", groups=None, days=30)
    task = tasks_of(Settings(workspace=Workspace(home=str(tmp_path / "home"))))[-1]
    assert task.name == "retention"
    assert task.work(threading.Event()).told == "1 rows of the log auth"
