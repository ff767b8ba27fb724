"""Every command that a unit, a container or a pod runs is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from icelos.cli.main import app

FOLDER = Path(__file__).parents[3] / "deploy"


def of_units() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unit in sorted((FOLDER / "systemd").glob("*.service")):
        (line,) = re.findall(r"^ExecStart=/opt/icelos/bin/icelos (.+)$", unit.read_text("utf-8"), re.M)
        found[unit.name] = shlex.split(line.replace("%i", "signins"))
    return found


def of_services() -> dict[str, list[str]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))[
        "services"
    ]
    return {
        name: [str(word) for word in one["command"]] for name, one in services.items() if "command" in one
    }


def of_pods() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted((FOLDER / "kubernetes").glob("*.yaml")):
        spec = yaml.safe_load(file.read_text("utf-8")).get("spec", {})
        for container in spec.get("template", {}).get("spec", {}).get("containers", []):
            words = container["args"]
            if container.get("command") == ["sh", "-c"]:
                words = shlex.split(words[0].replace("$((JOB_COMPLETION_INDEX + 1))", "1"))[2:]
            found[file.name] = words
    return found


def of_the_image() -> dict[str, list[str]]:
    (words,) = re.findall(r"^CMD \[(.+)\]$", (FOLDER / "Containerfile").read_text("utf-8"), re.M)
    return {"Containerfile": re.findall(r'"([^"]+)"', words)}


COMMANDS = {**of_units(), **of_services(), **of_pods(), **of_the_image()}


UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def parse(words: list[str]) -> Any:
    """The context of the command that would run. Raises UsageError for what there is not."""
    command: Any = get_command(app)
    context = command.make_context("icelos", list(words))
    while hasattr(command, "resolve_command"):
        left = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, left)
        context = command.make_context(name, rest, parent=context)
    return context


def test_commands_were_found() -> None:
    assert {"icelos-scan@.service", "console", "stream", "batch-job.yaml", "Containerfile"} <= COMMANDS.keys()


@pytest.mark.parametrize("where", sorted(COMMANDS))
def test_the_command_is_there(where: str) -> None:
    assert parse(COMMANDS[where]).command.name


@pytest.mark.parametrize(
    "words", [["scan", "logs", "x", "--no-such"], ["pipelines", "walk"], ["feeds", "update"]]
)
def test_others_are_not(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(words)


@pytest.mark.parametrize(
    "where", [where for where, words in COMMANDS.items() if words[:2] == ["feeds", "update"]]
)
def test_feeds_are_ones_that_there_are(where: str) -> None:
    from icelos.data.feeds.feeds import feed_named

    for name in COMMANDS[where][2:]:
        assert feed_named(name)


@pytest.mark.parametrize("where", [where for where, words in COMMANDS.items() if "--shard" in words])
def test_shards_are_written_as_they_are_read(where: str) -> None:
    from icelos.engine.shards import parse_shard

    words = COMMANDS[where]
    assert parse_shard(words[words.index("--shard") + 1]).number >= 1


def test_the_example_of_settings_is_taken() -> None:
    from icelos.settings import load

    settings = load(FOLDER / "icelos.example.toml", environ={}).settings
    assert set(settings.pipelines) == {"signins", "archive"}
    assert settings.web.hosts == ("icelos.example.org",)
