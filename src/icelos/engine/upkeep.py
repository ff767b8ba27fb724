"""What keeps a workspace up to date by itself: feeds, news, watched folders, kept inventories, retention.

    tasks = tasks_of(settings)                  # what the settings ask for; nothing is fetched unasked
    keep_up(settings, stop)                     # `icelos feeds watch`, and a thread of `icelos serve`

A feed that has brought something wakes the analysis of the kept inventories.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from icelos.data.durations import seconds_of
from icelos.data.feeds.catalogue import FEEDS, feed_named
from icelos.data.feeds.news import news_feeds
from icelos.data.inventories import Analysed, Inventories, name_for
from icelos.data.schedule import SHORTEST, Done, Schedule, Task, TaskState, alone, is_kept, read_states
from icelos.data.workspace import Workspace
from icelos.errors import IcelosError, InputError, RunError, SettingsError
from icelos.records import record_id
from icelos.registry import resolve
from icelos.settings import Settings

INVENTORIES, FOLDERS, KNOWLEDGE, NEWS, RETENTION = "inventories", "folders", "knowledge", "news", "retention"
DAY, WEEK = "1d", "7d"
EVERY: dict[str, str] = {
    "kev": "6h", "epss": "12h", "osv": "12h", "ghsa": DAY, "nvd": "12h", "alpine": "12h",
    "vulnrichment": DAY, "csaf": "12h", "attack": WEEK, "capec": WEEK, "cwe": WEEK, "sigma": DAY,
    NEWS: "1h", FOLDERS: "10m", KNOWLEDGE: "1h", INVENTORIES: DAY, RETENTION: DAY,
}  # fmt: skip
"""How often each task runs where the settings do not say: about as often as its publisher has something."""
RETRY_LOCK = 20.0


class TaskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One task as it stands; times are RFC 3339 in UTC, "" where there is none."""

    name: str
    every: int
    started: str = ""
    ended: str = ""
    good: str = ""
    next: str = ""
    told: str = ""
    error: str = ""
    failures: int = 0
    runs: int = 0


def tasks_of(settings: Settings) -> list[Task]:
    """The tasks that the settings ask for. Raises SettingsError."""
    schedule = settings.schedule
    _check_names(settings)
    tasks = [_task(name, settings, partial(_feed, name)) for name in dict.fromkeys(schedule.feeds)]
    if schedule.news:
        tasks += [_task(f"{NEWS}:{name}", settings, partial(_news, name)) for name in news_feeds(settings)]
    if schedule.sbom_folders:
        tasks.append(_task(FOLDERS, settings, _folders))
    tasks.append(_task(KNOWLEDGE, settings, _knowledge))
    tasks.append(_task(INVENTORIES, settings, _inventories))
    if settings.retention.days or _logs(settings).is_dir():
        tasks.append(_task(RETENTION, settings, _retention))
    return tasks


def _task(name: str, settings: Settings, work: Callable[[Settings, threading.Event], Done]) -> Task:
    return Task(name, every(name, settings), lambda stop: work(settings, stop))


def every(name: str, settings: Settings) -> int:
    """Seconds between two runs of a task. Raises SettingsError."""
    given = settings.schedule.every
    group = name.partition(":")[0]
    text = given.get(name) or given.get(group) or EVERY[group]
    try:
        seconds = seconds_of(text)
    except InputError as error:
        raise SettingsError(error.message, source=f"schedule.every.{name}", hint=error.hint) from error
    if seconds < SHORTEST:
        raise SettingsError(f"shorter than {SHORTEST} s", source=f"schedule.every.{name}")
    return seconds


def _check_names(settings: Settings) -> None:
    for name in settings.schedule.feeds:
        feed_named(name)
    known = {*EVERY, *FEEDS, *(f"{NEWS}:{name}" for name in news_feeds(settings))}
    for name in settings.schedule.every:
        if name not in known:
            raise SettingsError(
                f"nothing is called {name!r}", source="schedule.every", hint=", ".join(sorted(known))
            )


def keep_up(
    settings: Settings, stop: threading.Event, *, changed: Callable[[str, TaskState], None] | None = None
) -> None:
    """Do what comes due until `stop` is set.

    Raises SettingsError, StoreError, and RunError where another process does so already.
    """
    tasks = tasks_of(settings)
    with alone(settings.home):
        Schedule(settings.home, tasks, changed=changed).run(stop)


class Background:
    """`keep_up` in a thread, for a server: where another process is at it, this one waits for its turn.

    `problem` is what stops it, as one line.
    """

    def __init__(self, settings: Settings) -> None:
        self.problem = ""
        self._settings, self._stopping = settings, threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                keep_up(self._settings, self._stopping)
            except (IcelosError, OSError) as error:
                self.problem = str(error)
                self._stopping.wait(RETRY_LOCK)


def statuses(settings: Settings) -> list[TaskStatus]:
    """Every task that the settings ask for. Raises SettingsError."""
    states = read_states(settings.home)
    return [_status(task, states.get(task.name, TaskState())) for task in tasks_of(settings)]


