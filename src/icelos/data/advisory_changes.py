"""What has come into a database of advisories since a moment, by the dates that its publishers give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from icelos.data.advisory_schema import unpack
from icelos.data.epss_changes import Jump, jumps
from icelos.data.parse.intelligence import Facts
from icelos.data.parse.osv_advisories import Advisory

Rows = Callable[..., Sequence[Sequence[object]]]


class Changes:
    """Asks a database; `rows` runs a question on it. Raises StoreError as that does."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def exploited(self, since: datetime) -> list[Facts]:
        """What CISA's catalogue says of CVEs that it lists since that day, by their names."""
        day = since.astimezone(UTC).date().isoformat()
        rows = self._rows(
            "SELECT f.content FROM facts f JOIN source s ON s.number = f.source WHERE s.name LIKE 'kev/%'"
        )
        found = [unpack(content, Facts) for (content,) in rows]
        return sorted((one for one in found if one.in_kev and one.kev_added >= day), key=lambda one: one.name)

    def likelier(self, since: datetime) -> list[Jump]:
        """EPSS scores that rose clearly since then, by when they were fetched."""
        return jumps(self._rows, since)

    def advisories(self, since: datetime) -> int:
        """How many advisories in force were published or changed since then."""
        moment = since.astimezone(UTC).isoformat(timespec="seconds")
        rows = self._rows("SELECT content FROM advisory")
        return sum(unpack(content, Advisory).modified >= moment for (content,) in rows)
