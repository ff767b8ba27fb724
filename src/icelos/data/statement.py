"""What one advisory says of one package."""

from __future__ import annotations

from typing import NamedTuple

from icelos.data.parse.osv_advisories import Advisory, Affected


class Statement(NamedTuple):
    """An advisory, and that part of it which is about the package asked for."""

    advisory: Advisory
    affected: Affected