def is_running(settings: Settings) -> bool:
    """Whether a process keeps the workspace up to date now."""
    return is_kept(settings.home)


def _status(task: Task, state: TaskState) -> TaskStatus:
    running = state.started > state.ended and state.failures
    return TaskStatus(
        name=task.name, every=int(task.every), started=_time(state.started), ended=_time(state.ended),
        good=_time(state.good), next=_time(state.next), told=state.told, failures=state.failures,
        error=state.error if not running or state.failures > 1 else "under way", runs=state.runs,
    )  # fmt: skip


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


# ---- the work


def _feed(name: str, settings: Settings, stop: threading.Event) -> Done:
    from icelos.data.feeds.feeds import update
    from icelos.knowledge.index import index_feed

    del stop
    feed = feed_named(name)
    done = update(name, Workspace.of(settings), mirror=settings.schedule.mirror, settings=settings.feeds)
    if not (done.changed or done.removed):
        return Done("nothing new")
    if feed.documents is not None:
        index_feed(name, settings)
    told = f"fetched {', '.join(done.changed)}"
    return Done(told, (INVENTORIES,) if feed.items is not None else ())


def _news(name: str, settings: Settings, stop: threading.Event) -> Done:
    from icelos.data.feeds.news import fetch_news
    from icelos.knowledge.news import index_news

    del stop
    fetch_news(name, settings)
    done = index_news(
        name, settings
    )  # also where nothing came: who was killed between the two is made up for
    return Done(f"{done.changed} new or changed" if done.changed else "nothing new")


def _knowledge(settings: Settings, stop: threading.Event) -> Done:
    from icelos.knowledge.index import Indexer
    from icelos.knowledge.store import KnowledgeStore

    del stop
    with KnowledgeStore.open(settings) as store:
        indexer = Indexer.open(store, settings)
        try:
            done = indexer.update()
        finally:
            indexer.close()
    return Done(f"{done.changed} changed, {done.removed} removed, {done.failures} failures")


def _folders(settings: Settings, stop: threading.Event) -> Done:
    """Keep what is new or changed in the watched folders; a file that is no document is told."""
    inventories, new, bad = Inventories(Workspace.of(settings)), 0, list[str]()
    for path in _documents(settings):
        if stop.is_set():
            break
        try:
            new += inventories.keep(path, _name(inventories, path))[1]
        except InputError as error:
            bad.append(f"{path.name}: {error.message}")
    told = f"{new} new or changed" + (f"; not kept: {'; '.join(bad)}" if bad else "")
    return Done(told, (INVENTORIES,) if new else ())


def _name(inventories: Inventories, path: Path) -> str:
    """By the file's name; where that is another folder's, with a digest of its place."""
    name, place = name_for(path), str(path.absolute())
    taken = inventories.find(name)
    return name if taken is None or taken.source == place else f"{name[:87]}-{record_id(place)[:12]}"


def _documents(settings: Settings) -> list[Path]:
    """Plain files of the watched folders, no links, no hidden ones. Raises RunError for a missing folder."""
    found: list[Path] = []
    for name in settings.schedule.sbom_folders:
        folder = Path(name).expanduser()
        try:
            found += sorted(p for p in folder.iterdir() if _is_document(p))
        except OSError as error:
            raise RunError(f"cannot read: {error.strerror}", source=name) from error
    return found


def _is_document(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file() and not path.is_symlink()


def _inventories(settings: Settings, stop: threading.Event) -> Done:
    done = analyse(settings, stop=stop.is_set)
    if not done:
        return Done("no inventories are kept")
    fresh = [one for one in done if not one.unchanged]
    new, gone = sum(one.new for one in fresh), sum(one.gone for one in fresh)
    return Done(f"{len(fresh)} of {len(done)} analysed: {new} findings new, {gone} no longer there")


def _retention(settings: Settings, stop: threading.Event) -> Done:
    from icelos.data.query.keeping import expire
    from icelos.data.retention import apply

    del stop
    gone = [f"{one.gone} {one.what}" for one in apply(settings) if one.gone]
    gone += [f"{rows} rows of the log {name}" for name, rows in expire(_logs(settings)).items()]
    return Done("; ".join(gone) or "nothing was due")


def _logs(settings: Settings) -> Path:
    """Kept logs: each says itself for how many days."""
    return settings.home / "logs"


def analyse(
    settings: Settings, *, names: tuple[str, ...] = (), force: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> list[Analysed]:  # fmt: skip
    """Analyse kept inventories by the job that does that. Raises IcelosError as it does."""
    from icelos.engine.jobs import options_of
    from icelos.engine.local import run

    def go(job: object, source: object, sink: object) -> object:
        return run(job, source, sink, options_of(settings), stop=stop)  # type: ignore[arg-type]

    found: list[Analysed] = resolve("upkeep", INVENTORIES)(settings, go, names=names, force=force)
    return found
