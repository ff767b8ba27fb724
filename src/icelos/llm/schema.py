"""JSON out of what models write, checked against a JSON schema (draft 2020-12, by `jsonschema`).

Model text is hostile and sloppy: the object may stand in a code fence, after prose, or be cut short.
Size and depth are bounded, and nothing is ever fetched for a "$ref".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from icelos.errors import ModelError

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

MAX_CHARS = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_CANDIDATES = 16
MAX_PROBLEMS = 5
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


class NotJSON(ValueError):
    """The text is no JSON value within bounds; the message is one line, fit to send back to the model."""


def parse(text: str) -> Any:
    """One JSON value, within bounds of size and depth. Raises NotJSON."""
    if len(text) > MAX_CHARS:
        raise NotJSON(f"longer than {MAX_CHARS} characters")
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise NotJSON(f"not valid JSON: {str(error)[:200]}") from None
    if _deeper_than(value, MAX_DEPTH):
        raise NotJSON(f"nested deeper than {MAX_DEPTH} levels")
    return value


def read(text: str, schema: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The first value in `text` that fits `schema`, and no problems; else None and what is wrong.

    A whole text that is JSON is taken as it is; else every object (or array, where the schema wants one)
    that stands in it is tried in order.
    """
    text = _THOUGHT.sub("", text).strip()
    try:
        value = parse(text)
    except NotJSON as error:
        problems = [str(error)]
    else:
        problems = violations(value, schema)
        return (None, problems) if problems else (value, [])
    for candidate in candidates(text, "[" if schema.get("type") == "array" else "{"):
        try:
            value = parse(candidate)
        except NotJSON:
            continue
        problems = violations(value, schema)
        if not problems:
            return value, []
    return None, problems


def candidates(text: str, opening: str) -> Iterator[str]:
    """The balanced objects ("{") or arrays ("[") that stand in a text, outermost only; at most 32."""
    start = text.find(opening)
    for _ in range(MAX_CANDIDATES):
        if start < 0:
            return
        end = _balanced(text, start)
        if end:
            yield text[start:end]
        start = text.find(opening, end or start + 1)


# An unclosed string takes the rest: else every quote in it would be tried as a beginning.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)


def _balanced(text: str, start: int) -> int:
    """Where the bracket at `start` is closed (one past it), or 0 where it is not, or nests too deep."""
    depth = 0
    for match in _STRUCTURE.finditer(text, start):
        if match[0] in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return 0
        elif match[0] in "}]":
            depth -= 1
            if depth == 0:
                return match.end()
    return 0


def violations(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a value, at most five lines with the place; empty where it fits.

    Raises ModelError for a schema that refers to another document.
    """
    from referencing.exceptions import Unresolvable

    errors = _validator(msgspec.json.encode(schema, order="sorted")).iter_errors(value)
    try:
        return [_problem(error) for error in islice(errors, MAX_PROBLEMS)]
    except Unresolvable as error:
        raise ModelError(f"the JSON schema refers to elsewhere: {error.ref[:200]}") from None


def _problem(error: ValidationError) -> str:
    place = "/".join(str(step) for step in error.absolute_path)
    return f"{place or 'the whole'}: {' '.join(error.message.split())[:200]}"


def check(schema: Mapping[str, Any]) -> None:
    """Raises ModelError where the schema itself is not one."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ModelError(f"not a JSON schema: {error.message[:200]}") from error


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Validator:
    """A validator with an empty registry: a "$ref" to elsewhere is an error, never a request."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    validator: Validator = Draft202012Validator(msgspec.json.decode(schema), registry=Registry())
    return validator


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [inner for one in level for inner in _children(one)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
