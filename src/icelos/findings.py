"""What comes out: findings with their evidence, and failures. One scale of verdicts for all jobs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from icelos.records import record_id


class Verdict(StrEnum):
    """One scale for lists, exit codes and colours, in descending order of concern."""

    ALERT = "alert"
    REVIEW = "review"
    UNKNOWN = "unknown"
    CLEAR = "clear"


class How(StrEnum):
    """How a piece of evidence was found."""

    RULE = "rule"
    RETRIEVAL = "retrieval"
    TOOL = "tool"
    MODEL = "model"


class Evidence(msgspec.Struct, frozen=True):
    """Where it stands and how it was found. `source` is a place a person can open ("etc/passwd:3")."""

    quote: str
    source: str
    how: How


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a job says of one record.

    `score` is None or a number from 0 to 1, never NaN: construction raises ValueError otherwise.
    `made_by` names the versions of what made it ("model", "prompt", "data"). `attributes` are facts of it by
    name, for filters and documents ("purl", "vulnerability", "status"). Who sees it must be in every one of
    `needs_groups`: those whose documents it was made from.
    """

    record_id: str
    job: str
    verdict: Verdict
    label: str
    summary: str
    score: float | None = None
    evidence: tuple[Evidence, ...] = ()
    made_by: Mapping[str, str] = {}
    source: str = ""
    attributes: Mapping[str, str] = {}
    needs_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.score is not None and not (math.isfinite(self.score) and 0.0 <= self.score <= 1.0):
            raise ValueError(f"score must be between 0 and 1, got {self.score!r}")

    @property
    def id(self) -> str:
        """The finding's permanent id: one per (job, record)."""
        return record_id(self.job, self.record_id)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be parsed or scored, with its reason; listed by `icelos failures`.

    `raw` is the beginning of what came in, at most `RAW_LIMIT` characters, to look at and to run again.
    `needs_groups` are as those of a finding.
    """

    record_id: str
    job: str
    error: str
    source: str
    raw: str = ""
    needs_groups: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """One per (job, record): a later good outcome of the same record replaces it."""
        return record_id(self.job, self.record_id)


RAW_LIMIT = 4096

Outcome = Finding | Failure


def failure(
    *, record_id: str, job: str, error: BaseException | str, source: str, raw: object = ""
) -> Failure:
    """A Failure with its error as one line and its raw text cut to `RAW_LIMIT`."""
    if isinstance(error, BaseException):
        text = str(error).strip()
        error = text if type(error).__module__.startswith("icelos") else f"{type(error).__name__}: {text}"
    if isinstance(raw, bytes):
        raw = raw[:RAW_LIMIT].decode("utf-8", "replace")
    line = " ".join(error.split())[:1000] or "unknown error"
    return Failure(
        record_id=record_id,
        job=job,
        error=_storable(line),
        source=_storable(source),
        raw=_storable(str(raw)[:RAW_LIMIT]),
    )


def _storable(text: str) -> str:
    """Lone surrogates, which file names and broken mail bring, cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
