"""CSV and TSV exports, and rows of any export: tickets, assets, lists. One document a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from icelos.data.parse.fields import Content, Parsed, failed, mentions, moment, scalar, text_of, unique
from icelos.data.parse.kev import is_kev, kev_document
from icelos.data.parse.text import SOFT, TITLE, cut, text_documents
from icelos.records import Document, Section, record_id

TITLES = ("title", "summary", "subject", "short_description", "headline", "name", "description", "id", "key")
KEYS = (
    "key",
    "id",
    "issue key",
    "issue_key",
    "ticket",
    "ticket_id",
    "ticket id",
    "number",
    "case",
    "case_id",
    "incident_id",
    "incident id",
    "uuid",
)
CHANGED = (
    "modified",
    "updated",
    "updated_at",
    "updatedat",
    "last_modified",
    "lastmodified",
    "sys_updated_on",
    "closed_at",
    "resolved",
    "created",
    "created_at",
    "createdat",
    "opened_at",
    "date",
    "timestamp",
    "time",
)
TICKET_FIELDS = frozenset({
    "status", "state", "priority", "severity", "assignee", "assigned_to", "assigned to", "reporter",
    "opened_by", "resolution", "ticket", "ticket_id", "number", "issue key", "close_notes", "urgency",
    "impact", "opened_at", "closed_at",
})  # fmt: skip
"""Two of these columns make a row a ticket."""
FIELDS = 200
DEPTH = 4
_FACTS = (
    "status",
    "state",
    "priority",
    "severity",
    "assignee",
    "assigned_to",
    "resolution",
    "category",
    "author",
    "reporter",
)
_CELL = 1 << 20


def csv_documents(content: Content) -> Iterator[Parsed]:
    """One document a row under a header. Text without at least two columns is read as text."""
    dialect = _delimiter(content)
    if not dialect:
        yield from text_documents(content)
        return
    csv.field_size_limit(_CELL)
    reader = csv.reader(io.StringIO(content.text, newline=""), delimiter=dialect, strict=False)
    yield from row_documents(content.name, _rows(reader, content.name))


def _delimiter(content: Content) -> str:
    """The character that cuts the header into the most columns and the next rows into as many."""
    lines = [line for line in content.text[:65536].splitlines()[:20] if line.strip()]
    if not lines:
        return ""
    best = max(",;\t|", key=lambda c: (_columns(lines[0], c), c == "\t"))
    return best if _columns(lines[0], best) >= 2 or content.suffix in {"csv", "tsv"} else ""


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter)))
    except (csv.Error, StopIteration):
        return 0


def _rows(reader: Any, name: str) -> Iterator[tuple[str, Mapping[str, Any] | Parsed]]:
    header: list[str] = []
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield f"row {number}", failed(name, f"row {number}", f"broken CSV: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _named(cells)
            continue
        number += 1
        extra = {"more": " | ".join(cells[len(header) :])} if len(cells) > len(header) else {}
        yield f"row {number}", {**dict(zip(header, cells, strict=False)), **extra}


def _named(cells: Iterable[str]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:TITLE] or f"column {number}"
        names.append(name if name not in names else f"{name} {number}")
    return names


def row_documents(name: str, rows: Iterable[tuple[str, Mapping[str, Any] | Parsed]]) -> Iterator[Parsed]:
    """(place, object) pairs as documents, KEV rows as what they are, Failures as they come."""
    seen: set[str] = set()
    for place, row in rows:
        if not isinstance(row, Mapping):
            yield row
        elif is_kev(row):
            yield kev_document(row, name, place)
        else:
            yield row_document(name, place, row, seen)


def row_document(name: str, place: str, row: Mapping[str, Any], seen: set[str]) -> Parsed:
    """One object as "field: value" lines. `seen` holds the keys of rows before: a second one gets no key."""
    by_name = {str(key).strip().lower(): value for key, value in row.items()}
    key = text_of(by_name, *KEYS)[:TITLE]
    unseen = key and key not in seen
    seen.add(key)
    lines = list(_lines(row))
    if not lines:
        return failed(name, place, "empty row")
    is_ticket = len(TICKET_FIELDS & by_name.keys()) >= 2
    title = " ".join(text_of(by_name, *TITLES).split())[:TITLE] or lines[0][:TITLE]
    return Document(
        id=record_id(name, key if unseen else place),
        source=f"{name}:{place}" if place else name,
        title=title,
        sections=tuple(_sections("\n".join(lines), place)),
        kind="ticket" if is_ticket else "document",
        identifiers=(key,) if unseen and re.search(r"\d", key) and not key.isdigit() else (),
        relations=tuple(r for r in mentions(*lines) if r.target != key),
        tags=unique(_tags(by_name)),
        modified=next((m for field in CHANGED if (m := moment(by_name.get(field)))), None),
        url=_url(by_name),
        facts={field: text for field in _FACTS if (text := scalar(by_name.get(field))[:TITLE])},
    )


def _sections(text: str, place: str) -> Iterator[Section]:
    if len(text) <= SOFT:
        yield Section("", text, place)
        return
    for section in cut("", text, 1):
        yield msgspec.structs.replace(section, place=place)


def _tags(row: Mapping[str, Any]) -> Iterator[str]:
    for name in ("tags", "labels"):
        value = row.get(name)
        parts = (
            value if isinstance(value, list) else re.split(r"[,;]", value) if isinstance(value, str) else []
        )
        yield from (scalar(part)[:TITLE] for part in parts[:20])


def _url(row: Mapping[str, Any]) -> str:
    found = text_of(row, "url", "link", "html_url", "permalink")
    return found if found.startswith(("https://", "http://")) else ""


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    for number, (path, text) in enumerate(_leaves("", row, DEPTH)):
        if number >= FIELDS:
            yield "... more fields"
            return
        yield f"{path}: {text}"


def _leaves(path: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    """(dotted path, text) of everything with a value; below `DEPTH` levels, JSON as it is."""
    if isinstance(value, Mapping) and depth:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), inner, depth - 1)
    elif isinstance(value, list) and depth and any(isinstance(item, Mapping | list) for item in value):
        for number, item in enumerate(value, 1):
            yield from _leaves(f"{path}.{number}", item, depth - 1)
    elif isinstance(value, list):
        if text := ", ".join(filter(None, map(scalar, value))):
            yield path, text
    elif isinstance(value, Mapping):
        if value:
            yield path, msgspec.json.encode(value).decode("utf-8", "replace")[:SOFT]
    elif text := scalar(value):
        yield path, text
