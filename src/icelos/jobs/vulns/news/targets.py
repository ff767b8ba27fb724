"""An organisation's targets: components of kept inventories and of findings, and what is said of those."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from icelos.contracts import Principal
from icelos.data import visibility
from icelos.data.casework.model import Case
from icelos.data.casework.store import CaseStore
from icelos.data.databases import reading
from icelos.data.inventories import Inventories
from icelos.data.workspace import Workspace
from icelos.errors import IcelosError, StoreError
from icelos.findings import Finding
from icelos.records import Component
from icelos.settings import Settings

JOB = "vulns"
_COLUMNS = ("target", "target_id", "purl", "name", "version")


class Targets:
    """Components by package URL, of every target; and the findings and cases of those who ask.

    What a principal may not see of findings is `hidden`, and so is what it is about.
    """

    def __init__(self, settings: Settings, principal: Principal) -> None:
        self._settings, self._principal = settings, principal
        self._findings = settings.home / "findings.sqlite"
        self.notices: list[str] = []
        self.components: dict[str, dict[str, Component]] = {}
        self.allowed = self._may_see()
        if self.allowed:
            self._add_inventories()
            self._add_findings()

    @property
    def names(self) -> set[str]:
        """The targets' names."""
        return {name for targets in self.components.values() for name in targets}

    def _may_see(self) -> bool:
        with self._reading() as database:
            if database is None:
                return True
            closed = "SELECT name FROM job_groups WHERE job = ?"
            groups = {name for (name,) in database.execute(closed, (JOB,))}
            return not groups or bool(groups & self._principal.groups)

    def _add_inventories(self) -> None:
        inventories = Inventories(Workspace.of(self._settings))
        for about in inventories.all():
            try:
                components = inventories.read(about).components
            except IcelosError as error:
                self.notices.append(f"inventory {about.name} cannot be read: {error.message}")
                continue
            for one in components:
                self.components.setdefault(one.purl, {}).setdefault(about.name, one)

    def _add_findings(self) -> None:
        """Components of targets that are not kept, by what was found of them."""
        kept = self.names
        with self._reading() as database:
            if database is None:
                return
            columns = ", ".join(f"said ->> '$.{name}'" for name in _COLUMNS)
            rows = database.execute(
                f"SELECT DISTINCT {columns} FROM (SELECT CAST(body AS TEXT) -> '$.attributes' AS said"  # noqa: S608
                f" FROM outcomes WHERE kind = 'finding' AND job = 'vulns' AND {visibility.VISIBLE})",
                visibility.parameters(self._principal),
            )
            for target, identity, purl, name, version in rows:
                if target and purl and target not in kept:
                    component = Component(
                        id="", source=target, target=target, target_id=identity or "", purl=purl,
                        name=name or "", version=version or "",
                    )  # fmt: skip
                    self.components.setdefault(purl, {}).setdefault(target, component)

    def findings(self, ids: Iterable[str]) -> tuple[dict[str, Finding], set[str]]:
        """Those that there are and that may be seen, by id; and the ids of those that may not be."""
        wanted = {"ids": msgspec.json.encode(sorted(set(ids))).decode()}
        these = "kind = 'finding' AND id IN (SELECT value FROM json_each(:ids))"
        with self._reading() as database:
            if database is None:
                return {}, set()
            there = {row[0] for row in database.execute(f"SELECT id FROM outcomes WHERE {these}", wanted)}  # noqa: S608
            rows = database.execute(
                f"SELECT id, body FROM outcomes WHERE {these} AND {visibility.VISIBLE}",  # noqa: S608
                wanted | visibility.parameters(self._principal),
            )
            found = {identity: msgspec.json.decode(body, type=Finding) for identity, body in rows}
        return found, there - found.keys()

    def cases(self, ids: Iterable[str]) -> dict[str, Case]:
        """Where those stand that somebody has touched."""
        path = self._settings.home / "casework.sqlite"
        if not path.is_file():
            return {}
        with CaseStore(path) as cases:
            return cases.cases(ids)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        try:
            with reading(self._findings, "outcomes") as database:
                yield database
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot read findings: {error}", source=str(self._findings)) from error
