"""OSV: advisories on packages, with their ranges as text.

Format: https://ossf.github.io/osv-schema/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from icelos.data.parse.fields import (
    Object,
    day,
    dict_of,
    dicts_of,
    facts,
    labelled,
    moment,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.errors import InputError
from icelos.records import Document, Relation

_PACKAGES = 200
"""Affected packages that are listed; a distribution's kernel advisory names thousands."""
_LICENCES = {"GHSA": "CC-BY-4.0", "PYSEC": "CC-BY-4.0", "GO": "CC-BY-4.0", "RUSTSEC": "CC0-1.0"}
"""Said by the publishers: https://google.github.io/osv.dev/data/#current-data-sources"""


def is_osv(row: Object) -> bool:
    """Whether an object has the required fields of an OSV record, and something of its own."""
    if not isinstance(row.get("id"), str) or "modified" not in row:
        return False
    return "schema_version" in row or isinstance(row.get("affected"), list)


def osv_document(row: Object, name: str, place: str) -> Document:
    """One advisory."""
    identity = text_of(row, "id")
    if not identity:
        raise InputError("an advisory without an id")
    aliases = unique((*texts_of(row, "aliases"), *texts_of(row, "upstream")))
    summary = text_of(row, "summary")
    return Document(
        id=f"osv/{identity}",
        source=f"{name}:{place}" if place else name,
        title=f"{identity} {summary or _first_line(text_of(row, 'details'))}".strip(),
        kind="advisory",
        sections=sections(_parts(row, aliases), place or identity),
        url=_url(row),
        identifiers=unique((identity, *aliases)),
        aliases=aliases,
        relations=tuple(dict.fromkeys(_relations(row))),
        tags=unique(("osv", *_ecosystems(row), "withdrawn" * ("withdrawn" in row))),
        modified=moment(row.get("modified")) or moment(row.get("published")),
        facts=facts(_facts(row)),
        licence=_LICENCES.get(identity.partition("-")[0], ""),
    )


def _first_line(text: str) -> str:
    return text.strip("# \n").partition("\n")[0][:120]


def _parts(row: Object, aliases: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "Summary", text_of(row, "summary")
    yield "Description", text_of(row, "details")
    yield "Details", labelled([
        ("Aliases", aliases),
        ("Severity", _severity(row)),
        ("Weaknesses", _weaknesses(row)),
        ("Published", day(text_of(row, "published"))),
        ("Modified", day(text_of(row, "modified"))),
        ("Withdrawn", day(text_of(row, "withdrawn"))),
    ])  # fmt: skip
    lines = unique(line for affected in dicts_of(row, "affected") for line in _ranges(affected))
    more = [f"- and {len(lines) - _PACKAGES} more"] if len(lines) > _PACKAGES else []
    yield "Affected", "\n".join([*lines[:_PACKAGES], *more])
    yield "References", "\n".join(url for r in dicts_of(row, "references")[:50] if (url := text_of(r, "url")))


def _ranges(affected: Object) -> Iterator[str]:
    """ "- PyPI django: affected from 3.2, fixed in 3.2.13"; a package without ranges by its versions."""
    package = dict_of(affected, "package")
    label = " ".join(filter(None, (text_of(package, "ecosystem"), text_of(package, "name"))))
    told = False
    for span in dicts_of(affected, "ranges"):
        if text_of(span, "type") != "GIT":
            events = [_event(event) for event in dicts_of(span, "events")]
            yield f"- {label}: {', '.join(filter(None, events)) or 'affected'}"
            told = True
    versions = texts_of(affected, "versions")
    if not told and label:
        shown = ", ".join(versions[:20]) + (f" and {len(versions) - 20} more" if len(versions) > 20 else "")
        yield f"- {label}: affected versions {shown}" if versions else f"- {label}"


def _event(event: Object) -> str:
    if introduced := text_of(event, "introduced"):
        return "affected from the first version" if introduced == "0" else f"affected from {introduced}"
    if fixed := text_of(event, "fixed"):
        return f"fixed in {fixed}"
    if last := text_of(event, "last_affected"):
        return f"affected up to {last}"
    return ""


def _severity(row: Object) -> list[str]:
    said = [text_of(dict_of(row, "database_specific"), "severity")]
    scores = (s for holder in (row, *dicts_of(row, "affected")) for s in dicts_of(holder, "severity"))
    return list(unique((*said, *(text_of(score, "score") for score in scores))))


def _weaknesses(row: Object) -> tuple[str, ...]:
    named = (cwe for f in ("cwe_ids", "cwes") for cwe in texts_of(dict_of(row, "database_specific"), f))
    return unique(cwe.upper() for cwe in named if re.fullmatch(r"CWE-\d+", cwe, re.IGNORECASE))


def _ecosystems(row: Object) -> list[str]:
    return [text_of(dict_of(affected, "package"), "ecosystem") for affected in dicts_of(row, "affected")]


def _url(row: Object) -> str:
    kinds = ("ADVISORY", "WEB", "REPORT")
    references = dicts_of(row, "references")
    found = (text_of(r, "url") for kind in kinds for r in references if text_of(r, "type") == kind)
    own = text_of(dict_of(row, "database_specific"), "url")
    return next((url for url in (own, *found) if url.startswith(("https://", "http://"))), "")


def _relations(row: Object) -> Iterator[Relation]:
    yield from (Relation("weakness", cwe) for cwe in _weaknesses(row))
    yield from (Relation("alias", alias) for alias in texts_of(row, "aliases"))
    yield from (Relation("upstream", other) for other in texts_of(row, "upstream"))
    yield from (Relation("related", other) for other in texts_of(row, "related"))


def _facts(row: Object) -> Iterator[tuple[str, str | Sequence[str]]]:
    packages = (dict_of(affected, "package") for affected in dicts_of(row, "affected"))
    yield "packages", unique(text_of(package, "name") for package in packages)[:20]
    yield "ecosystems", unique(_ecosystems(row))[:20]
    yield "severity", _severity(row)
    yield "published", day(text_of(row, "published"))
    yield "withdrawn", day(text_of(row, "withdrawn"))
