"""The tools that somebody may call: every registered one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, cast

from icelos import registry
from icelos.contracts import Observation, Principal, ReadTool
from icelos.errors import InputError
from icelos.llm.schema import violations
from icelos.web.services import Services


class Toolbox:
    """Tools by their names, built when first asked for. Safe to share between threads."""

    def __init__(self, here: Services) -> None:
        self._here = here
        self._lock = threading.Lock()
        self._tools: dict[str, ReadTool] | None = None

    def of(self, principal: Principal) -> list[ReadTool]:
        """What this principal may call, by name. Raises SettingsError for a tool that cannot be loaded."""
        return [tool for _, tool in sorted(self._all().items()) if tool.right in principal.rights]

    def get(self, name: str) -> ReadTool | None:
        """One tool, whoever may call it."""
        return self._all().get(name)

    def parameters(self, name: str) -> Mapping[str, Any] | None:
        """What a tool takes, where the tools have been built: it builds nothing, for the event loop."""
        tool = (self._tools or {}).get(name)
        return tool.tool.parameters if tool is not None else None

    def call(self, name: str, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        """What a tool found, which is recorded. Raises InputError for arguments that do not fit, and without
        the right.
        """
        tool = self._all()[name]
        if tool.right not in principal.rights:
            raise InputError(f"this needs the right {tool.right.value!r}, which you do not have")
        if problems := violations(dict(arguments), tool.tool.parameters):
            raise InputError(f"the arguments do not fit: {'; '.join(problems)}")
        found = tool.call(arguments, principal=principal)
        shown = [fact.ref for fact in found.facts]
        self._here.record(principal, f"tool.{name}", arguments=dict(arguments), shown=shown)
        return found

    def _all(self) -> dict[str, ReadTool]:
        with self._lock:
            if self._tools is None:
                registered = [
                    cast("ReadTool", registry.resolve("tools", name)(self._here.settings))
                    for name in registry.names("tools")
                ]
                self._tools = {tool.tool.name: tool for tool in registered}
            return self._tools
