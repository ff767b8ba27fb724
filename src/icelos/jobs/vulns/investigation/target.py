"""What is investigated: the target's folder, its application, packages and call graph, each read once."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from icelos.data.tree import FileTree
from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.application import Application, Start
from icelos.jobs.vulns.investigation.definitions import Definitions
from icelos.jobs.vulns.investigation.distribution import Distribution, read_distribution
from icelos.jobs.vulns.investigation.mentions import Mentions, Own, Running
from icelos.jobs.vulns.investigation.package_text import PackageText
from icelos.jobs.vulns.reachability import CallGraph
from icelos.records import Component

_PYTHON = re.compile(
    r"^(?:FROM\s+(?:--\S+\s+)?(?:\S+/)?python:|python-)(\d+\.\d+(?:\.\d+)?)", re.MULTILINE | re.IGNORECASE
)
_BASE = re.compile(r"^FROM\s+(?:--\S+\s+)?\S+", re.MULTILINE | re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_]\w*")
_WINDOWS = re.compile(r"windows|nanoserver")


class Target:
    """The target's files, read and never run, with the application in it and the components found there.

    `components` are all of the target's, not those of one advisory.
    """

    def __init__(self, tree: FileTree, components: Sequence[Component]) -> None:
        self.tree = tree
        self.root = tree.root
        self.components = tuple(components)
        self.distribution = lru_cache(maxsize=4096)(self._distribution)
        self.definitions = lru_cache(maxsize=64)(self._definitions)

    @cached_property
    def application(self) -> Application:
        """The owner's own files."""
        command = " ".join((*self.tree.config.entrypoint, *self.tree.config.cmd))
        starts = [Start(command, "image configuration")] if command else []
        return Application(self.root, [one.location for one in self.components], starts)

    @cached_property
    def system(self) -> Evidence | None:
        """What tells the operating system: os-release, a Dockerfile's base, a binary wheel."""
        for name in ("etc/os-release", "usr/lib/os-release"):
            if self.tree.exists(name):
                return Evidence("linux", name, How.TOOL)
        found = self.application.mentions(_BASE, limit=1)
        if found:
            return found[0]
        for one in self.components:
            distribution = (
                self.distribution(one.location, one.name) if one.purl.startswith("pkg:pypi/") else None
            )
            if distribution and len(distribution.systems) == 1:
                quote = f"binary wheel for {distribution.systems[0]}"
                return Evidence(quote, f"{distribution.metadata}/WHEEL", How.TOOL)
        return None

    @property
    def system_name(self) -> str:
        """linux, windows, macos or "" where nothing tells."""
        if self.system is None:
            return ""
        words = self.system.quote.lower()
        return "windows" if _WINDOWS.search(words) else "macos" if "macos" in words else "linux"

    @cached_property
    def graph(self) -> CallGraph:
        """Calls from the application's own source, and from the commands that start it, into its packages."""
        application = self.application
        words = application.template_words()
        return CallGraph.of(
            application.sources, application.packages, in_templates=words, entries=self._entries()
        )

    def _entries(self) -> list[str]:
        """The functions, and modules, of installed packages that the application's start commands run."""
        commands = [f" {one.command} ".replace("/", " ") for one in self.application.starts]
        found: dict[str, None] = {}
        for one in self.components if commands else ():
            if not one.purl.startswith("pkg:pypi/"):
                continue
            distribution = self.distribution(one.location, one.name)
            for name, target in distribution.commands if distribution else ():
                if any(f" {name} " in command for command in commands):
                    found[target.partition("[")[0].strip().replace(":", ".")] = None
            for module in distribution.modules if distribution else ():
                if any(f" -m {module} " in command for command in commands):
                    found[f"{module}.__main__"] = None
        return list(found)

    @cached_property
    def mentions(self) -> Mentions:
        """The names in the packages' source, and in the application's own files."""
        texts = [self.application.text(name) for name in self.application.files]
        words = frozenset(word for text in texts for word in _WORD.findall(text))
        templates = frozenset(self.application.template_words())

        def names_package(package: str) -> bool:
            return bool(self.graph.imports(package)) or any(package in text for text in texts)

        own = Own(words, templates, names_package)
        running = Running(self.graph.runs, self.graph.takes, self.graph.may_load)
        return Mentions(PackageText(self.application.packages), own, running)

    @cached_property
    def python(self) -> Evidence | None:
        """What tells the version of Python that runs here: a Dockerfile's base, runtime.txt."""
        found = self.application.mentions(_PYTHON, limit=5, python=False)
        versions = {match.group(1) for one in found if (match := _PYTHON.search(one.quote))}
        return found[0] if len(versions) == 1 else None

    @property
    def python_version(self) -> str:
        """Such as "3.8.5", or "3.8" where the patch level is not told; "" where nothing tells."""
        match = _PYTHON.search(self.python.quote) if self.python else None
        return match.group(1) if match else ""

    def _distribution(self, location: str, name: str) -> Distribution | None:
        return read_distribution(self.root, location, name)

    def _definitions(self, location: str, name: str) -> Definitions:
        found = self.distribution(location, name)
        return found.definitions() if found else Definitions(())

    def place(self, file: str) -> str:
        """A path as people know it: relative to the target."""
        path = Path(file)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else sys.intern(file)
