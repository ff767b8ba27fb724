"""Rows that say which ATT&CK technique they are of, so that a model can be asked for rows of one.

A label stands in the row while a model learns it or writes it, as its first key, and nowhere else: what goes
on in the row depends on it as on any other value. Rows of no attack are of the technique `NONE`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from icelos.data.reading import read_lines
from icelos.errors import InputError
from icelos.gpt.files import read_json, write_json

MARK = "_technique"
"""The key. Rows that have it themselves cannot be labelled."""
NONE = "none"
NAME = "techniques.json"
"""In a model's folder."""
_BEGINS = re.compile(rb'\{(\s*)"(?:[^"\\]|\\.)*"(\s*:\s*)')
_MARKED = re.compile(rb'\{(\s*)"' + MARK.encode() + rb'"\s*:\s*"([^"\\]*)"(?:\s*,)?\s*')


class Techniques(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """techniques.json: how many rows of each a model learned from."""

    rows: dict[str, int]


class _Label(msgspec.Struct, frozen=True):
    row: int
    technique: str
    benign: bool = False


class RowLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A line of FILE.labels.jsonl of generated rows: a row by its number, from 1, and the technique that it
    was made for."""

    row: int
    technique: str


def read_labels(path: Path) -> dict[int, str]:
    """The technique of rows by their number, from 1, as `icelos logs whatif` and `generate` write them;
    benign ones are left out.

    Raises InputError for a file without labels, and for a line that is none.
    """
    found: dict[int, str] = {}
    try:
        with path.open("rb") as file:
            for line in read_lines(file):
                label = msgspec.json.decode(line.data, type=_Label)
                if label.technique and not label.benign:
                    found[label.row] = label.technique
    except OSError as error:
        raise InputError(f"cannot read the labels: {error.strerror}", source=str(path)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        where = f"{path}:{line.number}"
        raise InputError(
            f"not a label: {error}", source=where, hint="a row and its technique a line"
        ) from error
    if not found:
        raise InputError("labels no row", source=str(path))
    return found


def marked(row: bytes, technique: str) -> bytes:
    """A JSON object with its label in front, spaced as the row is. Raises InputError for any other row."""
    begins = _BEGINS.match(row)
    if begins is None:
        raise InputError("only JSON objects with keys can be labelled")
    if _MARKED.match(row):
        raise InputError(f"has a key {MARK} itself")
    space, colon = begins[1], begins[2]
    between = b", " if colon != colon.strip() + b"" and colon.endswith(b" ") else b","
    return b"{%s%s%s%s%s%s" % (
        space, json.dumps(MARK).encode(), colon, json.dumps(technique).encode(), between,
        row[begins.end(1) :],
    )  # fmt: skip


def unmarked(row: bytes) -> tuple[bytes, str]:
    """A row without its label, and the label; "" where it has none."""
    found = _MARKED.match(row)
    if found is None:
        return row, ""
    return b"{" + found[1] + row[found.end() :], found[2].decode("utf-8", "replace")


class Unlabelled:
    """Rows without their labels."""

    def __init__(self, rows: Iterable[bytes]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[bytes]:
        for row in self._rows:
            yield unmarked(row)[0]


def save(counts: Mapping[str, int], model: Path) -> None:
    """Keep what a model learned the rows of."""
    write_json(model / NAME, Techniques(dict(sorted(counts.items()))))


def load(model: Path) -> Techniques | None:
    """What techniques a model can be asked for; None where it learned from rows without labels.

    Raises InputError for a broken file.
    """
    return read_json(model / NAME, Techniques) if (model / NAME).is_file() else None
