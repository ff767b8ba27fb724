"""The error tree: exit codes, one line each, across process borders."""

from __future__ import annotations

import inspect
import pickle  # noqa: TID251 - multiprocessing uses it for exceptions; nothing from outside is loaded here

import pytest

from icelos import errors
from icelos.errors import BudgetError, IcelosError, InputError, MissingExtra, ModelError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, IcelosError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_code(kind: type[IcelosError]) -> None:
    tree = errors.__doc__ or ""
    line = next(line for line in tree.splitlines() if kind.__name__ in line.split())
    assert f"exit {kind.exit_code}" in line


def _some(kind: type[IcelosError]) -> IcelosError:
    if kind is MissingExtra:
        return MissingExtra("PyTorch", extra="train")
    return kind("it broke", hint="mend it", source="a:1")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_cross_process_borders(kind: type[IcelosError]) -> None:
    error = _some(kind)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)
    assert (back.message, back.hint, back.source) == (error.message, error.hint, error.source)


def test_retryable_crosses_too() -> None:
    error = pickle.loads(pickle.dumps(BudgetError("used up", retryable=True)))
    assert isinstance(error, ModelError)
    assert error.retryable


def test_one_line_says_where_what_and_what_to_do() -> None:
    assert str(InputError("no header", hint="look", source="a:1")) == "a:1: no header (look)"
    assert str(InputError("no header")) == "no header"
    assert str(MissingExtra("Ray", extra="ray")) == "Ray is not installed (pip install 'icelos[ray]')"
