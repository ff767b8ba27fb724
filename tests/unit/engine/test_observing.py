"""Several observers are told all that one is."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from icelos.engine.observing import Observer, Observers

WORDS = [name for name, _ in inspect.getmembers(Observer, inspect.isfunction) if not name.startswith("_")]


class Heard(Observer):
    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in WORDS:
            return super().__getattribute__(name)
        return lambda *values, **named: self.calls.append((name, values, named))


@pytest.mark.parametrize("word", WORDS)
def test_each_word_reaches_each_of_them(word: str) -> None:
    one, other = Heard(), Heard()
    parameters = list(inspect.signature(getattr(Observer, word)).parameters.values())[1:]
    values = [object() for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    named = {one.name: object() for one in parameters if one.kind is one.KEYWORD_ONLY}
    getattr(Observers([one, other]), word)(*values, **named)
    assert one.calls == other.calls == [(word, tuple(values), named)]


def test_an_observer_may_leave_out_all_of_it() -> None:
    assert len(WORDS) >= 10
    for word in WORDS:
        assert getattr(Observer, word).__doc__
