"""One update of one feed: which files it takes, from where, what they must be, and what goes out of force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import msgspec

from icelos.data.advisory_store import AdvisoryStore
from icelos.data.feeds.catalogue import Feed
from icelos.data.feeds.files import Absent, Check, Provenance, copy, sha256_of
from icelos.data.feeds.records import is_feed_file
from icelos.data.feeds.state import STATE, STATE_LIMIT, State, feed_files, read_state, state_in, write_state
from icelos.data.parse.fields import moment
from icelos.data.reading import files_below
from icelos.errors import InputError
from icelos.findings import Failure
from icelos.settings import FeedSettings

Fetcher = Callable[..., tuple[Provenance, bool]]
MODIFIED = "modified.jsonl"
"""The file of what has changed since a feed's other files were fetched."""
FRESH = timedelta(days=100)
"""How long files are kept up to date by changes alone; NVD's API goes back 120 days."""


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """What an update did, and what the feed holds now."""

    name: str
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...] = ()
    documents: int = 0
    advisories: int = 0
    facts: int = 0


class Update:
    """One update of one feed, under its lock."""

    def __init__(
        self, feed: Feed, folder: Path, mirror: str, fetcher: Fetcher, settings: FeedSettings,
        store: AdvisoryStore | None,
    ) -> None:  # fmt: skip
        self._feed, self._folder, self._mirror, self._fetcher = feed, folder, mirror, fetcher
        self._settings, self._store = settings, store
        state = read_state(folder)
        self._files = dict(state.files) if state else {}
        self._documents = state.documents if state else 0
        self._changed: dict[str, bool] = {}
        self._removed: list[str] = []
        self._promised: Mapping[str, str] = {}

    def bring(self, parts: Sequence[str]) -> None:
        """Every chosen file, then those that no longer belong to the feed go."""
        self._promised = self._promises()
        chosen = self._chosen(parts)
        if self._feed.modified and not (self._mirror or parts) and self._all_fresh(chosen):
            self._bring_modified(chosen)
            return
        for file, url in chosen.items():
            self._bring_file(file, url)
        if self._store is not None and not parts:
            self._drop_all_but(chosen)

    def _chosen(self, parts: Sequence[str]) -> dict[str, str]:
        if self._feed.items is not None and self._mirror:
            files = self._mirrored()
            if files:
                found = {f: u for f, u in files.items() if not parts or any(f.startswith(p) for p in parts)}
                if not found:
                    raise InputError(f"nothing of feed {self._feed.name} begins so", source=self._mirror)
                return found
        held = [path.relative_to(self._folder).as_posix() for path in feed_files(self._folder)]
        chosen = self._feed.files(parts, self._settings, held)
        if self._mirror:
            return {file: f"{self._mirror.rstrip('/')}/{self._feed.name}/{file}" for file in chosen}
        return chosen

    def _mirrored(self) -> dict[str, str]:
        """All that a mirror has of a vulnerability feed: by its folder, or by its metadata.json."""
        if _is_folder(self._mirror):
            root = Path(self._mirror).expanduser() / self._feed.name
            next(files_below(root), None)  # where nothing is there, that is said
            names = [path.relative_to(root).as_posix() for path in feed_files(root)]
            if not names:
                raise InputError("no files of a feed in it", source=str(root))
        else:
            names = [file for file in self._promised if _is_safe(file)]
        return {name: f"{self._mirror.rstrip('/')}/{self._feed.name}/{name}" for name in names}

    def _bring_file(self, file: str, url: str) -> None:
        known, target = self._files.get(file), self._folder / file
        check, limit = self._check_for(file, url), self._feed.limit
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._mirror and _is_folder(self._mirror):
            source = Path(self._mirror).expanduser() / self._feed.name / file
            found = copy(source, target, check=check, limit=limit)
            new = known is None or known.sha256 != found.sha256
        else:
            found, new = self._fetcher(url, target, known=known, check=check, limit=limit)
        self._record(file, found, new=new)
        self._fill(target, file, found.sha256)

    def _record(self, file: str, found: Provenance, *, new: bool) -> None:
        self._files[file], self._changed[file] = found, new
        if new:  # no count: what is killed from here on counts again
            write_state(self._folder, State(files=self._files, documents=0))

    def _bring_modified(self, chosen: Mapping[str, str]) -> None:
        """Only what has changed since the oldest of the files was fetched."""
        assert self._feed.modified is not None  # noqa: S101 - looked at by the caller; tells mypy so
        since = min(then for file in chosen if (then := moment(self._files[file].fetched)))
        self._changed |= dict.fromkeys(chosen, False)
        for file in chosen:
            self._fill(self._folder / file, file, self._files[file].sha256)
        target = self._folder / MODIFIED
        found = self._feed.modified(
            since, target, check=self._check_for(MODIFIED, ""), fetcher=self._fetcher,
            key=self._settings.nvd_api_key,
        )  # fmt: skip
        if found is not None:
            known = self._files.get(MODIFIED)
            self._record(MODIFIED, found, new=known is None or known.sha256 != found.sha256)

    def _all_fresh(self, chosen: Mapping[str, str]) -> bool:
        limit = datetime.now(UTC) - FRESH
        return all(
            file in self._files
            and (self._folder / file).is_file()
            and (moment(self._files[file].fetched) or limit) > limit
            for file in chosen
        )

    def _check_for(self, file: str, url: str) -> Check:
        """The check of one file: its checksum where one is known, then what it holds goes into force."""

        def check(path: Path) -> None:
            promised = self._promised.get(file, "")
            if promised and sha256_of(path) != promised:
                raise InputError(
                    f"what was fetched has not the checksum in the mirror's {STATE}",
                    source=f"{self._feed.name}/{file}",
                    hint="copy the mirror again; the old files stay in force",
                )
            if self._feed.verify and url and not self._mirror:
                self._feed.verify(url, path, self._fetcher)
            if self._feed.documents is not None:
                _check_documents(self._feed, file, path)
            self._fill(path, file, sha256_of(path))

        return check

    def _fill(self, path: Path, file: str, digest: str) -> None:
        """Put a file's records into the database, unless they are there already."""
        if self._store is None or self._feed.items is None:
            return
        source = f"{self._feed.name}/{file}"
        if not any(s.name == source and s.digest == digest for s in self._store.sources()):
            self._store.replace(source, self._feed.items(path, source), digest=digest)

    def _drop_all_but(self, chosen: Mapping[str, str]) -> None:
        assert self._store is not None  # noqa: S101 - looked at by the caller; tells mypy so
        prefix = f"{self._feed.name}/"
        held = {path.relative_to(self._folder).as_posix() for path in feed_files(self._folder)}
        held |= {s.name.removeprefix(prefix) for s in self._store.sources() if s.name.startswith(prefix)}
        for file in sorted(held - set(chosen)):
            self._store.remove(f"{prefix}{file}")
            (self._folder / file).unlink(missing_ok=True)
            self._files.pop(file, None)
            self._removed.append(file)

    def _promises(self) -> Mapping[str, str]:
        """The checksums of a mirror's files, as far as it has a metadata.json; a publisher has none."""
        if not self._mirror:
            return {}
        if _is_folder(self._mirror):
            state = read_state(Path(self._mirror).expanduser() / self._feed.name)
        else:
            target = self._folder / "mirror.json"
            address = f"{self._mirror.rstrip('/')}/{self._feed.name}/{STATE}"
            try:
                self._fetcher(address, target, limit=STATE_LIMIT)
                state = state_in(target)
            except Absent:
                state = None
            finally:
                target.unlink(missing_ok=True)
        return {file: known.sha256 for file, known in state.files.items()} if state else {}

    def count(self) -> None:
        """Write down what is in force."""
        if self._feed.documents and (any(self._changed.values()) or (self._changed and not self._documents)):
            files = feed_files(self._folder)
            self._documents = sum(not isinstance(item, Failure) for item in self._feed.documents(files))
        if self._changed or self._removed:
            write_state(self._folder, State(files=self._files, documents=self._documents))

    def done(self) -> Updated:
        """What was done."""
        prefix = f"{self._feed.name}/"
        sources = [s for s in self._store.sources() if s.name.startswith(prefix)] if self._store else []
        return Updated(
            name=self._feed.name,
            changed=tuple(f for f, new in self._changed.items() if new),
            unchanged=tuple(f for f, new in self._changed.items() if not new),
            removed=tuple(self._removed),
            documents=self._documents,
            advisories=sum(s.advisories for s in sources),
            facts=sum(s.facts for s in sources),
        )


def _is_folder(mirror: str) -> bool:
    return "://" not in mirror


def _is_safe(file: str) -> bool:
    """Whether a name that a mirror gives is one of a feed's file, in the feed's own folder."""
    path = PurePosixPath(file)
    hidden = any(part.startswith(".") for part in path.parts)  # ".." and our own files too
    return not (path.is_absolute() or hidden or set("\\\0\n") & set(file)) and is_feed_file(Path(file))


def _check_documents(feed: Feed, file: str, path: Path) -> None:
    """A download must hold the feed's documents, and more of them than of anything else: no error page."""
    good, bad, reason = 0, 0, ""
    for item in feed.documents([path]) if feed.documents else ():
        if isinstance(item, Failure):
            bad, reason = bad + 1, reason or item.error
        elif item.id.startswith(f"{feed.name}/"):
            good += 1
        else:
            bad, reason = bad + 1, reason or f"not {feed.title}"
    if good <= bad:
        raise InputError(
            f"what was fetched cannot be read: {reason or 'nothing in it'}",
            source=f"{feed.name}/{file}",
            hint="the old files stay in force",
        )
