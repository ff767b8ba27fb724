"""What an endpoint takes: learned from its refusals, so that nobody has to configure it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from icelos.llm.refusal import EndpointError

REFUSING = frozenset({400, 422, 501})
_SCHEMA_STEPS = {"json_schema": "json_object", "json_object": "prompt"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """`schema`: "json_schema", "json_object" or "prompt"; `limit`: the field that bounds the reply."""

    schema: str = "json_schema"
    limit: str = "max_tokens"
    temperature: bool = True
    stream_usage: bool = True


def adapted(dialect: Dialect, error: EndpointError, *, schema: bool) -> Dialect | None:
    """The dialect to try after a refusal, or None where the refusal is about something else.

    Each step takes something away, so that there are at most five.
    """
    if error.status not in REFUSING:
        return None
    said = error.detail.lower()
    if "max_completion_tokens" in said and dialect.limit == "max_tokens":
        return replace(dialect, limit="max_completion_tokens")
    if "temperature" in said and dialect.temperature:
        return replace(dialect, temperature=False)
    if "stream_options" in said and dialect.stream_usage:
        return replace(dialect, stream_usage=False)
    if schema and dialect.schema in _SCHEMA_STEPS and "context" not in said:
        return replace(dialect, schema=_SCHEMA_STEPS[dialect.schema])
    return None
