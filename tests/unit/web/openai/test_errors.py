"""Every error below /v1/ has the form that OpenAI's clients read."""

from __future__ import annotations

import json

import pytest

from icelos.errors import BudgetError, ModelError, StoreError
from icelos.web.openai.errors import Refused
from icelos.web.problems import response_of
from icelos.web.turns import busy


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Refused("no", param="n", code="c"), 400, "invalid_request_error"),
        (BudgetError("used up"), 429, "rate_limit_error"),
        (StoreError("locked"), 503, "server_error"),
        (ModelError("down"), 502, "server_error"),
        (busy(), 503, "server_error"),
        (RuntimeError("secret"), 500, "server_error"),
    ],
)
def test_errors_have_a_message_and_a_type(error: Exception, status: int, kind: str) -> None:
    response = response_of(error, "/v1/chat/completions")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    told = json.loads(bytes(response.body))["error"]
    assert told["type"] == kind
    assert set(told) == {"message", "type", "param", "code"}
    assert "secret" not in told["message"]


def test_who_is_told_to_wait_is_told_how_long() -> None:
    assert response_of(busy(), "/v1/models").headers["retry-after"]


def test_elsewhere_errors_are_problems() -> None:
    response = response_of(Refused("no", param="n"), "/api/ask")
    assert response.headers["content-type"] == "application/problem+json"
