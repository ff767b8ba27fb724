"""Values of settings in the application's own files: Python, YAML, TOML, INI, .env, Dockerfiles."""

from __future__ import annotations

import re

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.application import Application

_VALUE = r"[\"']?\s*\]?\s*[:=]\s*(?!=)([^#\n]{1,200})"
_TRUE = frozenset(["true", "yes", "on", "1", "enabled"])
_FALSE = frozenset(["false", "no", "off", "0", "disabled", "none", "null"]) | {'""', "''", "[]", "{}"}


class Setting(Evidence, frozen=True):
    """One place where a setting gets a value, with the value as written."""

    value: str = ""

    @property
    def truth(self) -> bool | None:
        """True or false where it is plainly so; None for what is decided elsewhere."""
        word = self.value.strip().strip(",;\"'").lower()
        return True if word in _TRUE else False if word in _FALSE else None


def settings_of(application: Application, name: str) -> list[Setting]:
    """Where own files give `name` a value: an assignment, a key of a mapping, a variable."""
    pattern = re.compile(rf"(?<![\w.-])(?:[\w.]+\.)?[\"']?{re.escape(name)}{_VALUE}")
    docker = re.compile(rf"^\s*ENV\s+(?:\S+=\S+\s+)*{re.escape(name)}[ =]([^\n]{{1,200}})", re.MULTILINE)
    found = []
    for file in application.files:
        text = application.text(file)
        for match in (*pattern.finditer(text), *docker.finditer(text)):
            line = text.count("\n", 0, match.start()) + 1
            value = match.group(1).strip().rstrip(",")
            found.append(Setting(f"{name} = {value}"[:300], f"{file}:{line}", How.TOOL, value))
    return found[:50]
