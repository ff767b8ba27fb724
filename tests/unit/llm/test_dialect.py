"""What is learned from a refusal, and that learning ends."""

from __future__ import annotations

import pytest

from icelos.llm.dialect import Dialect, adapted
from icelos.llm.refusal import EndpointError


def refusal(status: int, detail: str) -> EndpointError:
    error = EndpointError("refused")
    error.status, error.detail = status, detail
    return error


@pytest.mark.parametrize("detail", ["anything", "max_completion_tokens temperature stream_options", ""])
@pytest.mark.parametrize("schema", [True, False])
def test_adapting_ends(detail: str, schema: bool) -> None:
    dialect: Dialect | None = Dialect()
    for _ in range(6):
        assert dialect is not None
        dialect = adapted(dialect, refusal(400, detail), schema=schema)
        if dialect is None:
            return
    pytest.fail("never ends")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_other_refusals_teach_nothing(status: int) -> None:
    assert adapted(Dialect(), refusal(status, "response_format"), schema=True) is None


def test_too_long_a_prompt_is_not_the_schemas_fault() -> None:
    assert adapted(Dialect(), refusal(400, "Maximum context length is 4096"), schema=True) is None


def test_each_lesson() -> None:
    assert adapted(Dialect(), refusal(400, "Use 'max_completion_tokens'"), schema=False) == Dialect(
        limit="max_completion_tokens"
    )
    assert adapted(Dialect(), refusal(422, "temperature"), schema=False) == Dialect(temperature=False)
    assert adapted(Dialect(), refusal(400, "stream_options"), schema=False) == Dialect(stream_usage=False)
    assert adapted(Dialect(), refusal(501, "no"), schema=True) == Dialect(schema="json_object")
    assert adapted(Dialect(schema="json_object"), refusal(400, "no"), schema=True) == Dialect(schema="prompt")
