"""What a feed's folder holds and where it came from (metadata.json), and the lock of who updates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write, open_alone
from icelos.data.feeds.files import Provenance
from icelos.data.feeds.records import is_feed_file
from icelos.data.reading import files_below
from icelos.data.workspace import Workspace
from icelos.errors import RunError, StoreError

STATE = "metadata.json"
STATE_LIMIT = 1 << 20
LOCK = ".lock"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What metadata.json holds: the provenance of each file, and how many documents they made."""

    files: Mapping[str, Provenance]
    documents: int


def read_state(folder: Path) -> State | None:
    """The state of a feed's folder, None where there is none that can be read."""
    return state_in(folder / STATE)


def state_in(path: Path) -> State | None:
    """The state in a file, None where it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def write_state(folder: Path, state: State) -> None:
    """Whole or not at all."""
    with atomic_write(folder / STATE) as file:
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")


def fetched_files(name: str, workspace: Workspace) -> list[Path]:
    """The files of a feed that are here, in a stable order."""
    return feed_files(workspace.home / "feeds" / name)


def feed_files(folder: Path) -> list[Path]:
    """The files of a feed's folder, here or on a mirror; none where there is no folder."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in files_below(folder)
        if is_feed_file(path) and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


@contextmanager
def alone(name: str, folder: Path) -> Iterator[None]:
    """One update of a feed at a time: two would write into each other's partial files."""
    try:
        lock = open_alone(folder / LOCK)
    except BlockingIOError as error:
        raise RunError(f"feed {name} is being updated by another run", hint="wait for it") from error
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error
    with lock:
        yield
