"""`icelos logs tokenizers`: compare the kinds of tokenizers on rows of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.logs.tokenizer_comparison import Compared

app = typer.Typer(help="Tokenizers: compare.", no_args_is_help=True)

_COLUMNS = (
    "tokenizer", "vocabulary", "characters a token", "rows a context", "longest row", "unknown",
    "MB/s", "fit s",
)  # fmt: skip


@app.callback()
def _group() -> None:
    """So that `compare` is a command of its own, though it is the only one yet."""


@app.command()
def compare(
    source: Annotated[str, typer.Argument(help="File or folder of rows, one a line")],
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="byte, char, gpt2, bpe, json-bpe; all if not given")
    ] = None,
    context: Annotated[int, typer.Option(min=1, help="Tokens of a window")] = 1024,
    json: Annotated[bool, typer.Option("--json", help="One JSON object for each kind")] = False,
) -> None:
    """Fit each kind of tokenizer to rows, and measure it on rows it has not seen.

    Example: icelos logs tokenizers compare signins.jsonl.gz
    """
    from icelos.gpt.tokenizers import KINDS
    from icelos.jobs.logs.tokenizer_comparison import compare as run
    from icelos.jobs.logs.training import RawRows

    rows = RawRows(source)
    compared = []
    for one in run(rows, kinds or KINDS, context=context):
        compared.append(one)
        if json:
            output.json_line(one)
        elif one.skipped:
            output.note(f"{one.kind}: {one.skipped}")
    if rows.failures:
        output.note(f"left out: {rows.failures:,} unreadable rows, such as {'; '.join(rows.first_failures)}")
    if not json:
        output.table(_COLUMNS, (_cells(one) for one in compared if not one.skipped))


def _cells(one: Compared) -> tuple[str, ...]:
    return (
        one.kind, f"{one.vocabulary:,}", f"{one.characters_per_token:.2f}", f"{one.rows_per_context:.2f}",
        f"{one.longest_row:,}", f"{one.unknown:.1%}", f"{one.encode_mb_per_second:.1f}",
        f"{one.fit_seconds:.1f}",
    )  # fmt: skip
