"""`icelos vulns keep`, `kept`, `renew` and `drop`: inventories whose findings stay up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.inventories import Analysed, Inventories
    from icelos.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


def keep(
    sbom: Annotated[
        Path, typer.Argument(help="Bill of materials: CycloneDX, SPDX, Syft's, a scanner's report")
    ],
    name: Annotated[
        str, typer.Option("--as", help="Name of the target; by default, from the file's name")
    ] = "",
    analyze: Annotated[bool, typer.Option(help="Analyse it now, too")] = True,
    json: Json = False,
) -> None:
    """Keep a bill of materials in the workspace: its findings follow the advisories from now on.

    A new document under the same name takes the place of the old one.

    Examples:
      icelos vulns keep app.cdx.json --as shop
      icelos vulns keep app.cdx.json --no-analyze
    """
    from icelos.engine.upkeep import analyse

    settings = _settings()
    about, new = _inventories(settings).keep(sbom, name)
    if not json:
        what = "kept" if new else "kept already"
        output.note(f"{about.name}: {what}, {about.components} components")
    if analyze:
        _tell(analyse(settings, names=(about.name,)), json=json)
    elif json:
        output.json_line(about)


def kept(json: Json = False) -> None:
    """List the kept inventories.

    Example: icelos vulns kept
    """
    found = _inventories(_settings()).all()
    if json:
        for one in found:
            output.json_line(one)
        return
    rows = [(one.name, one.components, one.kept, one.analysed or "never", one.source) for one in found]
    output.table(("name", "components", "kept", "analysed", "from"), rows)


def renew(
    names: Annotated[
        list[str] | None, typer.Argument(help="Kept inventories; all of them by default")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also those whose data has not changed")] = False,
    json: Json = False,
) -> None:
    """Analyse kept inventories anew, where advisories, decisions or the documents have changed.

    Examples:
      icelos vulns renew
      icelos vulns renew shop --force
    """
    from icelos.engine.upkeep import analyse

    _tell(analyse(_settings(), names=tuple(names or ()), force=force), json=json)


def drop(name: Annotated[str, typer.Argument(help="A kept inventory")]) -> None:
    """Forget a kept inventory. Its findings stay as they are.

    Example: icelos vulns drop shop
    """
    gone = _inventories(_settings()).drop(name)
    output.note(f"{gone.name} is not kept any more; its findings stay as they are")


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    for command in (keep, kept, renew, drop):
        app.command()(command)


def _tell(done: list[Analysed], *, json: bool) -> None:
    for one in done:
        if json:
            output.json_line(one)
            continue
        if one.unchanged:
            output.note(f"{one.name}: nothing has changed since its last analysis")
            continue
        counts = ", ".join(f"{number} {verdict}" for verdict, number in one.verdicts.items()) or "no findings"
        output.note(
            f"{one.name}: {counts}, {one.failures} failures; {one.new} new, {one.gone} no longer there"
        )


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings


def _inventories(settings: Settings) -> Inventories:
    from icelos.data.inventories import Inventories
    from icelos.data.workspace import Workspace

    return Inventories(Workspace.of(settings))
