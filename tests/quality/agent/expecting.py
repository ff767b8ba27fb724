"""What an answer must say: the form of gold answers."""

from __future__ import annotations

import msgspec


class Listed(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Things that must be named, each as "name|another name of it".

    Of the `universe` ("host", "user", …) nothing else may be named, "" where that is not checked. `order`:
    they come in this order. `top`: more may follow after them.
    """

    items: tuple[str, ...]
    universe: str = ""
    order: bool = False
    top: bool = False


class Expect(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A gold answer. All of it must be met.

    `numbers` must be said. `items` with `universe`, `order` and `top` are a list, `more` further ones.
    `counts` are numbers that belong to a name ("this week|since monday"). `contains` are texts to be said,
    `forbid` ones not to be. `forbid_refs` may not be cited. `refuse`: there is no answer, and it must say so.
    `missing`: a part has none, and it must say so. `given` stands in the question: to repeat it claims
    nothing. `either`: it is enough to meet one of these.
    """

    numbers: tuple[float, ...] = ()
    items: tuple[str, ...] = ()
    universe: str = ""
    order: bool = False
    top: bool = False
    more: tuple[Listed, ...] = ()
    counts: dict[str, float] = {}
    contains: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    forbid_refs: tuple[str, ...] = ()
    refuse: bool = False
    missing: bool = False
    given: str = ""
    either: tuple[Expect, ...] = ()

    @property
    def lists(self) -> tuple[Listed, ...]:
        """All lists."""
        first = (Listed(self.items, self.universe, self.order, self.top),) if self.items else ()
        return (*first, *self.more)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question, as it stands in `questions_*.json`. `steps` are look-ups that a person needs."""

    id: str
    question: str
    groups: tuple[str, ...]
    kind: str
    steps: int
    expect: Expect
    why: str
