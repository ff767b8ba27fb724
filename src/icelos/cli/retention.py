"""`icelos retention`: what goes after some time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.data.retention import Expiry

app = typer.Typer(help="Retention: what goes after how many days. Nothing unless set.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@app.command()
def show(json: Json = False) -> None:
    """List everything that can go, after how many days it does, and how much is due now.

    Example: icelos retention show
    """
    from icelos.data.retention import show as shown
    from icelos.settings import load

    _tell(shown(load().settings), json=json)


@app.command(name="apply")
def apply_(
    kinds: Annotated[list[str] | None, typer.Argument(help="Only these kinds, of those that are set")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go")] = False,
    json: Json = False,
) -> None:
    """Let go what is due now of the kinds that [retention.days] names. `icelos serve` does so daily.

    Examples:
      icelos retention apply --dry-run
      icelos retention apply failures
    """
    from icelos.data.retention import apply as applied
    from icelos.data.retention import show as shown
    from icelos.errors import SettingsError
    from icelos.settings import load

    settings, wanted = load().settings, kinds or []
    for name in wanted:
        if name not in settings.retention.days:
            raise SettingsError(f"{name!r} is not set", hint=f"[retention.days] {name} = 90")
    if not dry_run:
        _tell(applied(settings, only=wanted), json=json)
        return
    _tell(
        [one for one in shown(settings) if one.days is not None and one.kind in (wanted or [one.kind])],
        json=json,
    )


def _tell(found: list[Expiry], *, json: bool) -> None:
    if json:
        for one in found:
            output.json_line(one)
        return
    rows = [
        (one.kind, one.what, "kept" if one.days is None else f"{one.days} d", one.due, one.gone)
        for one in found
    ]
    output.table(("kind", "what", "goes after", "due", "gone"), rows)
