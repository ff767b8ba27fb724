"""Every error has one shape, and no error shows how the inside looks."""

from __future__ import annotations

import logging

import pytest
from starlette.exceptions import HTTPException

from icelos.errors import (
    BudgetError,
    IcelosError,
    InputError,
    MissingExtra,
    ModelError,
    RunError,
    SettingsError,
    StoreError,
)
from icelos.web.problems import problem_of, response_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 400), (SettingsError("x"), 500), (MissingExtra("x", extra="y"), 501),
        (ModelError("x"), 502), (ModelError("x", retryable=True), 503), (BudgetError("x"), 429),
        (StoreError("x"), 503), (RunError("x"), 500), (HTTPException(404), 404),
    ],
)  # fmt: skip
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


def test_every_class_of_the_tree_has_a_status() -> None:
    kinds = [IcelosError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    for kind in kinds:
        error = kind.__new__(kind)
        IcelosError.__init__(error, "message")
        if isinstance(error, ModelError):
            error.retryable = False
        assert 400 <= problem_of(error).status < 600


def test_what_where_and_what_to_do_are_given() -> None:
    response = response_of(InputError("no such file", hint="look again", source="a.md:3"))
    assert response.media_type == "application/problem+json"
    assert bytes(response.body) == (
        b'{"type":"urn:icelos:problem:InputError","title":"Bad Request","status":400,'
        b'"detail":"no such file","hint":"look again","source":"a.md:3"}'
    )


def test_a_defect_gives_a_reference_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "icelos.web"):
        try:
            raise KeyError("the secret inside")
        except KeyError as error:
            problem = problem_of(error)
    reference = problem.detail.split()[-1]
    assert problem.status == 500
    assert "secret" not in problem.detail
    assert reference in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text
