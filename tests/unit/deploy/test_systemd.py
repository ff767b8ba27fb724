"""The units: verified, confined, and with the time to end that their services need."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from icelos.settings import MailSettings

FOLDER = Path(__file__).parents[3] / "deploy" / "systemd"
UNITS = sorted(p.name for p in FOLDER.iterdir() if p.suffix in {".service", ".timer"})
SERVICES = [name for name in UNITS if name.endswith(".service")]
MOST_EXPOSED = 1.8
"""Of 10, by `systemd-analyze security`; below 2 is what it calls OK at its best."""


def lines(name: str) -> list[str]:
    text = (FOLDER / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def value(name: str, key: str) -> str:
    (found,) = [line.partition("=")[2] for line in lines(name) if line.startswith(f"{key}=")]
    return found


def confinement(name: str) -> list[str]:
    """What all services have in common of it."""
    block = lines(name)[lines(name).index("NoNewPrivileges=yes") : lines(name).index("LimitCORE=0") + 1]
    return [line for line in block if not line.startswith("MemoryDenyWriteExecute=")]


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=60).stdout
    if int(re.findall(r"systemd (\d+)", version)[0]) < 252:
        pytest.skip("systemd-analyze is older than 252")
    return found


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with a program that is there, as `verify` looks for it."""
    folder = tmp_path_factory.mktemp("units")
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8")
        (folder / name).write_text(text.replace("/opt/icelos/bin/icelos", "/bin/true"), "utf-8")
    return folder


@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_to_say(analyze: str, copies: Path, name: str) -> None:
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(copies / name)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(analyze: str, copies: Path, name: str) -> None:
    threshold = f"--threshold={round(MOST_EXPOSED * 10)}"
    done = subprocess.run(
        [analyze, "security", "--offline=true", threshold, str(copies / name)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_all_services_are_confined_alike(name: str) -> None:
    """Each file stands for itself, so that one that is copied alone is no weaker; none is forgotten here."""
    apart = ("AmbientCapabilities=", "CapabilityBoundingSet=", "PrivateUsers=")
    assert confinement(name) == confinement(SERVICES[0])
    writes_code = "no" if name == "icelos-scan@.service" else "yes"
    assert value(name, "MemoryDenyWriteExecute") == writes_code
    capable = [line for line in lines(name) if line.startswith(apart)]
    if name == "icelos-mail.service":
        port = "CAP_NET_BIND_SERVICE"
        assert capable == [f"AmbientCapabilities={port}", f"CapabilityBoundingSet={port}"]
    else:
        assert capable == ["CapabilityBoundingSet=", "PrivateUsers=yes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_its_secrets_by_a_file_of_root(name: str) -> None:
    assert value(name, "User") == "icelos"
    assert value(name, "LoadCredential") == "icelos.toml:/etc/icelos/icelos.toml"
    assert value(name, "EnvironmentFile") == "-/etc/icelos/icelos.env"
    environment = value(name, "Environment").split()
    assert {one.partition("=")[0] for one in environment} == {"HOME", "ICELOS_HOME", "ICELOS_CONFIG"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_and_stopped_gently(name: str) -> None:
    assert value(name, "KillSignal") == "SIGTERM"
    assert value(name, "KillMode") == "mixed"
    assert int(value(name, "TimeoutStopSec")) >= 15
    assert value(name, "MemoryMax")
    assert value(name, "TasksMax")
    if value(name, "Type") != "oneshot":
        assert value(name, "Restart") == "on-failure"
        assert value(name, "RestartPreventExitStatus") == "2"
    assert not [line for line in lines(name) if line.startswith(("WatchdogSec", "Type=notify"))]


def test_mail_has_its_grace() -> None:
    assert int(value("icelos-mail.service", "TimeoutStopSec")) > MailSettings().grace_s


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_a_timer_has_its_service(name: str) -> None:
    unit = RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((FOLDER / name).read_text("utf-8"))
    assert unit["Timer"]["Persistent"] == "yes"
    assert name.replace(".timer", ".service") in SERVICES
