"""`icelos logs simulate`: rows of a made-up organisation, streamed into a file that is whole or absent.

That the rows are simulated stands beside them, in FILE.meta.json, and never in a row. What-if attacks
will be woven into `signins.rows` as further streams of attempts, labelled in a side file as well.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, cast

import msgspec

from icelos import __version__
from icelos.data.atomic import atomic_write
from icelos.errors import InputError
from icelos.jobs.logs.organisation import found
from icelos.jobs.logs.signins import rows as signin_rows

MOST_USERS = 50_000


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """FILE.meta.json. `sha256` is of the rows with their line ends, before any compression."""

    simulated: bool = True
    generator: str = "icelos logs simulate"
    version: str = __version__
    kind: str = "Microsoft Graph signIn"
    rows: int
    users: int
    seed: int
    bytes: int
    sha256: str


def meta_path(path: Path) -> Path:
    """The side file of a file of rows."""
    return path.with_name(f"{path.name}.meta.json")


def simulate(
    path: Path, *, rows: int, users: int, seed: int, progress: Callable[[int], None] = lambda _: None
) -> Meta:
    """Write `rows` sign-ins of `users` people; gzip where the name ends in .gz. The same call gives the
    same bytes. `progress` gets the rows written so far. Raises InputError for a count out of range.
    """
    if rows < 1 or not 1 <= users <= MOST_USERS:
        raise InputError(f"{rows} rows of {users} users", hint=f"at least 1 row, 1 to {MOST_USERS} users")
    organisation = found(users, seed)
    digest, size = hashlib.sha256(), 0
    with open_output(path) as file:
        for number, row in enumerate(islice(signin_rows(organisation, seed), rows), 1):
            line = row + b"\n"
            digest.update(line)
            size += len(line)
            file.write(line)
            if number % 1000 == 0:
                progress(number)
    meta = Meta(rows=rows, users=users, seed=seed, bytes=size, sha256=digest.hexdigest())
    write_meta(path, meta)
    return meta


def write_meta(path: Path, meta: object) -> None:
    """The side file, whole or absent."""
    with atomic_write(meta_path(path)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n")


@contextmanager
def open_output(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears when the block ends well; compressed, without a time stamp, for NAME.gz."""
    with atomic_write(path) as raw:
        if path.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=4, mtime=0) as packed:
            yield cast("IO[bytes]", packed)
