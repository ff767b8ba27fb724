"""The public feeds by name: where they come from, what is in the workspace, and their documents.

A feed is a folder of the workspace, feeds/NAME/, with its files and metadata.json. A mirror has the same
layout, so that the feeds folder of one machine can be carried to another:
icelos feeds update attack kev --mirror /media/feeds
A file that its mirror's metadata.json names must have the checksum that stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from icelos.data.atomic import atomic_write, open_alone
from icelos.data.feeds import attack
from icelos.data.feeds.archive import read_archive
from icelos.data.feeds.files import LIMIT, Absent, Check, Provenance, copy, sha256_of
from icelos.data.parse.fields import Parsed, moment
from icelos.data.workspace import Workspace
from icelos.errors import IcelosError, InputError, RunError, SettingsError, StoreError
from icelos.findings import Failure

STATE = "metadata.json"
STATE_LIMIT = 1 << 20
LOCK = ".lock"
Fetcher = Callable[..., tuple[Provenance, bool]]


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed: its files (name -> address), and how they become documents whose ids begin with its name."""

    name: str
    title: str
    licence: str
    files: Mapping[str, str]
    documents: Callable[[Sequence[Path]], Iterator[Parsed]]
    bundled: Callable[[], Iterator[Parsed]] | None = None
    bundled_as: Callable[[], str] = lambda: ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What metadata.json holds: the provenance of each file, and how many documents they made."""

    files: Mapping[str, Provenance]
    documents: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `icelos feeds status`: `source` is fetched, bundled or absent, `age_days` counts from its
    fetch."""

    name: str
    title: str
    source: str
    licence: str
    documents: int | None = None
    fetched: str = ""
    age_days: int | None = None
    files: tuple[str, ...] = ()
    detail: str = ""


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """What an update did."""

    name: str
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    documents: int


def _read_all(paths: Sequence[Path]) -> Iterator[Parsed]:
    for path in paths:
        yield from read_archive(path, max_bytes=LIMIT)


_STIX = "https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master"
_DOMAINS = ("enterprise-attack", "ics-attack", "mobile-attack")
FEEDS: Mapping[str, Feed] = {
    feed.name: feed
    for feed in (
        Feed(
            name="attack",
            title="MITRE ATT&CK: enterprise, ICS, mobile",
            licence=attack.LICENCE,
            files={f"{d}.json": f"{_STIX}/{d}/{d}.json" for d in _DOMAINS},
            documents=attack.stix_file_documents,
            bundled=attack.bundled_documents,
            bundled_as=lambda: f"{attack.DISTRIBUTION} {attack.bundled_version()}",
        ),
        Feed(
            name="capec",
            title="MITRE CAPEC attack patterns",
            licence="CAPEC Terms of Use",
            files={"stix-capec.json": "https://raw.githubusercontent.com/mitre/cti/master/capec/2.1/stix-capec.json"},
            documents=_read_all,
        ),
        Feed(
            name="cwe",
            title="MITRE CWE weaknesses",
            licence="CWE Terms of Use",
            files={"cwec_latest.xml.zip": "https://cwe.mitre.org/data/xml/cwec_latest.xml.zip"},
            documents=_read_all,
        ),
        Feed(
            name="kev",
            title="CISA known exploited vulnerabilities",
            licence="CC0-1.0",
            files={"known_exploited_vulnerabilities.json": "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"},
            documents=_read_all,
        ),
        Feed(
            name="sigma",
            title="SigmaHQ detection rules",
            licence="DRL-1.1",
            files={"sigma_all_rules.zip": "https://github.com/SigmaHQ/sigma/releases/latest/download/sigma_all_rules.zip"},
            documents=_read_all,
        ),
    )
}  # fmt: skip


def feed_named(name: str) -> Feed:
    """Raises SettingsError for an unknown name."""
    if name not in FEEDS:
        raise SettingsError(f"no feed called {name!r}", hint=f"one of: {', '.join(FEEDS)}")
    return FEEDS[name]


