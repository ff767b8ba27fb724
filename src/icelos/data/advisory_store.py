"""Advisories and what is known of each CVE, in one indexed SQLite file.

A source ("osv/PyPI/all.zip") is replaced in one transaction: whoever reads meanwhile sees the old data, and
an update that breaks or is killed leaves it in force. Memory does not depend on the size of a source.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from icelos.data import epss_changes
from icelos.data.advisories import AdvisoryIndex, load_advisories, same_release
from icelos.data.advisory_changes import Changes
from icelos.data.advisory_filling import Filling, Item, SourceState
from icelos.data.advisory_schema import APPLICATION, SCHEMA, VERSION, unpack
from icelos.data.aliases import merged
from icelos.data.intelligence import Intelligence
from icelos.data.parse.osv_advisories import Advisory, Affected
from icelos.data.parse.purls import Place
from icelos.data.statement import Statement
from icelos.data.workspace import ADVISORIES, Workspace
from icelos.errors import InputError, StoreError
from icelos.findings import Failure
from icelos.settings import Settings, load

WAIT = 600.0
"""Seconds that a writer waits for another one: a large source takes minutes."""
KEPT_PLACES = 128
"""Packages whose advisories are held in memory: a job asks for one as often as it has advisories."""
_MAGIC = b"SQLite format 3\0"


class AdvisoryStore:
    """The look-ups of `Advisories`, on disk. Safe to use from several threads; raises StoreError."""

    def __init__(self, path: Path, *, renew: bool = True) -> None:
        """Open, or create, or with `renew` start a database of another version afresh."""
        self.path = path
        self._lock = threading.RLock()
        self._places: OrderedDict[tuple[str, str, str], dict[str, list[Statement]]] = OrderedDict()
        with self._told("open"):
            self._database = sqlite3.connect(
                path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            self._finalizer = weakref.finalize(self, self._database.close)
            self._prepare(renew=renew)
        self._releases = self._read_releases()
        self.intelligence = Intelligence(self._rows)
        self.changes = Changes(self._rows)

    def close(self) -> None:
        """Look-ups end here."""
        self._finalizer()

    def __enter__(self) -> AdvisoryStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _prepare(self, *, renew: bool) -> None:
        """Create the tables; those of another version go: the feeds' files fill them again."""
        (mark,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if (mark, version) == (APPLICATION, VERSION):
            return
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and mark != APPLICATION:
            raise StoreError("not a database of advisories", source=str(self.path))
        if tables and not renew:
            raise StoreError("a database of advisories of another version of Icelos", source=str(self.path))
        self._database.execute("PRAGMA journal_mode=WAL")
        with self._transaction():
            for (name,) in self._database.execute(
                "SELECT name FROM sqlite_schema WHERE type='table'"
            ).fetchall():
                if not name.startswith("sqlite_"):
                    self._database.execute(f'DROP TABLE "{name}"')
            for statement in SCHEMA:
                self._database.execute(statement)
            self._database.execute(f"PRAGMA application_id={APPLICATION}")
            self._database.execute(f"PRAGMA user_version={VERSION}")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            raise StoreError(f"cannot {what} the advisories: {error}", source=str(self.path)) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock, self._told("read"):
            return self._database.execute(sql, values).fetchall()

    # -- looking up

    @property
    def count(self) -> int:
        """How many advisories are in force."""
        return sum(state.advisories for state in self.sources())

    @property
    def failures(self) -> list[Failure]:
        """The advisories that could not be read: something may be missing in what is found."""
        return self._failures("advisories > 0")

    def failures_of(self, source_name: str) -> list[Failure]:
        """What could not be read of one source, at most `KEPT_FAILURES`."""
        return self._failures("name = ?", source_name)

    def _failures(self, where: str, *values: str) -> list[Failure]:
        rows = self._rows(_FAILURES.format(where=where), *values)
        return [Failure(record_id=str(i), job="", error=str(e), source=str(p)) for i, e, p in rows]

    def sources(self) -> list[SourceState]:
        """Every source in force, by name."""
        rows = self._rows(
            "SELECT name, digest, filled, advisories, facts, failures FROM source ORDER BY name"
        )
        return [
            msgspec.convert(dict(zip(SourceState.__struct_fields__, r, strict=True)), SourceState)
            for r in rows
        ]

    @property
    def described(self) -> str:
        """The feeds in force and the day of each's oldest part ("alpine 2026-11-23, osv 2026-11-20")."""
        days: dict[str, str] = {}
        for state in self.sources():
            feed, day = state.name.partition("/")[0], state.filled[:10]
            days[feed] = min(day, days.get(feed, day))
        return ", ".join(f"{feed} {day}" for feed, day in sorted(days.items()))

    def about(self, place: Place) -> Mapping[str, Sequence[Statement]]:
        """As `Advisories.about`; what two sources say in the same words is there once.

        The advisories come without what they say of other packages: their `affected` is empty.
        """
        key = (place.ecosystem, place.name, place.release)
        with self._lock:
            if key not in self._places:
                self._places[key] = self._about(place)
                if len(self._places) > KEPT_PLACES:
                    self._places.popitem(last=False)
            self._places.move_to_end(key)
            return self._places[key]

    def _about(self, place: Place) -> dict[str, list[Statement]]:
        rows = self._rows(_ABOUT, place.ecosystem, place.name)
        found: dict[str, list[Statement]] = {}
        heads: dict[object, Advisory] = {}
        seen: set[tuple[str, Affected]] = set()
        with self._told("read"):
            for number, release, statement, head in rows:
                if not same_release(place, str(release)):
                    continue
                if number not in heads:
                    heads[number] = unpack(head, Advisory)
                advisory, affected = heads[number], unpack(statement, Affected)
                if (advisory.id, affected) not in seen:
                    seen.add((advisory.id, affected))
                    found.setdefault(advisory.id, []).append(Statement(advisory, affected))
        return merged(found)

    def packages(self, ecosystem: str) -> list[str]:
        """As `Advisories.packages`."""
        sql = "SELECT DISTINCT name FROM statement WHERE ecosystem = ? ORDER BY name"
        return [str(name) for (name,) in self._rows(sql, ecosystem)]

    def covers(self, place: Place) -> bool:
        """As `Advisories.covers`."""
        return any(
            ecosystem == place.ecosystem and same_release(place, release)
            for ecosystem, release in self._releases
        )

    def _read_releases(self) -> set[tuple[str, str]]:
        return {(str(e), str(r)) for e, r in self._rows("SELECT DISTINCT ecosystem, release FROM release")}

    # -- filling

    def replace(self, source_name: str, items: Iterable[Item], *, digest: str = "") -> SourceState:
        """Put `items` in place of everything of one source, or nothing at all.

        An InputError among the items is kept as a Failure. Raises InputError where there are more of them
        than of anything else, StoreError; whatever is raised, the old data stays in force.
        """
        with self._lock, self._told("write"), self._transaction():
            before = epss_changes.scores(self._database, source_name)
            self._remove(source_name)
            filling = Filling(self._database, source_name)
            for item in items:
                filling.add(item)
            state = filling.done(digest)
            epss_changes.write_down(self._database, source_name, before)
        self._changed()
        return state

    def remove(self, source_name: str) -> None:
        """Take one source out of force."""
        with self._lock, self._told("write"), self._transaction():
            self._remove(source_name)
        self._changed()

    def _remove(self, source_name: str) -> None:
        row = self._database.execute("SELECT number FROM source WHERE name=?", (source_name,)).fetchone()
        for statement in _REMOVE if row else ():
            self._database.execute(statement, row)

    def _changed(self) -> None:
        with self._lock:
            self._places.clear()
            self.intelligence.forget()
            self._releases = self._read_releases()


_ABOUT = """
SELECT s.advisory, s.release, s.content, a.content FROM statement s JOIN advisory a ON a.number = s.advisory
WHERE s.ecosystem=? AND s.name=? ORDER BY s.advisory, s.position
"""
_FAILURES = """
SELECT f.record_id, f.error, f.place FROM failure f JOIN source s ON s.number = f.source
WHERE s.{where} ORDER BY f.source, f.place
"""
_REMOVE = (
    "DELETE FROM statement WHERE advisory IN (SELECT number FROM advisory WHERE source=?)",
    "DELETE FROM advisory WHERE source=?",
    "DELETE FROM release WHERE source=?",
    "DELETE FROM facts WHERE source=?",
    "DELETE FROM failure WHERE source=?",
    "DELETE FROM source WHERE number=?",
)


def open_intelligence(advisories: AdvisoryIndex, settings: Settings) -> Intelligence | None:
    """What is known of CVEs: in the database that the advisories are of, else in the workspace's, if any."""
    if isinstance(advisories, AdvisoryStore):
        return advisories.intelligence
    path = settings.home / ADVISORIES
    return AdvisoryStore(path).intelligence if path.is_file() else None


def open_advisories(location: str | Path = "", settings: Settings | None = None) -> AdvisoryIndex:
    """The advisories of a file or folder, or of the workspace's database where no location is given.

    `settings` name the workspace; without them, those that are in force do. Raises InputError where there
    are no advisories.
    """
    if location and not _is_database(Path(location)):
        return load_advisories(location)
    path = Path(location) if location else (settings or load().settings).home / ADVISORIES
    if path.is_file():
        store = AdvisoryStore(path, renew=not location)
        if store.count:
            return store
        store.close()
    raise InputError(
        "there are no advisories in the workspace", source=str(path),
        hint="icelos feeds update osv alpine kev epss, or --advisories FILE or FOLDER",
    )  # fmt: skip


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


@contextmanager
def workspace_store(workspace: Workspace) -> Iterator[AdvisoryStore]:
    """The workspace's database, created where absent."""
    with closing(AdvisoryStore(workspace.advisories)) as store:
        yield store
