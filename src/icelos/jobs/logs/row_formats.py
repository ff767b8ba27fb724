"""Rows as a file: as they are, or JSON objects as CSV, CEF or Parquet. Each file is whole or absent.

Nested keys become paths (`status.errorCode`); arrays stand as JSON text. CEF is ArcSight's Common Event
Format, version 0, with the fields under their own names in the extension, except those of `CEF_KEYS`; a row
that has the fields of a CEF header keeps them as its header. Parquet keeps nesting; duckdb finds the types
over all rows and writes it.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write
from icelos.data.parse.cef import HEADER
from icelos.data.parse.flat import escaped
from icelos.errors import InputError, RunError
from icelos.gpt.files import replace_file
from icelos.jobs.logs.outputs import open_output
from icelos.jobs.logs.roles import ROLES

FORMATS = ("rows", "csv", "cef", "parquet")
COLUMNS_LIMIT = 4096
MEMORY = "512MB"
"""What duckdb may use."""

CEF_KEYS: Mapping[str, str] = {"user": "suser", "application": "app", "result": "outcome", "source": "src"}
"""Keys of the CEF extension dictionary for what plays a role (see `roles`)."""

VENDOR = "Icelos"
"""In the CEF header of rows that name no device: made up here, they are to seem to come from no other."""
Flat = dict[str, str]


def format_of(path: Path) -> str:
    """The format that a file name asks for."""
    name = path.name.removesuffix(".gz")
    suffix = name.rpartition(".")[2]
    return suffix if suffix in FORMATS else "rows"


def write_rows(rows: Iterable[bytes], path: Path, form: str, *, product: str) -> int:
    """Write rows in a format; gzip where the name ends in .gz. How many rows are in the file.

    For all formats but `rows`, a row that is no JSON object is left out. `rows` must be the same each time
    it is read. Raises InputError for an unknown format or too many columns, RunError, OSError.
    """
    if form == "rows":
        return _as_they_are(rows, path)
    if form == "csv":
        return _csv(rows, path)
    if form == "cef":
        return _cef(rows, path, product)
    if form == "parquet":
        return _parquet(rows, path)
    raise InputError(f"no format {form!r}", hint=f"one of: {', '.join(FORMATS)}")


def _as_they_are(rows: Iterable[bytes], path: Path) -> int:
    count = 0
    with open_output(path) as file:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last one counts
            file.write(row + b"\n")
    return count


def objects(rows: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """The rows that are JSON objects."""
    for row in rows:
        try:
            yield msgspec.json.decode(row, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue


def flat(value: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Pairs of path and text; null is the empty text.

    Paths of objects are those of `flat_fields`, which tells what a row holds: of an array its length and its
    first elements. A file must lose nothing, so that here an array is one JSON text.
    """
    for key, inner in value.items():
        path = before + escaped(key)
        if isinstance(inner, dict) and inner:
            yield from flat(inner, f"{path}.")
        elif isinstance(inner, str):
            yield path, inner
        else:
            yield path, "" if inner is None else msgspec.json.encode(inner).decode()


def _csv(rows: Iterable[bytes], path: Path) -> int:
    columns: dict[str, None] = {}
    for value in objects(rows):
        columns.update((name, None) for name, _ in flat(value))
        if len(columns) > COLUMNS_LIMIT:
            raise InputError(f"more than {COLUMNS_LIMIT} columns", hint="take another format")
    count = 0
    with open_output(path) as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8", newline="", errors="surrogatepass")
        writer = csv.DictWriter(file, list(columns), restval="")
        writer.writeheader()
        for count, value in enumerate(objects(rows), 1):  # noqa: B007 - the last one counts
            writer.writerow(dict(flat(value)))
        file.flush()
        file.detach()
    return count


def _cef(rows: Iterable[bytes], path: Path, product: str) -> int:
    count = 0
    roles = {name: CEF_KEYS[role] for role, names in ROLES.items() if role in CEF_KEYS for name in names}
    with open_output(path) as file:
        for count, value in enumerate(objects(rows), 1):  # noqa: B007 - the last one counts
            file.write(cef_line(dict(flat(value)), product, roles).encode("utf-8", "surrogatepass") + b"\n")
    return count


def cef_line(values: Flat, product: str, roles: Mapping[str, str] | None = None) -> str:
    """One CEF event: header fields escape `|`, values of the extension `=`, and both backslashes."""
    own = {"cefVersion", *HEADER} if all(values.get(name) for name in HEADER[:2]) else set()
    made = dict(zip(HEADER, (VENDOR, product, "1", "log", "log", "0"), strict=True))
    if own:
        made |= {name: values[name] for name in HEADER if name in values}
    header = "|".join(_escaped(part, "|") for part in made.values())
    used: set[str] = set()
    pairs = []
    for name, text in values.items():
        if name in own:
            continue
        key = (roles or {}).get(name, "")
        if not key or key in used:
            key = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
        used.add(key)
        pairs.append(f"{key}={_escaped(text, '=')}")
    return f"CEF:0|{header}|{' '.join(pairs)}"


def _escaped(text: str, mark: str) -> str:
    text = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _parquet(rows: Iterable[bytes], path: Path) -> int:
    import duckdb

    if path.suffix == ".gz":
        raise InputError("Parquet is packed already", source=str(path), hint="leave .gz out")
    lines = path.with_name(f".{path.name}.{secrets.token_hex(6)}.jsonl")
    count = 0
    try:
        with atomic_write(lines) as file:
            for count, value in enumerate(objects(rows), 1):  # noqa: B007 - the last one counts
                file.write(msgspec.json.encode(value) + b"\n")
        if not count:
            raise InputError("no row is a JSON object", source=str(path), hint="Parquet holds nothing else")
        with duckdb.connect(config={"threads": 1, "memory_limit": MEMORY}) as database:
            replace_file(path, lambda made: database.execute(_COPY.format(_quoted(made)), [_wild(lines)]))
    except duckdb.Error as error:
        reason = " ".join(str(error).split())
        raise RunError(f"cannot write Parquet: {reason}", source=str(path)) from error
    finally:
        lines.unlink(missing_ok=True)
    return count


_COPY = """
COPY (SELECT * FROM read_json(?, format='newline_delimited', sample_size=-1, maximum_object_size=67108864,
  map_inference_threshold=-1)) TO '{}' (FORMAT parquet)
"""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _wild(path: Path) -> str:
    """A file name in which duckdb's wildcards stand for themselves."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))
