"""Bodies are decoded strictly; every reference of the OpenAPI text resolves."""

from __future__ import annotations

import msgspec
import pytest

from icelos.web.schemas import AskRequest, FeedbackRequest, components


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'{"question":""}', b'{"question":3}', b'{"question":"x","more":1}', b"{}",
        b'{"question":"' + b"x" * 8001 + b'"}',
    ],
)  # fmt: skip
def test_a_question_is_checked(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body, type=AskRequest)


def test_a_thumb_is_up_or_down() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"answer_id":"a","thumb":"sideways"}', type=FeedbackRequest)


def test_components_name_what_routes_refer_to() -> None:
    assert {"Answer", "Event", "PassageView", "Problem"} <= set(components())
