"""RSS and Atom feeds as documents, one for each entry.

Formats: RFC 4287 (Atom), RSS 2.0, 1.0 and 0.9x, as `feedparser` reads them. It is given bytes that are
well-formed XML without entities of their own, and nothing else: no address, no file name, and no text that
its forgiving parser would have to guess at.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from html.entities import html5
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.parsers import expat

from icelos.data.parse.fields import HIDDEN, Parsed, clean, facts, failed, guarded, mentions, unique
from icelos.data.parse.html import visible_text
from icelos.data.parse.limits import decode, decompressed
from icelos.data.parse.text import TITLE, cut
from icelos.errors import InputError
from icelos.records import Document, Section, record_id

MAX_FEED = 16 * 1024 * 1024
MAX_ENTRY = 1024 * 1024
"""Characters of one entry's text; a publisher's longest report has a tenth of it."""
MAX_ENTRIES = 5_000
MAX_NESTING, MAX_ELEMENTS = 100, 200_000
MAX_ATTRIBUTES, MAX_NAMESPACES = 200, 500
"""Of one element, and of all: the parser's time grows with their square."""
FIELD = 4_000
"""Characters of one short field: a title, an address, an author."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_BARE = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_CUT = frozenset(
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)  # fmt: skip
_ROOTS = frozenset({"rss", "feed", "RDF"})


class Syndicated(NamedTuple):
    """Which feed entries come from: its name in the settings, its address, and who may read them."""

    name: str
    url: str = ""
    groups: tuple[str, ...] = ()


def entries(data: bytes, feed: Syndicated) -> Iterator[Parsed]:
    """A document for each entry, a Failure for one that cannot be read.

    Raises InputError for what is no feed: not well-formed, cut short, an HTML page, a bomb.
    """
    import feedparser  # type: ignore[import-untyped]

    whole = well_formed(data)
    found = feedparser.parse(
        io.BytesIO(whole),  # of plain bytes, it would first try to open a file of that name
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": feed.url},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if found.bozo:
        raise InputError(f"not a feed: {found.bozo_exception}", source=feed.name)
    rights = _line(found.feed.get("rights"), 200)
    for number, entry in enumerate(found.entries, 1):
        place = f"entry {number}"
        if number > MAX_ENTRIES:
            left = len(found.entries) - MAX_ENTRIES
            yield failed(_source(feed), place, f"more than {MAX_ENTRIES} entries: {left} were left out")
            return
        plain = dict(entry.items())  # its own class warns where a field is asked for that is not there
        yield from guarded(_source(feed), place, partial(_documents, plain, feed, rights))


def well_formed(data: bytes) -> bytes:
    """A feed as UTF-8 that parses as XML, with no declaration and no entities but XML's own five.

    What publishers often get wrong is mended: HTML's entities, a bare "&", control characters. Raises
    InputError for everything else that is not well-formed, for entities of its own, and for a bomb.
    """
    data = decompressed(data, MAX_FEED)
    if len(data) > MAX_FEED:
        raise InputError(f"larger than {MAX_FEED / 2**20:g} MiB")
    text = _NOT_XML.sub("", _decoded(data))
    text = _DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n")
    if "<!ENTITY" in text:
        raise InputError("it defines entities of its own, which no feed needs")
    text = _BARE.sub("&amp;", _ENTITY.sub(_entity, text))
    whole = text.encode("utf-8")
    _check(whole)
    return whole


def _decoded(data: bytes) -> str:
    """By the encoding that the declaration names, else by the bytes themselves."""
    declared = _DECLARED.match(data[:400])
    if declared:
        name = declared[1].decode("ascii")
        try:
            codecs.lookup(name)
            return data.decode(name)
        except (LookupError, UnicodeError):  # it lies, or names what is no encoding of text
            pass
    return decode(data).text


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name in _XML_ENTITIES:
        return match[0]
    known = html5.get(f"{name};")
    return known if known is not None and known not in "&<>" else f"&amp;{name};"


class _Bounds:
    """Counts while expat reads: the tree is not built before everything is known to be little."""

    def __init__(self) -> None:
        self.depth = self.count = self.namespaces = 0

    def start(self, name: str, attributes: Sequence[str]) -> None:
        if self.count == 0 and name.rpartition(":")[2] not in _ROOTS:
            raise InputError(f"not RSS or Atom: its first element is <{name[:40]}>")
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > MAX_NESTING or self.count > MAX_ELEMENTS:
            raise InputError("nested too deeply" if self.depth > MAX_NESTING else "too many elements")
        self.namespaces += sum(one.startswith("xmlns") for one in attributes[::2])
        if len(attributes) > 2 * MAX_ATTRIBUTES or self.namespaces > MAX_NAMESPACES:
            raise InputError("too many attributes or namespaces")

    def end(self, name: str) -> None:
        del name
        self.depth -= 1


def _check(whole: bytes) -> None:
    bounds, parser = _Bounds(), expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = bounds.start, bounds.end
    try:
        parser.Parse(whole, True)
    except expat.ExpatError as error:
        what = "cut short, or empty" if error.code in _CUT else "not well-formed XML"
        raise InputError(f"{what}: {error}") from error


def _documents(entry: Mapping[str, Any], feed: Syndicated, rights: str) -> list[Document]:
    return [_document(entry, feed, rights)]


def _document(entry: Mapping[str, Any], feed: Syndicated, rights: str) -> Document:
    """Raises InputError for an entry without anything to know it by, and for one that is too long."""
    title, link = _shown(_line(entry.get("title"))), _address(entry)
    identity = _line(entry.get("id")) or link or title
    if not identity:
        raise InputError("it has neither an id nor a link nor a title")
    body = _body(entry)
    shown = visible_text(body)
    published, changed = _time(entry, "published_parsed"), _time(entry, "updated_parsed")
    parts = [*cut("", shown.text, 1), *([Section("Link", link, "link")] if link else [])]
    document = Document(
        id=f"news/{feed.name}/{record_id(feed.name, identity)[:20]}",
        source=f"{_source(feed)}:{link or identity}"[:FIELD],
        title=(title or shown.text.partition("\n")[0] or link)[: 4 * TITLE],
        sections=tuple(parts) or (Section("", title, "title"),),
        kind="news",
        url=link,
        identifiers=unique([identity if identity != title else "", link]),
        relations=mentions(title, shown.text),
        tags=unique(["news", HIDDEN if shown.smuggled else ""]),
        modified=changed or published,
        groups=feed.groups,
        facts=facts([
            ("feed", feed.name), ("author", _line(entry.get("author"), 200)),
            ("published", published.isoformat() if published else ""),
            ("categories", [_line(tag.get("term"), 100) for tag in entry.get("tags", ())[:20]]),
        ]),
        licence=rights,
    )  # fmt: skip
    return clean(document)


def _source(feed: Syndicated) -> str:
    return f"news:{feed.name}"


def _body(entry: Mapping[str, Any]) -> str:
    """The longest of what is given: many feeds have the whole text and a teaser."""
    given = [str(part.get("value") or "") for part in entry.get("content", ())]
    given.append(str(entry.get("summary") or ""))
    body = max(given, key=len)
    if len(body) > MAX_ENTRY:
        raise InputError(f"its text is longer than {MAX_ENTRY} characters")
    return body


def _address(entry: Mapping[str, Any]) -> str:
    """The entry's own page, where it is one of the web; no other scheme is ever shown as a link."""
    given = [entry.get("link"), *(one.get("href") for one in entry.get("links", ()))]
    for value in given:
        text = _line(value)
        try:
            parts = urlsplit(text)
        except ValueError:
            continue
        if parts.scheme in {"https", "http"} and parts.hostname:
            return text
    return ""


def _time(entry: Mapping[str, Any], name: str) -> datetime | None:
    value = entry.get(name)
    try:
        if not value:
            return None
        year, month, day, hour, minute, second = value[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _line(value: object, limit: int = FIELD) -> str:
    return " ".join(value.split())[:limit] if isinstance(value, str) else ""


def _shown(text: str) -> str:
    """A title may be HTML."""
    return " ".join(visible_text(text).text.split()) if "<" in text or "&" in text else text
