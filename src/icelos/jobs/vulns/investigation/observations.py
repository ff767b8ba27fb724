"""What a tool saw, and what follows from it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from icelos.findings import Evidence
from icelos.jobs.vulns.verdicts import Label

MAX_SAID = 2000
"""Characters of one observation that a model is shown."""


class Observation(msgspec.Struct, frozen=True):
    """One answer of one tool, with its proof.

    `rules_out` is the label that this alone proves, None where it proves none. `supports` says that the flaw
    can be used as far as this tool sees. `open` says why it answers nothing, in one line; `failed` that it is
    the tool that broke, so that another try may do better.
    """

    tool: str
    arguments: Mapping[str, Any]
    says: str
    evidence: tuple[Evidence, ...] = ()
    rules_out: Label | None = None
    supports: bool = False
    open: str = ""
    failed: bool = False

    @property
    def command(self) -> str:
        """The call as a person would write it: "reach(symbol=yaml.load)"."""
        inside = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.tool}({inside})"

    def told(self) -> str:
        """For a model: what was seen and where, bounded."""
        lines = [self.says or self.open, *(f"{one.source}: {one.quote}" for one in self.evidence)]
        return "\n".join(lines)[:MAX_SAID]
