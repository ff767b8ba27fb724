"""The compose file: every service confined, limited and without a secret in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "deploy"
FILE = FOLDER / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


@every_service
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(str(mount).startswith("/tmp:") for mount in service["tmpfs"])
    forbidden = {
        "privileged",
        "cap_add",
        "network_mode",
        "pid",
        "ipc",
        "userns_mode",
        "devices",
        "cgroup_parent",
    }
    assert not forbidden & service.keys()
    assert "docker.sock" not in json.dumps(service)


@every_service
def test_a_service_is_limited_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert {"pids_limit", "mem_limit", "cpus"} <= service.keys()
    assert service["restart"] in {"unless-stopped", "on-failure:5"}
    assert "stop_grace_period" in service
    assert "healthcheck" in service or name == "console", "the console's stands in the image"


@every_service
def test_secrets_come_as_files(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if re.search(r"PASS|SECRET|TOKEN|KEY", variable):
            assert str(value).startswith("/run/secrets/"), variable
    words = json.dumps(service.get("command", []))
    assert not re.search(r"://[^/\"]*:[^/\"@]*@", words), "a password in an address"
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_only_loopback_of_the_host_reaches_the_console() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"console": ["127.0.0.1:${PORT:-8787}:8787"]}
    assert COMPOSE["networks"]["sink"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["sink"]


def test_shards_are_all_there() -> None:
    batches = [service["command"] for name, service in SERVICES.items() if name.startswith("batch-")]
    given = [command[command.index("--shard") + 1] for command in batches]
    assert sorted(given) == [f"{number}/{len(batches)}" for number in range(1, len(batches) + 1)]
    assert len({json.dumps([word for word in c if "/2" not in word]) for c in batches}) == 1


def test_who_is_stopped_has_time_to_drain() -> None:
    from icelos.web.server import GRACE_SECONDS

    assert seconds(SERVICES["console"]["stop_grace_period"]) > GRACE_SECONDS
    assert all(
        seconds(SERVICES[name]["stop_grace_period"]) >= 120 for name in ("stream", "batch-1", "batch-2")
    )


def test_it_is_valid_by_the_specification() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    found = str(checker) if checker.is_file() else shutil.which("check-jsonschema")
    if found is None:
        pytest.skip("check-jsonschema, which has the schema, is not installed")
    done = subprocess.run(
        [found, "--builtin-schema", "vendor.compose-spec", str(FILE)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_reads_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose plug-in")
    done = subprocess.run(
        [docker, "compose", "--file", str(FILE), "--profile", "*", "config", "--quiet"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
