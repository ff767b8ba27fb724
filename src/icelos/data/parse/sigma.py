"""YAML files: Sigma rules, one or many in a file, and any other YAML as the text it is.

A file is cut at its "---" lines and each document is read by itself, so that one broken rule is one
Failure. Scalars stay as they are written: a date is text, and `no` is not false.
Format: https://github.com/SigmaHQ/sigma-specification
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from textwrap import dedent
from typing import Any

from icelos.data.parse.fields import (
    Content,
    Object,
    Parsed,
    dict_of,
    dicts_of,
    facts,
    failed,
    guarded,
    labelled,
    moment,
    sections,
    text_of,
    texts_of,
    unique,
)
from icelos.data.parse.limits import load_yaml, spelled
from icelos.data.parse.text import text_documents
from icelos.errors import InputError
from icelos.records import Document, Relation, record_id

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?\n", re.MULTILINE)
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)$", re.IGNORECASE)
_OBJECT = re.compile(r"attack\.([gs]\d{4})$", re.IGNORECASE)
_CVE = re.compile(r"cve\.(\d{4})[.-](\d{4,19})$", re.IGNORECASE)
_BLOCK = re.compile(
    r"^(detection|correlation):[ \t]*\n((?:[ \t]+\S.*\n?|[ \t]*\n|[ \t]*#.*\n?|-.*\n?)*)", re.MULTILINE
)


def yaml_documents(content: Content) -> Iterator[Parsed]:
    """Rules where the file has rules, else the file as text. Raises InputError for YAML that is refused."""
    loaded = [(line, text, _loaded(text)) for line, text in pieces(content.text)]
    if not any(isinstance(value, dict) and _looks_like_rule(value) for _, _, value in loaded):
        refused = next((value for _, _, value in loaded if isinstance(value, InputError)), None)
        if refused is not None:
            raise refused
        yield from text_documents(content)
        return
    base: Mapping[str, Any] = {}
    for line, text, value in loaded:
        if isinstance(value, InputError):
            yield failed(content.name, f"line {line}", value, text)
        elif isinstance(value, dict) and value.get("action") == "global":
            base = value
        elif isinstance(value, dict):
            whole = {**base, **value}
            yield from guarded(
                content.name, f"line {line}", partial(_documents, whole, text, content.name, line), text
            )
        elif value is not None:
            yield failed(content.name, f"line {line}", "not a rule", text)


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every document of a YAML stream."""
    start, line = 0, 1
    for match in [*_SEPARATOR.finditer(text), None]:
        piece = text[start : match.start()] if match else text[start:]
        if piece.strip():
            yield line, piece
        if match:
            line += text.count("\n", start, match.end())
            start = match.end()


def _loaded(text: str) -> Any:
    try:
        return load_yaml(text, typed=False)
    except InputError as error:
        return error


def _looks_like_rule(row: Object) -> bool:
    """Tells a file of rules from other YAML; a rule may have its title from a global part."""
    return is_rule(row) or ("detection" in row and "logsource" in row)


def is_rule(row: Object) -> bool:
    """Whether an object is a Sigma rule or correlation."""
    return "title" in row and ("detection" in row or "correlation" in row)


def _documents(row: Object, text: str, name: str, line: int) -> Iterator[Parsed]:
    if not is_rule(row):
        raise InputError("not a rule: no title, or nothing to detect")
    yield rule_document(row, name, f"line {line}", detection=_detection(row, text))


def rule_document(row: Object, name: str, place: str, *, detection: str = "") -> Document:
    """One rule; `detection` is its detection as it was written."""
    identity = text_of(row, "id").lower()
    tags = [tag for tag in texts_of(row, "tags") if tag]
    return Document(
        id=f"sigma/{identity}" if identity else record_id(name, place),
        source=f"{name}:{place}",
        title=" ".join(text_of(row, "title").split()),
        kind="rule",
        sections=sections(_parts(row, tags, detection), place),
        identifiers=(identity,) if identity else (),
        relations=tuple(dict.fromkeys(_relations(row, tags))),
        tags=unique(("sigma", *tags)),
        modified=moment(row.get("modified")) or moment(row.get("date")),
        facts=facts(_facts(row, tags)),
        licence=text_of(row, "license"),
    )


