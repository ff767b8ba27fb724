"""What read-only tools share: arguments checked, rights asked for, results bounded and plain.

A tool subclasses `ReadingTool` and says what it finds; whatever a model passes, and whatever stands in the
data, is hostile until it has been through here.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from icelos.contracts import Observation, Principal, Right, Tool
from icelos.data.parse.limits import normalise
from icelos.errors import InputError, StoreError
from icelos.llm.schema import violations

MOST = 100
"""Facts that a model may ask for in one call, and that are told where it asks for no number."""
MOST_FOR_PROGRAMS = 1000
"""Facts that our own plans may ask for: a total is told from all rows, not from the first."""
LONGEST_TEXT, LONGEST_VALUE, LONGEST_NOTICE = 2000, 1000, 500
Scalar = str | int | float | bool | None


class ReadingTool(ABC):
    """A `contracts.ReadTool`: subclasses have `tool`, `right` and `_found`."""

    tool: Tool
    right: Right = Right.READ

    def call(self, arguments: Mapping[str, Any], *, principal: Principal) -> Observation:
        """What the tool finds for a principal. Raises InputError for arguments that do not fit, or that name
        what is not there; StoreError without a principal, and where a store cannot be read."""
        if not isinstance(principal, Principal):
            raise StoreError("no principal: nothing may be read", hint="say who asks")
        name = self.tool.name
        if self.right not in principal.rights:
            raise InputError(f"{name} needs the right {self.right.value!r}")
        return _bounded(self._found(_checked(arguments, self.tool), principal))

    @abstractmethod
    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        """What is found for arguments that fit the schema."""


def _checked(arguments: Mapping[str, Any], tool: Tool) -> dict[str, Any]:
    if not isinstance(arguments, Mapping):
        raise InputError(f"{tool.name} takes an object of arguments")
    given = dict(arguments)
    limit = given.get("limit")
    if isinstance(limit, int) and MOST < limit <= MOST_FOR_PROGRAMS:
        given["limit"] = MOST
    try:
        problems = violations(given, tool.parameters)
    except RecursionError:
        problems = ["nested too deeply"]
    if problems:
        raise InputError(f"{tool.name}: {plain('; '.join(problems), LONGEST_NOTICE)}")
    return given | ({"limit": limit} if limit is not None else {})


def _bounded(found: Observation) -> Observation:
    facts = tuple(
        msgspec.structs.replace(
            fact,
            text=plain(fact.text, LONGEST_TEXT),
            source=plain(fact.source, LONGEST_VALUE),
            values={key: _value(value) for key, value in fact.values.items()},
        )
        for fact in found.facts[:MOST_FOR_PROGRAMS]
    )
    notices = list(found.notices)
    if found.total is not None and found.total > len(facts):
        notices.append(f"{len(facts)} of {found.total:,} are told")
    elif found.total is None and len(facts) >= MOST:
        notices.append(f"{len(facts)} are told, and there are more")
    return Observation(
        facts=facts, total=found.total, notices=tuple(plain(one, LONGEST_NOTICE) for one in notices)
    )


def _value(value: Scalar) -> Scalar:
    return plain(value, LONGEST_VALUE) if isinstance(value, str) else value


def plain(text: str, most: int) -> str:
    """One line of plain text, of so many characters at most; nothing in it is invisible or a control."""
    if len(text) > most and not text.isascii():
        text = text[: 4 * most]
    line = " ".join(normalise(text[: 8 * most]).text.split())
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else "\ufffd" for one in line)


def digest(*parts: object) -> str:
    """The ref of what was computed: equal for equal questions with equal answers of a group."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return f"computed:{blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def told(values: Mapping[str, Scalar]) -> str:
    """Columns as text: "target = web-01, count = 3"; those that are not set are left out."""
    shown: Iterable[str] = (
        f"{name} = {value}" for name, value in values.items() if value is not None and value != ""
    )
    return ", ".join(shown) or "nothing is set"


def text_schema(description: str, *, most: int = 500) -> dict[str, Any]:
    """JSON schema of a text."""
    return {"type": "string", "minLength": 1, "maxLength": most, "description": description}


def object_schema(required: Iterable[str] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


LIMIT: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": MOST}
