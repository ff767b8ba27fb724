"""Bills of materials that are kept in the workspace, whose findings stay up to date by themselves.

<home>/inventories/NAME/DIGEST.sbom   the document as it was given, packed by zstd
<home>/inventories/NAME/about.json    which of them is in force, where it came from, when it was analysed
<home>/inventories/NAME/outcomes      ids of what the last analysis said, to see what it no longer says

about.json is written last: who dies before leaves the old document in force.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.advisories import AdvisoryIndex
from icelos.data.atomic import atomic_write
from icelos.data.components import ComponentSource
from icelos.data.contents import Inventory
from icelos.data.inventory import MAX_SBOM, read_target
from icelos.data.parse.limits import read_bounded
from icelos.data.workspace import Workspace
from icelos.errors import InputError, StoreError
from icelos.records import record_id

FOLDER = "inventories"
_ABOUT, _OUTCOMES = "about.json", "outcomes"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_UNFIT = re.compile(r"[^A-Za-z0-9._@+-]+")


class KeptInventory(msgspec.Struct, frozen=True, kw_only=True):
    """One kept document: the SHA-256 of its content, where it came from, and when it was analysed.

    Times are RFC 3339 in UTC; `analysed` is "" before the first analysis, `basis` what that was made by.
    """

    name: str
    source: str
    sha256: str
    components: int
    kept: str
    analysed: str = ""
    basis: str = ""


class Analysed(msgspec.Struct, frozen=True, kw_only=True):
    """What an analysis of one said: findings by verdict, failures, and how many are new and no longer there.

    `unchanged` where it was passed over: its document, the advisories and people's decisions are the same.
    """

    name: str
    verdicts: dict[str, int] = {}
    failures: int = 0
    new: int = 0
    gone: int = 0
    unchanged: bool = False


class Inventories:
    """The kept inventories of a workspace. Raises StoreError where they cannot be written."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._root = workspace.home / FOLDER

    def keep(self, path: Path, name: str = "") -> tuple[KeptInventory, bool]:
        """Keep a copy of a bill of materials, in place of what has its name; and whether that is new.

        Raises InputError for a bad name, and for what is no document that lists components.
        """
        name = checked_name(name or name_for(path))
        if path.is_dir() or not path.is_file():
            raise InputError(
                "not a file", source=str(path), hint="a bill of materials: CycloneDX, SPDX or Syft's"
            )
        data = read_bounded(path, MAX_SBOM)
        digest = hashlib.sha256(data).hexdigest()
        before = self.find(name)
        if before is not None and before.sha256 == digest:
            return before, False
        inventory = _single(path)
        about = KeptInventory(
            name=name, source=str(path.absolute()), sha256=digest,
            components=len(inventory.components), kept=_now(),
        )  # fmt: skip
        self._write(about, data)
        return about, True

    def _write(self, about: KeptInventory, data: bytes) -> None:
        import zstandard

        folder = self._workspace.folder(FOLDER, about.name)
        try:
            with atomic_write(self.document(about), mode=0o600) as file:
                file.write(zstandard.ZstdCompressor(level=3).compress(data))
            self._describe(about)
            for old in folder.glob("*.sbom"):
                if old != self.document(about):
                    old.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error

    def _describe(self, about: KeptInventory) -> None:
        with atomic_write(self._root / about.name / _ABOUT, mode=0o600) as file:
            file.write(msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n")

    def all(self) -> list[KeptInventory]:
        """Every kept inventory, by name."""
        if not self._root.is_dir():
            return []
        found = (self.find(folder.name) for folder in sorted(self._root.iterdir()) if folder.is_dir())
        return [one for one in found if one is not None]

    def find(self, name: str) -> KeptInventory | None:
        """One by its name, None where there is none. Raises StoreError for one that is broken."""
        path = self._root / name / _ABOUT
        try:
            return msgspec.json.decode(path.read_bytes(), type=KeptInventory)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"cannot read: {error}", source=str(path), hint="keep its document again"
            ) from error

    def named(self, name: str) -> KeptInventory:
        """One by its name. Raises InputError where there is none."""
        found = self.find(checked_name(name))
        if found is None:
            known = ", ".join(one.name for one in self.all()) or "none are kept: icelos vulns keep SBOM"
            raise InputError(f"no inventory called {name!r}", hint=known)
        return found

    def document(self, about: KeptInventory) -> Path:
        """Where the document lies."""
        return self._root / about.name / f"{about.sha256[:16]}.sbom"

    def read(self, about: KeptInventory) -> Inventory:
        """Its components; the target is its name, and so is its identity, whatever the document says.

        A new document of the same target then brings the same records. Raises InputError.
        """
        return named_inventory(_single(self.document(about)), about.name)

    def drop(self, name: str) -> KeptInventory:
        """Forget one. Raises InputError where there is none, StoreError."""
        about = self.named(name)
        try:
            (self._root / about.name / _ABOUT).unlink()  # without it, the rest is no inventory any more
            shutil.rmtree(self._root / about.name)
        except OSError as error:
            raise StoreError(
                f"cannot remove: {error.strerror}", source=str(self._root / about.name)
            ) from error
        return about

    def outcomes(self, about: KeptInventory) -> frozenset[str]:
        """The ids of all outcomes of its last complete analysis."""
        try:
            return frozenset((self._root / about.name / _OUTCOMES).read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            return frozenset()

    def expect(self, about: KeptInventory, outcomes: Iterable[str]) -> None:
        """Outcomes that an analysis is about to write, or may have written."""
        with atomic_write(self._root / about.name / _OUTCOMES, mode=0o600) as file:
            file.write("\n".join(sorted(outcomes)).encode("ascii"))

    def analysed(self, about: KeptInventory, outcomes: Iterable[str], *, basis: str) -> None:
        """A complete analysis has said this."""
        self.expect(about, outcomes)
        self._describe(msgspec.structs.replace(about, analysed=_now(), basis=basis))


class KeptSource(ComponentSource):
    """Components of one kept inventory, each with an advisory that names it."""

    def __init__(self, inventories: Inventories, about: KeptInventory, advisories: AdvisoryIndex) -> None:
        super().__init__(inventories.document(about))
        self._about, self._kept, self._index = about, inventories, advisories

    def _known(self) -> AdvisoryIndex:
        return self._index

    def _inventories(self) -> Iterator[Inventory]:
        yield self._kept.read(self._about)


def identity_of(name: str) -> str:
    """The identity of a kept target, which its records are named by."""
    return f"inventory:{name}"


def named_inventory(inventory: Inventory, name: str) -> Inventory:
    """The same components as those of the target `name`."""
    identity = identity_of(name)
    components = [
        msgspec.structs.replace(one, target=name, target_id=identity) for one in inventory.components
    ]
    return msgspec.structs.replace(inventory, target=name, identity=identity, components=components)


def name_for(path: Path) -> str:
    """A name from a file's: "app.cdx" of "app.cdx.json"."""
    stem = path.name
    for ending in (".gz", ".zst", ".json", ".xml", ".spdx", ".cdx"):
        stem = stem.removesuffix(ending)
    name = _UNFIT.sub("-", stem).strip("-.") or "inventory"
    return name if len(name) <= 100 else f"{name[:87]}-{record_id(name)[:12]}"


def checked_name(name: str) -> str:
    """Raises InputError for a name that could be no folder's."""
    if not _NAME.fullmatch(name):
        raise InputError(f"not a name: {name[:60]!r}", hint="letters, digits and . _ @ + -")
    return name


def _single(path: Path) -> Inventory:
    found = read_target(path)
    if len(found) != 1:
        raise InputError("not one target but several", source=str(path), hint="keep a document for each")
    return found[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
