"""Who reads rows of JSON fastest, and in how much memory? `python -m benchmarks.logs_reading FILE.jsonl`.

Every reader counts the different users of one file, in a process of its own with one thread. orjson, pyarrow
and polars are measured where they are installed; Icelos does not need them. Reading one field of every row is
the least that any use does; `icelos rows` and `icelos profile` are what comes of it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

USER = "userPrincipalName"


def _decoded(path: str, decode: Callable[[bytes], Any]) -> int:
    with Path(path).open("rb") as file:
        return len({decode(line)[USER] for line in file})


def with_json(path: str) -> int:
    """The standard library."""
    import json

    return _decoded(path, json.loads)


def with_orjson(path: str) -> int:
    """orjson, all fields."""
    import orjson  # type: ignore[import-not-found]

    return _decoded(path, orjson.loads)


def with_msgspec(path: str) -> int:
    """msgspec, all fields, no schema."""
    import msgspec

    return _decoded(path, msgspec.json.Decoder().decode)


def with_msgspec_struct(path: str) -> int:
    """msgspec, one field given."""
    import msgspec

    kind = msgspec.defstruct("Kind", [(USER, str)])
    decode = msgspec.json.Decoder(kind).decode
    with Path(path).open("rb") as file:
        return len({getattr(decode(line), USER) for line in file})


def with_duckdb(path: str) -> int:
    """duckdb, one column given."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as database:
        source = "read_json(?, format='newline_delimited', columns={'%s': 'VARCHAR'})"
        query = f"SELECT count(DISTINCT u) FROM {source} t(u)"
        return int(database.execute(query % USER, [path]).fetchall()[0][0])


def with_duckdb_all(path: str) -> int:
    """duckdb, a schema found by itself, all columns into a table."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("CREATE TABLE t AS SELECT * FROM read_json(?, format='newline_delimited')", [path])
        return int(database.execute(f"SELECT count(DISTINCT {USER}) FROM t").fetchall()[0][0])


def with_pyarrow(path: str) -> int:
    """pyarrow, a schema found by itself."""
    import pyarrow.compute  # type: ignore[import-not-found]
    import pyarrow.json  # type: ignore[import-not-found]

    options = pyarrow.json.ReadOptions(use_threads=False, block_size=8 << 20)
    table = pyarrow.json.read_json(path, read_options=options)
    return int(pyarrow.compute.count_distinct(table[USER]).as_py())


def with_polars(path: str) -> int:
    """polars, lazily."""
    import polars  # type: ignore[import-not-found]

    return int(polars.scan_ndjson(path, infer_schema_length=2000).select(USER).collect()[USER].n_unique())


def with_rows(path: str) -> int:
    """Icelos: rows as flat fields."""
    from icelos.jobs.logs.profile.rows import Row, RowSource

    return len({row.fields[USER] for row in RowSource(path) if isinstance(row, Row)})


def with_profile(path: str) -> int:
    """Icelos: the profile of all fields."""
    from icelos.jobs.logs.profile.profile import profile_rows
    from icelos.jobs.logs.profile.rows import RowSource

    return profile_rows(RowSource(path)).users or 0


READERS: dict[str, tuple[Callable[[str], int], str]] = {
    "json": (with_json, "json"),
    "orjson": (with_orjson, "orjson"),
    "msgspec": (with_msgspec, "msgspec"),
    "msgspec, one field": (with_msgspec_struct, "msgspec"),
    "duckdb, one column": (with_duckdb, "duckdb"),
    "duckdb, all": (with_duckdb_all, "duckdb"),
    "pyarrow": (with_pyarrow, "pyarrow"),
    "polars": (with_polars, "polars"),
    "icelos rows": (with_rows, "icelos"),
    "icelos profile": (with_profile, "icelos"),
}


def _one(name: str, path: str) -> None:
    begun = time.perf_counter()
    users = READERS[name][0](path)
    seconds = time.perf_counter() - begun
    size = Path(path).stat().st_size
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"| {name} | {size / seconds / 1e6:.0f} MB/s | {seconds:.1f} s | {memory} MiB | {users} |", flush=True
    )


def main(path: str) -> None:
    """Print a line for each reader."""
    print("| reader | speed | time | peak memory | users |\n|---|---|---|---|---|", flush=True)
    for name, (_, module) in READERS.items():
        if find_spec(module) is None:
            print(f"| {name} | not installed | | | |", flush=True)
            continue
        command = [sys.executable, "-m", "benchmarks.logs_reading", path, name]
        done = subprocess.run(command, capture_output=True, text=True)
        print(
            done.stdout.strip() or f"| {name} | failed: {done.stderr.strip().splitlines()[-1][:80]} |",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _one(sys.argv[2], sys.argv[1])
    elif len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        sys.exit("which file? python -m benchmarks.logs_reading FILE.jsonl")
