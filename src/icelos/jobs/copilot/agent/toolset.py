"""The read-only tools that questions may be answered with, opened when a question first needs them.

They are named in the registry, group "tools", so that the copilot reaches other jobs without knowing them. A
tool that cannot be opened is left out, and why is kept: questions are answered with the others.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from icelos import registry
from icelos.contracts import ReadTool
from icelos.errors import IcelosError
from icelos.settings import Settings


class Toolset:
    """All tools of the registry for one workspace. Safe to share between threads."""

    def __init__(self, settings: Settings, tools: Mapping[str, ReadTool] | None = None) -> None:
        self._settings = settings
        self._tools = dict(tools) if tools is not None else None
        self._lock = threading.Lock()
        self.missing: dict[str, str] = {}

    def open(self) -> Mapping[str, ReadTool]:
        """The tools by the names that models call them by."""
        with self._lock:
            if self._tools is None:
                self._tools = dict(self._built())
            return self._tools

    def _built(self) -> Mapping[str, ReadTool]:
        found: dict[str, ReadTool] = {}
        for name in sorted(registry.names("tools")):
            try:
                tool: ReadTool = registry.resolve("tools", name)(self._settings)
            except IcelosError as error:
                self.missing[name] = str(error)
            else:
                found[tool.tool.name] = tool
        return found
