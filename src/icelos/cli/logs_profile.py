"""`icelos logs profile`: what each field of a log holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.jobs.logs.profile.fields import Field
    from icelos.jobs.logs.profile.profile import Profile


def profile(
    source: Annotated[str, typer.Argument(help="File or folder of rows, or - for standard input")],
    form: Annotated[str, typer.Option("--format", help="auto, json, cef, leef, syslog or csv")] = "auto",
    row_limit: Annotated[int, typer.Option(min=1024, help="Bytes of a row above which it is a failure")] = 1
    << 20,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes for large logs; what is told does not depend on them")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The result as one JSON object")] = False,
) -> None:
    """Read a log as it is and say what its fields hold: types, values, ranges, what is missing, who and when.

    JSON lines and arrays, CEF, LEEF, syslog and CSV; plain, gzip or zstd. Memory does not grow with the log.

    Examples:
      icelos logs profile signins.jsonl.gz
      zcat app.log.gz | icelos logs profile - --format syslog --json
    """
    from icelos.errors import InputError
    from icelos.jobs.logs.profile.parts import profile_log
    from icelos.jobs.logs.profile.rows import RowSource

    rows = RowSource(source, form=form, limit=row_limit)
    told = "nothing is kept, run it again; `head -n 100000 FILE | icelos logs profile -` looks at a part"
    with output.if_stopped(told), output.console(stderr=True).status("reading") as status:
        found = profile_log(rows, workers=workers, progress=lambda n: status.update(f"{n:,} rows"))
    if not found.rows:
        told = f"none of {found.failures:,} rows can be read: " if found.failures else "no rows"
        raise InputError(told + "; ".join(found.first_failures[:3]), source=source)
    if json:
        output.json_line(found)
    else:
        _tell(found)


def _tell(found: Profile) -> None:
    output.note(f"{found.kind}: {found.rows:,} rows, {found.bytes:,} bytes, {len(found.fields)} fields")
    if found.users is not None:
        output.note(f"{found.users:,} users by {found.user_field}")
    if found.first:
        output.note(f"{found.first} to {found.last} by {found.time_field}")
    if found.left_out:
        output.note(
            f"only the first {len(found.fields):,} fields are told of; "
            f"{found.left_out:,} values of others were left out"
        )
    if found.failures:
        output.note(f"{found.failures:,} rows could not be read, such as")
        for told in found.first_failures[:5]:
            output.note(f"  {told}")
    columns = ("field", "missing", "types", "values", "format", "range", "commonest")
    output.table(columns, map(_cells, found.fields))


def _cells(field: Field) -> tuple[str, ...]:
    about = "" if field.distinct_is_exact else "~"
    return (
        field.path,
        f"{field.missing:.1%}",
        ", ".join(field.types),
        f"{about}{field.distinct:,}",
        ", ".join(name for name, share in field.formats.items() if share >= 0.1),
        _range(field),
        ", ".join(f"{_short(value)} ({n:,})" for value, n in field.top[:3]),
    )


def _range(field: Field) -> str:
    from icelos.jobs.logs.profile.profile import iso

    if field.first is not None:
        return f"{iso(field.first)} to {iso(field.last)}"
    if field.least is not None:
        return f"{field.least:g} to {field.most:g}"
    if field.shortest is not None:
        return f"{field.shortest} to {field.longest} characters"
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:29]}..."