def feed_documents(name: str, workspace: Workspace) -> Iterator[Parsed]:
    """The fetched copy's documents where there is one, else the bundled ones, else none."""
    feed = feed_named(name)
    if _fetched(feed, workspace):
        yield from fetched_documents(name, workspace)
    elif feed.bundled is not None:
        yield from feed.bundled()


def fetched_documents(name: str, workspace: Workspace) -> Iterator[Parsed]:
    """The documents of what has been fetched, none where nothing has."""
    feed = feed_named(name)
    paths = _fetched(feed, workspace)
    return feed.documents(paths) if paths else iter(())


def update(
    name: str,
    workspace: Workspace,
    *,
    mirror: str = "",
    parts: Sequence[str] = (),
    fetcher: Fetcher | None = None,
) -> Updated:
    """Bring a feed's files up to date. `parts` chooses files by the beginning of their names ("ics").

    Raises IcelosError; files that were brought up to date before the error stay so, the others as they were.
    """
    feed = feed_named(name)
    chosen = _chosen(feed, parts)
    folder = workspace.folder("feeds", name)
    with _alone(feed, folder):
        state = read_state(folder)
        files = dict(state.files) if state else {}
        changed: dict[str, bool] = {}
        try:
            promised = _promised(feed, folder, mirror, fetcher)
            for file, url in chosen.items():
                check = _check_for(feed, promised.get(file, ""))
                known = files.get(file)
                files[file], changed[file] = _bring(feed, file, url, folder, mirror, known, fetcher, check)
                if changed[file]:  # no count: what is killed from here on counts again
                    _write_state(folder, State(files=files, documents=0))
        finally:  # what came before an error is in force, and counts
            count = state.documents if state else 0
            if any(changed.values()) or (changed and not count):
                count = sum(
                    not isinstance(item, Failure) for item in feed.documents(_fetched(feed, workspace))
                )
            if changed:
                _write_state(folder, State(files=files, documents=count))
    return Updated(
        name=name,
        changed=tuple(f for f, new in changed.items() if new),
        unchanged=tuple(f for f, new in changed.items() if not new),
        documents=count,
    )


@contextmanager
def _alone(feed: Feed, folder: Path) -> Iterator[None]:
    """One update of a feed at a time: two would write into each other's partial files."""
    try:
        lock = open_alone(folder / LOCK)
    except BlockingIOError as error:
        raise RunError(f"feed {feed.name} is being updated by another run", hint="wait for it") from error
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", source=str(folder)) from error
    with lock:
        yield


def _promised(feed: Feed, folder: Path, mirror: str, fetcher: Fetcher | None) -> Mapping[str, str]:
    """The checksums of a mirror's files, as far as it has a metadata.json; a publisher has none."""
    if not mirror:
        return {}
    if _is_folder(mirror):
        state = read_state(Path(mirror).expanduser() / feed.name)
    else:
        target = folder / "mirror.json"
        try:
            (fetcher or _fetcher())(f"{mirror.rstrip('/')}/{feed.name}/{STATE}", target, limit=STATE_LIMIT)
            state = _state_in(target)
        except Absent:
            state = None
        finally:
            target.unlink(missing_ok=True)
    return {file: known.sha256 for file, known in state.files.items()} if state else {}


def _is_folder(mirror: str) -> bool:
    return "://" not in mirror


def _chosen(feed: Feed, parts: Sequence[str]) -> dict[str, str]:
    for part in parts:
        if not any(file.startswith(part) for file in feed.files):
            raise SettingsError(
                f"feed {feed.name} has no part {part!r}", hint=f"files: {', '.join(feed.files)}"
            )
    return {f: url for f, url in feed.files.items() if not parts or any(f.startswith(p) for p in parts)}


