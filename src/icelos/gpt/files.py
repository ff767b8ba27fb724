"""Files that are whole or absent, for writers that want a path and not a stream (safetensors, numpy)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from icelos.errors import InputError

T = TypeVar("T")


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, sync it and rename it over `path`. Raises OSError.

    It is readable by its owner alone: what is learned from rows tells of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        temporary.touch(mode=0o600)
        write(temporary)
        _sync(temporary)
        temporary.replace(path)
        with suppress(OSError):  # some platforms cannot sync a folder
            _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: object) -> None:
    """A JSON document, whole or absent."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    replace_file(path, lambda temporary: temporary.write_bytes(data))


def read_json(path: Path, kind: type[T]) -> T:
    """A JSON document of a known shape. Raises InputError where it is absent, broken or of another shape."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", source=str(path)) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"not what a model folder holds: {error}", source=str(path)) from error
