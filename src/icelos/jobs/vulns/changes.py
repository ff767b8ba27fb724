"""What a report says of the changes since an earlier run; it does not know how they were found."""

from __future__ import annotations

import msgspec

COLUMNS = ("change", "vulnerability", "component", "why")
Row = tuple[str, str, str, str]


class Gone(msgspec.Struct, frozen=True):
    """A finding of the earlier run that this one does not have."""

    vulnerability: str
    purl: str
    label: str
    why: str


class Since(msgspec.Struct, frozen=True):
    """For a report: one line, rows of `COLUMNS` without what is the same, and what is gone."""

    told: str
    rows: tuple[Row, ...]
    gone: tuple[Gone, ...]
