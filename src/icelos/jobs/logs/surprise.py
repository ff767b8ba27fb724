"""A row's surprise by a model trained on rows like it: bits per byte, against rows held out of training."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from icelos.errors import InputError
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.logs import techniques
from icelos.records import LogLine

if TYPE_CHECKING:
    from icelos.gpt.folder import Model
    from icelos.gpt.surprise import HeldOut

REVIEW_SHARE = 0.995
ALERT_SHARE = 1.0
"""Shares of the held-out rows that lie below: REVIEW above all but 0.5 %, ALERT above every one."""

BYTES_LIMIT = 64 * 1024
"""Longer rows are not scored by the model: one would hold up the run for seconds. They are UNKNOWN."""


class Surprise:
    """A trained model with the thresholds from its held-out rows."""

    def __init__(self, folder: Path) -> None:
        """Raises MissingExtra without PyTorch, InputError where the folder holds no usable model."""
        from icelos.gpt.sizes import require_torch

        require_torch()
        from icelos.gpt import folder as folders
        from icelos.gpt.files import read_json
        from icelos.gpt.surprise import HeldOut

        self._model: Model = folders.load(folder)
        if not (folder / folders.HELD_OUT).is_file():
            raise InputError(
                "the model has no held-out rows to set a threshold by",
                source=str(folder),
                hint="train it on at least 20 rows",
            )
        self._held_out: HeldOut = read_json(folder / folders.HELD_OUT, HeldOut)
        self._labelled = techniques.load(folder) is not None
        self._review = self._held_out.quantile(REVIEW_SHARE)
        self._alert = self._held_out.quantile(ALERT_SHARE)
        self.version = f"{folder.name}@{_digest(folder / folders.WEIGHTS)}"

    def judge(self, record: LogLine, *, job: str) -> Finding | None:
        """REVIEW or ALERT above the thresholds, UNKNOWN for a row too long to score, else None.

        The score is the share of the held-out rows that were less surprising.
        """
        data = record.text.encode("utf-8", "surrogatepass")
        if len(data) > BYTES_LIMIT:
            summary = f"row of {len(data):,} bytes is too long for the model to score"
            return self._finding(record, job, Verdict.UNKNOWN, "too-long", summary)
        value = self.bits_per_byte(data)
        if value <= self._review:
            return None
        verdict = Verdict.ALERT if value > self._alert else Verdict.REVIEW
        rows = f"{REVIEW_SHARE:.1%} of {self._held_out.rows} held-out rows"
        summary = f"{value:.3f} bits per byte, where {rows} need at most {self._review:.3f}"
        return self._finding(
            record, job, verdict, "surprising-row", summary, score=self._held_out.share_below(value)
        )

    def bits_per_byte(self, row: bytes) -> float:
        """Bits that the model needs for a row and its end, a byte of the row. 0 for an empty row."""
        from icelos.gpt.surprise import token_bits

        if self._labelled:
            with suppress(InputError):  # a row that cannot be labelled is scored as it is
                row = techniques.marked(row, techniques.NONE)
        bits = token_bits(self._model.network, self._model.tokenizer.encode(row))
        return float(bits.sum()) / len(row) if row else 0.0

    def _finding(
        self,
        record: LogLine,
        job: str,
        verdict: Verdict,
        label: str,
        summary: str,
        score: float | None = None,
    ) -> Finding:
        return Finding(
            record_id=record.id,
            job=job,
            verdict=verdict,
            label=label,
            summary=summary,
            score=score,
            evidence=(Evidence(record.text[:300], record.source, How.MODEL),),
            made_by={"model": self.version},
            source=record.source,
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:12]