def _parts(row: Object, tags: Sequence[str], detection: str) -> Iterator[tuple[str, str]]:
    yield "Description", text_of(row, "description")
    yield "Details", labelled(_details(row, tags))
    yield "False positives", "\n".join(f"- {text}" for text in texts_of(row, "falsepositives"))
    yield "Detection", detection
    yield "References", "\n".join(texts_of(row, "references"))


def _details(row: Object, tags: Sequence[str]) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "Level", text_of(row, "level")
    yield "Status", text_of(row, "status")
    yield "Author", text_of(row, "author") or texts_of(row, "author")
    yield "Log source", _log_source(row)
    yield "Techniques", _techniques(tags)
    yield "Tactics", _tactics(tags)
    yield "Date", text_of(row, "date")
    yield "Modified", text_of(row, "modified")


def _log_source(row: Object) -> str:
    """ "product windows, category process_creation"."""
    source = dict_of(row, "logsource")
    named = ((field, text_of(source, field)) for field in ("product", "category", "service", "definition"))
    return ", ".join(f"{field} {text}" for field, text in named if text)


def _techniques(tags: Sequence[str]) -> list[str]:
    return [match.group(1).upper() for tag in tags if (match := _TECHNIQUE.match(tag))]


def _tactics(tags: Sequence[str]) -> list[str]:
    """Tags of ATT&CK that are neither a technique, nor a group, nor software: "attack.initial-access"."""
    named = (tag.partition(".")[2] for tag in tags if tag.startswith("attack."))
    return [name.replace("-", " ").replace("_", " ").title() for name in named if not re.search(r"\d", name)]


def _relations(row: Object, tags: Sequence[str]) -> Iterator[Relation]:
    yield from (Relation("detects", technique) for technique in _techniques(tags))
    for tag in tags:
        if match := _OBJECT.match(tag):
            yield Relation("detects", match.group(1).upper())
        elif match := _CVE.match(tag):
            yield Relation("detects", f"CVE-{match.group(1)}-{match.group(2)}")
    for related in dicts_of(row, "related"):
        yield Relation(text_of(related, "type") or "related", text_of(related, "id").lower())
    yield from (
        Relation("correlates", rule.lower()) for rule in texts_of(dict_of(row, "correlation"), "rules")
    )


def _facts(row: Object, tags: Sequence[str]) -> Iterator[tuple[str, str | Sequence[str]]]:
    source = dict_of(row, "logsource")
    for field in ("level", "status", "author", "date", "modified"):
        yield field, text_of(row, field)
    for field in ("product", "category", "service"):
        yield field, text_of(source, field)
    yield "techniques", _techniques(tags)
    yield "tactics", _tactics(tags)


def _detection(row: Object, text: str) -> str:
    """The detection as it stands in the file; written anew where it comes from a global part or is inline."""
    blocks = {match.group(1): dedent(match.group(2)).strip("\n") for match in _BLOCK.finditer(text)}
    found = (blocks.get(name) or written(row.get(name)) for name in ("detection", "correlation"))
    return spelled("\n".join(block for block in found if block.strip()))


def written(value: object, indent: int = 0) -> str:
    """Nested lists and objects as indented lines."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "\n".join(_entry(f"{pad}{key}:", inner, indent) for key, inner in value.items())
    if isinstance(value, list):
        return "\n".join(_entry(f"{pad}-", inner, indent) for inner in value)
    return f"{pad}{value}" if value is not None else ""


def _entry(head: str, value: object, indent: int) -> str:
    if isinstance(value, dict | list):
        return f"{head}\n{written(value, indent + 1)}"
    return f"{head} {value if value is not None else ''}".rstrip()
