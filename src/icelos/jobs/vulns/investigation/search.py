"""Tools that search: words in the application's files, and functions by what they are about."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from icelos.findings import Evidence, How
from icelos.jobs.vulns.investigation.case import Case
from icelos.jobs.vulns.investigation.definitions import Kind, read_definitions
from icelos.jobs.vulns.investigation.observations import Observation

MAX_HITS = 10
MAX_DEFINITIONS = 50_000
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def search_text(case: Case, words: str) -> Observation:
    """Lines of own files that hold the words as they stand, whatever their case."""
    found = case.target.application.mentions(re.compile(re.escape(words), re.IGNORECASE), limit=MAX_HITS)
    says = f"{len(found)}{'+' if len(found) >= MAX_HITS else ''} lines hold {words!r}"
    return Observation("text", {"words": words}, says, tuple(found))


def search_code(case: Case, query: str) -> Observation:
    """Functions and classes of the package and the application, ranked by BM25 over names and documentation.

    Names are split into their words, so that "parse form data" finds `parse_form_data` and `FormDataParser`.
    """
    words = [f'"{word}"' for word in dict.fromkeys(_split(query).split())]
    arguments = {"query": query}
    if not words:
        return Observation("code_search", arguments, "", open="no word in the query")
    with sqlite3.connect(":memory:") as database:
        database.execute(
            "CREATE VIRTUAL TABLE code USING fts5(name, words, place UNINDEXED, tokenize='porter')"
        )
        database.executemany("INSERT INTO code VALUES (?, ?, ?)", _rows(case))
        rows = database.execute(
            "SELECT name, place FROM code WHERE code MATCH ? ORDER BY bm25(code, 4.0, 1.0) LIMIT ?",
            (" OR ".join(words), MAX_HITS),
        ).fetchall()
    found = tuple(Evidence(" ".join(name.split()[:1]), place, How.RETRIEVAL) for name, place in rows)
    return Observation("code_search", arguments, f"{len(found)} functions about {query!r}", found)


def _rows(case: Case) -> Iterator[tuple[str, str, str]]:
    sources = list(case.distribution.sources()) if case.distribution else []
    for file in case.target.application.files:
        if file.endswith(".py"):
            sources.append(
                (file.removesuffix(".py").replace("/", "."), file, case.target.application.text(file))
            )
    count = 0
    for dotted, file, source in sources:
        lines = source.splitlines()
        for one in read_definitions(dotted, file, source):
            if one.kind in {Kind.FUNCTION, Kind.CLASS}:
                around = " ".join(lines[one.line - 1 : one.line + 11])
                yield f"{one.symbol} {_split(one.symbol)}", _split(around), f"{file}:{one.line}"
                count += 1
                if count >= MAX_DEFINITIONS:
                    return


def _split(text: str) -> str:
    return " ".join(part.lower() for part in _PARTS.findall(text))
