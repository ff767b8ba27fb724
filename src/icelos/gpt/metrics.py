"""The loss by step, as CSV: step, tokens, seconds, loss (nats per token), learning_rate."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from icelos.gpt.files import replace_file

COLUMNS = ("step", "tokens", "seconds", "loss", "learning_rate")


class Metrics:
    """The rows of metrics.csv, written whole with each checkpoint. A resumed run drops what came after."""

    def __init__(self, path: Path, *, upto: int) -> None:
        """Keep the rows of an earlier part of the run up to step `upto`; 0 starts anew."""
        self._path = path
        self._rows = _read(path, upto) if upto else []

    def add(self, step: int, tokens: int, seconds: float, loss: float, learning_rate: float) -> None:
        """One step."""
        self._rows.append((str(step), str(tokens), f"{seconds:.3f}", f"{loss:.6f}", f"{learning_rate:.8f}"))

    def write(self) -> None:
        """Write the file, whole or absent. Raises OSError."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self._rows)
        replace_file(self._path, lambda temporary: temporary.write_text(text.getvalue(), "utf-8"))


def _read(path: Path, upto: int) -> list[tuple[str, ...]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)][1:]
    return [row for row in rows if len(row) == len(COLUMNS) and row[0].isdigit() and int(row[0]) <= upto]
