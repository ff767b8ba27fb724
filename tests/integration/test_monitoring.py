"""The manual names every metric and no other; the alerts are sound and name metrics that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from icelos.engine.health import Health
from icelos.engine.json_log import JsonLogObserver
from icelos.engine.metrics import MetricsObserver
from icelos.engine.run import Report
from icelos.web.metrics import WebMetrics

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "icelos.rules.yml"
PAGE = ROOT / "docs" / "monitoring.md"


def kinds(registry: CollectorRegistry) -> dict[str, str]:
    """Metrics of ours by the name that Prometheus sees, with their type."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {
        one.name + suffixes.get(one.type, ""): "gauge" if one.type == "info" else one.type
        for one in registry.collect()
        if one.name.startswith("icelos_")
    }


def there_are() -> dict[str, str]:
    return kinds(MetricsObserver().registry) | kinds(WebMetrics().registry)


def test_the_manual_has_every_metric_with_its_type() -> None:
    rows = re.findall(r"^\| `(icelos_\w+)` \| (\w+) \|", PAGE.read_text("utf-8"), re.M)
    assert len(rows) == len(dict(rows))
    assert dict(rows) == there_are()


def test_the_manual_has_every_event_of_the_log() -> None:
    lines: list[bytes] = []
    log = JsonLogObserver(lines.append, level="debug")
    report, now = Report(job="logs"), [0.0]
    log._clock = lambda: now[0]
    log.began(report, engine="inline")
    now[0] = 1e9
    log.waiting()
    log.sink_failed(OSError(), again_in=1)
    log.worker_died()
    log.checkpointed(1, 1)
    log.draining()
    log.ended(report)
    told = set(re.findall(rb'"event.action":"([a-z-]+)"', b"".join(lines)))
    assert {one.decode() for one in told} == set(
        re.findall(r"^\| `([a-z]+-[a-z]+)` \|", PAGE.read_text("utf-8"), re.M)
    )


def test_the_manual_has_every_word_of_readiness() -> None:
    health = Health(stalled_after=0)
    words = {health.ready()}
    health.began(Report(job="logs"), engine="inline")
    health.sink_failed(OSError(), again_in=60)
    words.add(health.ready())
    health.draining()
    words.add(health.ready())
    health.ended(Report(job="logs"))
    words |= {health.ready(), "stalled"}
    (line,) = [one for one in PAGE.read_text("utf-8").splitlines() if one.startswith("| `GET /readyz`")]
    assert set(re.findall(r"`([a-z]+)`", line)) == words


def test_alerts_name_metrics_that_there_are() -> None:
    known = set(there_are())
    rules = [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    for rule in rules:
        named = {
            re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bicelos_\w+", rule["expr"])
        }
        assert named <= known, rule


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")
@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", str(RULES)],
        ["test", "rules", str(Path(__file__).with_name("icelos.rules.test.yml"))],
    ],
)
def test_prometheus_takes_the_alerts(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
