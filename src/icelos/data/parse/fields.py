"""Fields of objects from outside, whatever their type: text, lists, dates, labelled lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec

from icelos.data.parse.limits import Normalised, normalise
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.records import Document, Relation, Section, record_id

Parsed = Document | Failure


class Content(NamedTuple):
    """The text of one file under its logical name; `suffix` without compression, lower case ("md")."""

    name: str
    text: str
    suffix: str = ""

    @property
    def base(self) -> str:
        """The last part of the name."""
        return self.name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or self.name

    @property
    def stem(self) -> str:
        """What a person would call the file: its last part without suffixes, as words."""
        base = self.base
        for ending in (".gz", ".zst", f".{self.suffix}"):
            base = base[: -len(ending)] if len(ending) > 1 and base.lower().endswith(ending) else base
        return " ".join(base.replace("_", " ").split()) or self.name


Object = Mapping[str, Any]
FIRST_YEAR = 1970
"""Dates before are a program's zero, such as Go's year 1."""
HIDDEN = "hidden-text"
"""Tag of a document in which text was hidden from readers."""
REMOVED = "invisible characters removed"
"""Fact of such a document: how many."""
_EMPTY: Object = {}


def text_of(row: Object, *names: str) -> str:
    """The first of these fields that has text; numbers as text, anything else as none."""
    for name in names:
        found = scalar(row.get(name))
        if found:
            return found
    return ""


def scalar(value: object) -> str:
    """A string, number or date as text; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | date):
        return str(value)
    return ""


def list_of(row: Object, name: str) -> list[Any]:
    """A list as it is, one value as a list of one, nothing as none."""
    value = row.get(name)
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def texts_of(row: Object, name: str) -> list[str]:
    """The texts of a list field."""
    return [text for item in list_of(row, name) if (text := scalar(item))]


def dict_of(row: Object, *names: str) -> Object:
    """A nested object by its path, empty where there is none."""
    for name in names:
        value = row.get(name)
        if not isinstance(value, dict):
            return _EMPTY
        row = value
    return row


def dicts_of(row: Object, name: str) -> list[dict[str, Any]]:
    """The objects of a list field."""
    return [item for item in list_of(row, name) if isinstance(item, dict)]


_DAY_FIRST = ("%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d", "%Y%m%d")


def moment(value: object) -> datetime | None:
    """A date or time in ISO 8601 (or with a month's name) with a time zone, UTC where none is said."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        parsed = _parsed(scalar(value))
        if parsed is None:
            return None
        found = parsed
    try:
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if found.year >= FIRST_YEAR else None


def day(text: str) -> str:
    """The date of a time as YYYY-MM-DD, "" where there is none that makes sense."""
    found = moment(text)
    return found.date().isoformat() if found else ""


def _parsed(text: str) -> datetime | None:
    if not 6 <= len(text) <= 40 or not any(c.isdigit() for c in text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for pattern in _DAY_FIRST:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None


def labelled(pairs: Iterable[tuple[str, str | Sequence[str]]]) -> str:
    """ "Label: value" lines of those that have a value; a sequence is joined by commas."""
    shown = ((label, value if isinstance(value, str) else ", ".join(value)) for label, value in pairs)
    return "\n".join(f"{label}: {' '.join(value.split())}" for label, value in shown if value.strip())


def sections(parts: Iterable[tuple[str, str]], place: str) -> tuple[Section, ...]:
    """Sections of those (heading, text) pairs that have text."""
    return tuple(Section(heading, text.strip(), place) for heading, text in parts if text.strip())


_NAMED = re.compile(
    r"(?<![\w.-])(?:CVE-\d{4}-\d{4,19}|CWE-\d{1,5}|CAPEC-\d{1,5}|GHSA(?:-[0-9a-z]{4}){3}|TA?\d{4}(?:\.\d{3})?)(?![\w-]|\.\d)"
)
MENTIONS = 64
"""Most identifiers of others that one free document is related to."""


def mentions(*texts: str) -> tuple[Relation, ...]:
    """Relations to the public identifiers (CVE, CWE, CAPEC, GHSA, ATT&CK) that a free text names."""
    found = dict.fromkeys(name for text in texts for name in _NAMED.findall(text))
    return tuple(Relation("mentions", name) for name in list(found)[:MENTIONS])


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order, without empty ones."""
    return tuple(dict.fromkeys(value for value in values if value))


def facts(pairs: Iterable[tuple[str, str | Sequence[str]]]) -> dict[str, str]:
    """Facts of those that have a value."""
    shown = ((name, value if isinstance(value, str) else ", ".join(value)) for name, value in pairs)
    return {name: value for name, value in shown if value}


def failed(name: str, place: str, error: BaseException | str, raw: object = "") -> Failure:
    """A Failure of one file or place of it; it belongs to no job yet."""
    source = f"{name}:{place}" if place else name
    return failure(record_id=record_id(name, place), job="", error=error, source=source, raw=raw)


def guarded(
    name: str, place: str, build: Callable[[], Iterable[Parsed]], raw: object = ""
) -> Iterator[Parsed]:
    """What `build` gives; a Failure in place of an error, for objects that are not shaped as they should."""
    try:
        yield from build()
    except InputError as error:
        yield failed(name, place, error, raw)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError) as error:
        yield failed(name, place, f"not shaped as expected: {error}", raw)


def clean(document: Document) -> Document:
    """The same document with every text normalised, tagged `HIDDEN` where text was hidden in it."""
    seen = _Cleaner()
    parts = tuple(Section(seen(s.heading), seen(s.text), seen(s.place)) for s in document.sections)
    relations = tuple(Relation(seen(r.kind), seen(r.target), seen(r.note)) for r in document.relations)
    cleaned = msgspec.structs.replace(
        document,
        title=" ".join(seen(document.title).split()) or "(untitled)",
        sections=tuple(s for s in parts if s.text.strip()),
        relations=tuple(r for r in relations if r.target),
        identifiers=unique(seen(i).strip() for i in document.identifiers),
        aliases=unique(seen(a).strip() for a in document.aliases),
        tags=unique(seen(t).strip() for t in document.tags),
        facts={seen(k): seen(v) for k, v in document.facts.items()},
        url=seen(document.url),
        licence=seen(document.licence),
    )
    if not seen.hidden:
        return cleaned
    return msgspec.structs.replace(
        cleaned, tags=unique((*cleaned.tags, HIDDEN)), facts={**cleaned.facts, REMOVED: str(seen.removed)}
    )


class _Cleaner:
    """Normalises texts and remembers whether any of them hid something."""

    def __init__(self) -> None:
        self.hidden = False
        self.removed = 0

    def __call__(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        found: Normalised = normalise(text)
        self.hidden = self.hidden or found.hidden
        self.removed += found.removed
        return found.text
