"""`icelos backup`: create, verify and restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.backup import Manifest
    from icelos.settings import Settings

app = typer.Typer(help="Backups of the workspace, taken while it is in use.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object")]
Source = Annotated[Path, typer.Argument(help="A backup: an archive or a folder")]


@app.command()
def create(
    target: Annotated[Path, typer.Argument(help="An archive, NAME.tar.zst, or a new folder")],
    secrets: Annotated[
        bool, typer.Option(help="With sign-ins, users' password hashes and keys of the audit log")
    ] = True,
    json: Json = False,
) -> None:
    """Copy the workspace, whoever works with it meanwhile. Caches are left out.

    Examples:
      icelos backup create /backup/icelos-2026-01-31.tar.zst
      icelos backup create /backup/icelos --no-secrets
    """
    from icelos import __version__
    from icelos.data.backup import create as made

    _tell(
        made(_settings().home, target, version=__version__, with_secrets=secrets),
        target,
        "backed up",
        json=json,
    )


@app.command()
def verify(backup: Source, json: Json = False) -> None:
    """Check every file of a backup by its checksum, and every database to its last page.

    Example: icelos backup verify /backup/icelos-2026-01-31.tar.zst
    """
    from icelos.data.restore import verify as verified

    _tell(verified(backup), backup, "sound", json=json)


@app.command()
def restore(
    backup: Source,
    force: Annotated[bool, typer.Option("--force", help="Move what is in the workspace aside")] = False,
    json: Json = False,
) -> None:
    """Put a backup in place of an empty workspace, or with --force of any. Stop Icelos first.

    Nothing of a backup is taken that is not whole and sound. A restore that was killed is gone on with by the
    same command.

    Examples:
      icelos backup restore /backup/icelos-2026-01-31.tar.zst
      icelos backup restore /backup/icelos --force
    """
    from icelos import __version__
    from icelos.data.restore import restore as restored

    settings = _settings()
    done = restored(backup, settings.home, force=force)
    if done.aside is not None:
        output.note(f"what was there lies in {done.aside}")
    if done.manifest.version != __version__:
        output.note(f"it was made by Icelos {done.manifest.version}, and this is {__version__}")
    if not done.manifest.secrets:
        output.note("it is without sign-ins and keys: sign in anew")
    for problem in _opened(settings):
        output.note(problem)
    _tell(done.manifest, settings.home, "restored", json=json)


def _opened(settings: Settings) -> list[str]:
    """Open each store once, which brings one of an older version up to date; what cannot be, is told."""
    from icelos.data.advisory_store import AdvisoryStore
    from icelos.data.sinks import SqliteSink
    from icelos.data.workspace import Workspace
    from icelos.errors import IcelosError
    from icelos.jobs.copilot.history import History
    from icelos.knowledge.store import KnowledgeStore

    workspace, problems = Workspace.of(settings), []
    for path, open_store in (
        (workspace.findings, SqliteSink),
        (workspace.history, History),
        (workspace.knowledge, KnowledgeStore),
        (workspace.advisories, AdvisoryStore),
    ):
        if not path.is_file():
            continue
        try:
            store = open_store(path)
        except IcelosError as error:
            problems.append(str(error))
            continue
        if isinstance(store, AdvisoryStore) and not store.sources():
            problems.append("the advisories have to be filled again: icelos feeds update")
        if not isinstance(store, History):
            store.close()
    return problems


def _tell(manifest: Manifest, place: Path, what: str, *, json: bool) -> None:
    if json:
        output.json_line({
            "place": str(place), "version": manifest.version, "created": manifest.created,
            "secrets": manifest.secrets, "files": len(manifest.files), "bytes": manifest.size,
        })  # fmt: skip
        return
    output.line(
        f"{what}: {len(manifest.files)} files, {manifest.size / 2**20:.1f} MiB, of {manifest.created}"
    )


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings
