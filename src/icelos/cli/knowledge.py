"""`icelos kb`: add, update, list, remove, search, stats, watch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from icelos.cli import output

if TYPE_CHECKING:
    from icelos.contracts import Hit, Principal, Where
    from icelos.knowledge.index import Indexed, Indexer
    from icelos.knowledge.store import KnowledgeStore
    from icelos.settings import Settings

app = typer.Typer(help="Documents that the copilot answers from.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Collection = Annotated[str, typer.Option(help="Collection to put them in")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag for all of them; may be repeated")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Only this group may read them; may be repeated")
]
Vectors = Annotated[
    bool | None,
    typer.Option(
        help="Make all vectors, or leave them to the server; without either, as many as take half a minute"
    ),
]
VECTOR_SECONDS = 30


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders")],
    collection: Collection = "default",
    tag: Tags = None,
    group: Groups = None,
    vectors: Vectors = None,
    json: Json = False,
) -> None:
    """Index files or folders, and remember them for `update` and `watch`.

    Examples:
      icelos kb add runbooks/
      icelos kb add tickets.csv --collection tickets --group soc
    """
    with _indexer() as indexer:
        done = indexer.add(
            paths, collection=collection, tags=tag or (), groups=group or (), progress=_progress("files")
        )
        _report(done, json=json)
        _embed(indexer.store, wanted=vectors)


@app.command()
def update(vectors: Vectors = None, json: Json = False) -> None:
    """Read the registered files and folders again; what has gone from disk goes from the store.

    Example: icelos kb update
    """
    with _indexer() as indexer:
        _report(indexer.update(progress=_progress("files")), json=json)
        _embed(indexer.store, wanted=vectors)


@app.command("list")
def list_(
    paths: Annotated[bool, typer.Option("--paths", help="Registered paths instead of sources")] = False,
    user: Annotated[str, typer.Option(help="Who asks, instead of the login name")] = "",
    json: Json = False,
) -> None:
    """List what can be read, by collection, with its freshness.

    Example: icelos kb list
    """
    settings = _settings()
    with _store(settings) as store:
        if paths:
            roots = store.roots()
            if json:
                for root in roots:
                    output.json_line(root)
                return
            rows = [(r.path, r.collection, " ".join(r.tags), " ".join(r.groups)) for r in roots]
            output.table(("path", "collection", "tags", "groups"), rows)
            return
        found = store.sources(principal=_principal(settings, user, None))
        if json:
            for source in found:
                output.json_line(source)
            return
        columns = (
            "collection",
            "source",
            "documents",
            "passages",
            "kinds",
            "indexed",
            "modified",
            "cut short",
        )
        output.table(
            columns,
            (
                (
                    s.collection, s.path or "-", s.documents, s.chunks, " ".join(s.kinds),
                    f"{s.indexed:%Y-%m-%d %H:%M}", f"{s.modified:%Y-%m-%d}" if s.modified else "unknown",
                    s.truncated or "",
                )
                for s in found
            ),
        )  # fmt: skip


@app.command()
def remove(paths: Annotated[list[Path], typer.Argument(help="Registered files or folders")]) -> None:
    """Forget registered paths and remove what came from them.

    Example: icelos kb remove runbooks/
    """
    with _indexer() as indexer:
        for path in paths:
            output.note(f"{path}: {indexer.remove(path)} documents removed")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words, a question or an identifier")],
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; may be repeated")] = None,
    collection: Annotated[list[str] | None, typer.Option("--collection", help="Only this collection")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Only documents with this tag")] = None,
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=1000, help="Most hits")] = 10,
    as_of: Annotated[str, typer.Option("--as-of", help="What the sources said then: 2025-06-30")] = "",
    user: Annotated[str, typer.Option(help="Who asks, instead of the login name")] = "",
    group: Annotated[list[str] | None, typer.Option("--group", help="A group of who asks")] = None,
    json: Json = False,
) -> None:
    """Search the documents that you may read; the score says why each was found.

    Examples:
      icelos kb search "password spraying" --kind technique
      icelos kb search CVE-2024-3400 --json
    """
    from icelos.errors import InputError

    if not query.strip():
        raise InputError("the query is empty", hint='icelos kb search "password spraying"')
    settings = _settings()
    where = _where(kind, collection, tag, as_of)
    principal = _principal(settings, user, group)
    with _store(settings) as store:
        hits = store.search(query, k=k, where=where, principal=principal)
    if json:
        for hit in hits:
            output.json_line(hit)
        return
    for number, hit in enumerate(hits, 1):
        _print_hit(number, hit)
    if not hits:
        output.note("nothing found that you may read")


@app.command()
def stats(json: Json = False) -> None:
    """Count documents, passages and vectors, and say whether search by meaning is on.

    Example: icelos kb stats
    """
    with _store(_settings()) as store:
        found = store.stats()
    if json:
        output.json_line(found)
        return
    output.table(("what", "value"), list(found.items()))


@app.command()
def watch(json: Json = False) -> None:
    """Keep the index up to date as registered files change, until Ctrl-C.

    Example: icelos kb watch
    """
    with _indexer() as indexer:
        from icelos.knowledge.upkeep import Upkeep
        from icelos.knowledge.upkeep import watch as watching

        roots = indexer.store.roots()
        output.note(
            f"watching {len(roots)} paths; Ctrl-C ends" if roots else "no paths: `icelos kb add PATH`"
        )
        if not roots:
            return
        with Upkeep(indexer.store) as upkeep:
            for done in watching(indexer):
                _report(done, json=json)
                upkeep.wake()


def _settings() -> Settings:
    from icelos.settings import load

    return load().settings


@contextmanager
def _store(settings: Settings) -> Iterator[KnowledgeStore]:
    """The store, with the bundled knowledge where it is new."""
    from icelos.knowledge.index import ensure_bundled
    from icelos.knowledge.store import KnowledgeStore

    ensure_bundled(settings, progress=_progress("bundled documents"))
    with KnowledgeStore.open(settings) as store:
        yield store


@contextmanager
def _indexer() -> Iterator[Indexer]:
    from contextlib import closing

    from icelos.knowledge.index import Indexer
    from icelos.knowledge.store import KnowledgeStore

    settings = _settings()
    with KnowledgeStore.open(settings) as store, closing(Indexer.open(store, settings)) as indexer:
        yield indexer


def _principal(settings: Settings, user: str, groups: list[str] | None) -> Principal:
    from icelos.jobs.copilot.job import principal_of

    return principal_of(settings, user=user, groups=groups or ())


def _where(
    kinds: list[str] | None, collections: list[str] | None, tags: list[str] | None, as_of: str
) -> Where:
    from datetime import UTC, datetime, time

    from icelos.contracts import Where
    from icelos.errors import InputError

    moment = None
    if as_of:
        try:
            moment = datetime.fromisoformat(as_of)
        except ValueError as error:
            raise InputError(
                f"--as-of {as_of!r} is no date", hint="2025-06-30 or 2025-06-30T12:00"
            ) from error
        if len(as_of) <= 10:  # a day: its end
            moment = datetime.combine(moment.date(), time.max)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return Where(tuple(kinds or ()), tuple(collections or ()), tuple(tags or ()), as_of=moment)


def _embed(store: KnowledgeStore, *, wanted: bool | None) -> None:
    """Make the missing vectors: all, none (False) or as many as take half a minute (None)."""
    from icelos.llm.encoder import Encoder

    if store.encoder is None:
        reason = Encoder.missing() or "knowledge.encoder is off"
        output.note(f"text is searchable; search by meaning is off: {reason}")
        return
    if wanted is not False:
        seconds = math.inf if wanted else VECTOR_SECONDS
        made = store.embed_pending(batch=64, progress=_progress("vectors"), seconds=seconds)
        output.note(f"{made:,} vectors made")
    waiting = store.stats()["vectors_pending"]
    if waiting:
        output.note(
            f"text is searchable; {waiting:,} vectors wait for `icelos serve` or `icelos kb update --vectors`"
        )


def _progress(what: str) -> Callable[[int, int], None]:
    """Every second a line on a terminal; nothing when piped."""
    import sys
    import time

    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - shown > 1:
            shown = time.monotonic()
            output.note(f"{what}: {done:,} of {total:,}")

    return show


def _report(done: Indexed, *, json: bool) -> None:
    if json:
        output.json_line(done)
        return
    output.note(
        f"{done.files} files ({done.unchanged} unchanged): {done.changed} documents changed,"
        f" {done.removed} removed, {done.failures} failures; {done.seconds:.1f} s"
    )
    if done.failures:
        output.note("see `icelos failures --job kb` for what could not be read, and why")


def _print_hit(number: int, hit: Hit) -> None:
    why = ", ".join(f"{name} {value:.2f}" for name, value in hit.why.items())
    heading = f" / {hit.heading}" if hit.heading else ""
    output.line(f"{number}. {hit.title}{heading}  [{hit.kind}, {hit.collection}, {hit.score:.3f}: {why}]")
    place = f" {hit.place}" if hit.place and hit.place not in hit.source else ""
    output.line(f"   {hit.source}{place}")
    text = " ".join(hit.text.split())
    output.line(f"   {text[:300]}{' …' if len(text) > 300 else ''}")
