"""Sigma rules of a file or folder, parsed by pySigma and compiled; a broken one is a Failure in its place.

Format: https://github.com/SigmaHQ/sigma-specification. A file may hold many documents. Rules come from
outside: files, documents, conditions and what they expand to are bounded before anything expands them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icelos.data.parse.limits import decode, load_yaml, read_bounded
from icelos.data.parse.sigma import pieces
from icelos.data.reading import files_below
from icelos.errors import InputError
from icelos.findings import Failure, failure
from icelos.jobs.logs.sigma.logsources import LogSource, logsource_of
from icelos.records import record_id

if TYPE_CHECKING:
    from icelos.jobs.logs.sigma.compiling import Compiler

JOB = "logs"
LEVELS = ("critical", "high", "medium", "low", "informational")
RULES_LIMIT = 20_000
"""Rules of one run; five times as many as are published."""
DOCUMENT_LIMIT = 1 << 20
"""Characters of one rule; the longest published one has 295,000."""
CONDITION_LIMIT = 10_000
VALUE_LIMIT = 20_000
"""Characters of one value; SQLite takes patterns of 50,000, and escapes may double them."""
EXPANSION_LIMIT = 1_000_000
"""Values of a rule times words of its condition: what "1 of them" may write out, again and again."""
_NAMES = (".yml", ".yaml")
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)$", re.IGNORECASE)
_EXPANDING = {"windash": 125, "base64offset": 3}


@dataclass(frozen=True)
class Rule:
    """A compiled rule. `sql` is its condition over the columns of `fields`, `keywords` whether it searches
    the raw text; `level` is one of `LEVELS`, or "" where the rule names none."""

    id: str
    title: str
    level: str
    description: str
    techniques: tuple[str, ...]
    logsource: LogSource
    sql: str
    fields: tuple[str, ...]
    keywords: bool
    source: str


@dataclass
class Loaded:
    """The rules that can be run, and what could not be read, parsed or compiled."""

    rules: list[Rule] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def load_rules(location: str | Path) -> Loaded:
    """The rules of a file, or of the YAML files of a folder.

    Raises InputError where there is nothing to read or no rule at all, and MissingExtra.
    """
    compiler = _compiler()
    loaded, seen = Loaded(), set[str]()
    for outcome in _outcomes(Path(location), compiler):
        if isinstance(outcome, Rule) and len(loaded.rules) >= RULES_LIMIT:
            raise InputError(f"more than {RULES_LIMIT:,} rules", source=str(location))
        if isinstance(outcome, Rule) and outcome.id in seen:
            outcome = _failed(outcome.source, f"another rule has the id {outcome.id}", outcome.title)
        if isinstance(outcome, Rule):
            seen.add(outcome.id)
            loaded.rules.append(outcome)
        else:
            loaded.failures.append(outcome)
    if not loaded.rules and not loaded.failures:
        raise InputError("no Sigma rules", hint="files of rules end in .yml or .yaml", source=str(location))
    return loaded


def rules_of_text(text: str, name: str) -> Loaded:
    """The rules of a text. Raises MissingExtra."""
    loaded = Loaded()
    for outcome in _of_text(text, name, _compiler()):
        if isinstance(outcome, Rule):
            loaded.rules.append(outcome)
        else:
            loaded.failures.append(outcome)
    return loaded


def _compiler() -> Compiler:
    from icelos.jobs.logs.sigma.compiling import Compiler  # pySigma, an optional package, is imported here

    return Compiler()


def _outcomes(root: Path, compiler: Compiler) -> Iterator[Rule | Failure]:
    unlisted: list[tuple[Path, OSError]] = []
    for path in files_below(root, unreadable=lambda *what: unlisted.append(what)):
        if root.is_dir() and path.suffix.lower() not in _NAMES:
            continue
        name = path.relative_to(root).as_posix() if root.is_dir() else path.name
        try:
            text = decode(read_bounded(path)).text
        except InputError as error:
            yield _failed(name, error.message, "")
        else:
            yield from _of_text(text.replace("\r\n", "\n"), name, compiler)
    for path, listing in unlisted:
        yield _failed(path.name, f"cannot list the folder: {listing.strerror}", "")


def _of_text(text: str, name: str, compiler: Compiler) -> Iterator[Rule | Failure]:
    shared: Mapping[str, Any] = {}
    for line, piece in pieces(text):
        place = f"{name}:{line}"
        try:
            document = _document(piece)
            if document is None:
                continue
            if document.get("action") == "global":
                shared = {key: value for key, value in document.items() if key != "action"}
                continue
            yield compiled({**shared, **document}, place, compiler)
        except (InputError, RecursionError) as error:
            told = error.message if isinstance(error, InputError) else "nested too deeply"
            yield _failed(place, told, piece)


def _document(text: str) -> dict[str, Any] | None:
    """One YAML document, None for an empty one."""
    if len(text) > DOCUMENT_LIMIT:
        raise InputError(f"{len(text):,} characters in one rule, of at most {DOCUMENT_LIMIT:,}")
    value = load_yaml(text)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InputError("not a rule: not an object")
    return value


def compiled(document: dict[str, Any], place: str, compiler: Compiler) -> Rule:
    """The rule that a document says. Raises InputError for what is no rule or is not supported."""
    _check(document)
    parsed = _parsed(document)
    try:
        sql, fields = compiler.compile(parsed)
    except (InputError, RecursionError):
        raise
    except Exception as error:  # whatever pySigma raises: one rule must not end the others
        raise InputError(f"cannot be compiled: {_told(error)}") from error
    from icelos.jobs.logs.sigma.compiling import RAW

    techniques = (_TECHNIQUE.match(str(tag)) for tag in parsed.tags)
    return Rule(
        id=str(parsed.id) if parsed.id else record_id(place)[:12],
        title=" ".join(str(parsed.title).split())[:256],
        level=parsed.level.name.lower() if parsed.level else "",
        description=" ".join(str(parsed.description or "").split())[:1000],
        techniques=tuple(dict.fromkeys(found.group(1).upper() for found in techniques if found)),
        logsource=logsource_of(document["logsource"]),
        sql=sql,
        fields=tuple(name for name in fields if name != RAW),
        keywords=RAW in fields,
        source=place,
    )


def _check(document: Mapping[str, Any]) -> None:
    """Refuse what is no rule, what is not supported, and what would expand without bound."""
    if "correlation" in document:
        raise InputError("correlations are not supported: each row is judged alone")
    if "filter" in document:
        raise InputError("Sigma filters are not supported")
    if "action" in document:
        raise InputError(f"the action {document['action']!r} is not supported"[:200])
    detection = document.get("detection")
    if not isinstance(document.get("logsource"), dict) or not isinstance(detection, dict):
        raise InputError("not a rule: no logsource, or nothing to detect")
    condition = detection.get("condition")
    conditions = condition if isinstance(condition, list) else [condition]
    words = sum(len(re.findall(r"\w+", str(one))) for one in conditions)
    if sum(len(str(one)) for one in conditions) > CONDITION_LIMIT:
        raise InputError(f"a condition of more than {CONDITION_LIMIT:,} characters")
    if "timeframe" in detection or any("|" in str(one) for one in conditions):
        raise InputError("aggregations are not supported: each row is judged alone")
    values = sum(_weight(value, "") for name, value in detection.items() if name != "condition")
    if values * max(1, words) > EXPANSION_LIMIT:
        raise InputError("expands to too many values")


def _weight(value: object, key: str, factor: int = 1) -> int:
    """How many values a selection may expand to; `key` is the field with its modifiers."""
    if isinstance(value, dict):
        return sum(_weight(inner, str(name), factor * _expands(str(name))) for name, inner in value.items())
    if isinstance(value, list):
        return sum(_weight(inner, key, factor) for inner in value)
    if isinstance(value, str):
        if len(value) > VALUE_LIMIT:
            raise InputError(f"a value of {len(value):,} characters, of at most {VALUE_LIMIT:,}")
        if "re" in _modifiers(key):
            # Before pySigma does: RE2 would write its own line of what is wrong to standard error.
            from icelos.jobs.logs.sigma.compiling import check_regex

            check_regex(value)
    return factor


def _modifiers(key: str) -> list[str]:
    return key.split("|")[1:]


def _expands(key: str) -> int:
    found = 1
    for modifier in _modifiers(key):
        found *= _EXPANDING.get(modifier, 1)
    return found


def _parsed(document: dict[str, Any]) -> Any:
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    try:
        return SigmaRule.from_dict(document)
    except SigmaError as error:
        raise InputError(f"not a valid rule: {_told(error)}") from error
    except RecursionError:
        raise
    except Exception as error:  # whatever pySigma raises: one rule must not end the others
        raise InputError(f"not a valid rule: {_told(error)}") from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__


def _failed(place: str, why: str, text: str) -> Failure:
    return failure(record_id=record_id(place, text), job=JOB, error=why, source=place, raw=text)
