"""Results of earlier runs, so that a run that was ended, and the next build of an image, go on where it was.

A result is looked up by a digest of all that it depends on: the component, the advisory, the model, the
rules, and the contents that were searched. What has changed is simply not found.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from icelos import __version__
from icelos.data.bounded_cache import BoundedCache
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.loop import Investigation
from icelos.jobs.vulns.investigation.proof import Contents, Scope, searched
from icelos.jobs.vulns.investigation.target import Target
from icelos.records import Component

FORMAT = 2
MAX_BYTES = 256 * 2**20


class KeptInvestigations:
    """Investigations by case and by the contents of one target. Safe to share between threads."""

    def __init__(self, path: Path, target: Target, *, max_bytes: int = MAX_BYTES) -> None:
        """The target's files are told apart when they are first asked for."""
        self._cache = BoundedCache(path, max_bytes=max_bytes)
        self.contents = Contents(target)

    def place(self, case: Case, model: str) -> bytes:
        """The key of one case in any target; `model` is the name of the model, "" for none."""
        parts = [rules(), model, in_any_target(case.component), case.vulnerability]
        return _digest([*parts, case.text, case.source, case.reading, case.fixes])

    def get(self, place: bytes) -> Investigation | None:
        """The result of an earlier run, marked as reused and free of charge."""
        for scope in (Scope.CODE, Scope.NAMES):
            if (found := self._get(self._key(place, scope))) is not None:
                return found
        if self._cache.get(_digest([place])) is None:
            return None  # nothing was kept that rests on every file, so they need not be read
        return self._get(self._key(place, Scope.ALL))

    def put(self, place: bytes, found: Investigation) -> None:
        """Keep a result; one that cannot be written is not kept."""
        scope = searched(found)
        try:
            if scope is Scope.ALL:
                self._cache.put(_digest([place]), b"all")
            self._cache.put(self._key(place, scope), msgspec.json.encode(found))
        except (TypeError, ValueError, RecursionError):
            return

    def _key(self, place: bytes, scope: Scope) -> bytes:
        return _digest([place, scope, self.contents.digest(scope)])

    def _get(self, key: bytes) -> Investigation | None:
        data = self._cache.get(key)
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=Investigation)
        except (msgspec.MsgspecError, RecursionError, TypeError, UnicodeError):
            self._cache.drop(key)
            return None
        return msgspec.structs.replace(found, reused=True, calls=0, usage=type(found.usage)(), seconds=0.0)

    def close(self) -> None:
        self._cache.close()


def in_any_target(component: Component) -> Component:
    """A component without what differs from one build to the next and decides nothing."""
    return msgspec.structs.replace(component, id="", source="", target="", target_id="", layer="")


@cache
def rules() -> bytes:
    """Digest of the version and of the code that decides, so that a change of it is noticed without one."""
    digest = hashlib.sha256(f"{FORMAT} {__version__}".encode())
    folder = Path(__file__).resolve().parent.parent
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.digest()


def _digest(parts: list[Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted", enc_hook=repr)).digest()
