"""Writes docs/reference.md from the code: commands, settings, errors, registered names.

Run: make docs. A test fails where the page and the code differ.
"""

from __future__ import annotations

from pathlib import Path

import click
import typer

from icelos import errors, registry
from icelos.cli.main import app
from icelos.settings import Settings, described

HEAD = """# Reference

Written from the code by `make docs`. Exit codes: 0 ok, 1 findings at or above `--fail-on`, 2 bad input
or settings, 3 the run failed, 4 the budget is used up, 130 Ctrl-C.
"""


def commands() -> str:
    """Every command with its help and options."""
    root = typer.main.get_command(app)
    return "## Commands\n\n" + "\n".join(_command(root, "icelos", depth=0))


def _command(command: click.Command, path: str, *, depth: int) -> list[str]:
    children = getattr(command, "commands", None)
    if children is None:
        return [f"### `{path}`\n", _plain(command.help or ""), *_parameters(command), ""]
    lines: list[str] = []
    for name, child in sorted(children.items()):
        lines += _command(child, f"{path} {name}", depth=depth + 1)
    return lines


def _plain(text: str) -> str:
    body, separator, example = text.replace("\b", "").partition("Example")
    if not separator:
        return body.strip() + "\n"
    lines = "\n".join(line.strip() for line in example.partition(":")[2].strip().splitlines())
    return f"{body.strip()}\n\n```text\n{lines}\n```\n"


def _parameters(command: click.Command) -> list[str]:
    lines = []
    for parameter in command.params:
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        text = getattr(parameter, "help", "") or ""
        if parameter.param_type_name == "argument":
            names = f"`{(parameter.name or '').upper()}`"
        lines.append(f"- {names}: {text}" if text else f"- {names}")
    return lines


def settings() -> str:
    """Every setting with its default and its environment variable."""
    lines = ["## Settings\n", "| setting | default | environment | what it does |", "|---|---|---|---|"]
    defaults = Settings()
    for name, description in described().items():
        section, key = name.split(".")
        default = getattr(getattr(defaults, section), key)
        variable = f"ICELOS_{section}_{key}".upper()
        lines.append(f"| `{name}` | `{default!r}` | `{variable}` | {description} |")
    lines.append(
        "\n`ICELOS_HOME` is short for `ICELOS_WORKSPACE_HOME`; `ICELOS_CONFIG` names the settings file."
    )
    return "\n".join(lines) + "\n"


def error_tree() -> str:
    """The errors with their exit codes, from the tree's own docstring."""
    return f"## Errors\n\n```text\n{(errors.__doc__ or '').strip()}\n```\n"


def names() -> str:
    """What may be named on the command line and in settings."""
    lines = ["## Registered names\n"]
    lines += [
        f"- {group}: {', '.join(f'`{name}`' for name in sorted(registry.BUILT_IN[group]))}"
        for group in registry.BUILT_IN
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, commands(), settings(), error_tree(), names()])


if __name__ == "__main__":
    (Path(__file__).parent / "reference.md").write_text(page(), "utf-8")