def _bring(
    feed: Feed, file: str, url: str, folder: Path, mirror: str, known: Provenance | None,
    fetcher: Fetcher | None, check: Check,
) -> tuple[Provenance, bool]:  # fmt: skip
    target = folder / file
    if mirror and _is_folder(mirror):
        found = copy(Path(mirror).expanduser() / feed.name / file, target, check=check)
        return found, known is None or known.sha256 != found.sha256
    address = f"{mirror.rstrip('/')}/{feed.name}/{file}" if mirror else url
    return (fetcher or _fetcher())(address, target, known=known, check=check)


def _fetcher() -> Fetcher:
    """The network's door is opened when it is needed: to import it takes a tenth of a second."""
    from icelos.data.feeds.fetch import fetch

    return fetch


def _check_for(feed: Feed, sha256: str) -> Check:
    """The check of one file: its checksum where one is known, then its documents."""

    def check(path: Path) -> None:
        if sha256 and sha256_of(path) != sha256:
            raise InputError(
                f"what was fetched has not the checksum in the mirror's {STATE}",
                source=f"{feed.name}/{_name(path)}",
                hint="copy the mirror again; the old files stay in force",
            )
        _check(feed, path)

    return check


def _name(partial: Path) -> str:
    return partial.name.removeprefix(".part.")


def _check(feed: Feed, path: Path) -> None:
    """A download must hold the feed's documents, and more of them than of anything else: no error page."""
    good, bad, reason = 0, 0, ""
    for item in feed.documents([path]):
        if isinstance(item, Failure):
            bad, reason = bad + 1, reason or item.error
        elif item.id.startswith(f"{feed.name}/"):
            good += 1
        else:
            bad, reason = bad + 1, reason or f"not {feed.title}"
    if good <= bad:
        raise InputError(
            f"what was fetched cannot be read: {reason or 'nothing in it'}",
            source=f"{feed.name}/{_name(path)}",
            hint="the old files stay in force",
        )


def _write_state(folder: Path, state: State) -> None:
    with atomic_write(folder / STATE) as file:
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")


def read_state(folder: Path) -> State | None:
    """The state of a feed's folder, None where there is none that can be read."""
    return _state_in(folder / STATE)


def _state_in(path: Path) -> State | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def _fetched(feed: Feed, workspace: Workspace) -> list[Path]:
    folder = workspace.home / "feeds" / feed.name
    return [path for file in feed.files if (path := folder / file).is_file()]


def statuses(workspace: Workspace) -> list[Status]:
    """Every feed with what is here of it."""
    return [_status(feed, workspace) for feed in FEEDS.values()]


def _status(feed: Feed, workspace: Workspace) -> Status:
    state = read_state(workspace.home / "feeds" / feed.name)
    paths = _fetched(feed, workspace)
    if paths:
        known = state.files if state else {}
        oldest = min((known[path.name].fetched for path in paths if path.name in known), default="")
        return Status(
            name=feed.name, title=feed.title, source="fetched", licence=feed.licence,
            documents=state.documents if state else None, fetched=oldest, age_days=_age(oldest),
            files=tuple(path.name for path in paths),
        )  # fmt: skip
    if feed.bundled is not None:
        return _bundled_status(feed, feed.bundled)
    return Status(
        name=feed.name, title=feed.title, source="absent", licence=feed.licence,
        detail=f"icelos feeds update {feed.name}",
    )  # fmt: skip


def _bundled_status(feed: Feed, bundled: Callable[[], Iterator[Parsed]]) -> Status:
    try:
        count = sum(1 for _ in bundled())
    except IcelosError as error:
        return Status(
            name=feed.name, title=feed.title, source="absent", licence=feed.licence, detail=str(error)
        )
    return Status(
        name=feed.name, title=feed.title, source="bundled", licence=feed.licence, documents=count,
        detail=f"{feed.bundled_as()}; its texts are cut, `icelos feeds update {feed.name}` has them whole",
    )  # fmt: skip


def _age(fetched: str) -> int | None:
    then = moment(fetched)
    return (datetime.now(UTC) - then).days if then else None
