"""What a question is made of here: its words beside the plain Python that finds its gold answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
from tests.quality.agent.expecting import Expect, Listed, Question
from tests.quality.agent.looking import Look, Skipped
from tests.quality.agent.universe import user

Gold = Callable[[Look], Expect]


class Asked(NamedTuple):
    """A question with its gold answer as a function of the rows. `loose`: a condition that may be left out
    without another answer, with the reason in `why`."""

    id: str
    kind: str
    steps: int
    words: str
    gold: Gold
    why: str = ""
    groups: tuple[str, ...] = ("soc",)
    loose: bool = False

    def expect(self, skipped: Skipped | None = None) -> tuple[Expect, Sequence[int]]:
        """The gold answer, and how many conditions each look at the rows had."""
        look = Look(self.groups, skipped)
        found = self.gold(look)
        given = msgspec.structs.replace(found, given=self.words)
        either = tuple(msgspec.structs.replace(one, given=self.words) for one in found.either)
        return msgspec.structs.replace(given, either=either), look.used

    def question(self) -> Question:
        """As it is written."""
        return Question(
            id=self.id, question=self.words, groups=self.groups, kind=self.kind, steps=self.steps,
            expect=self.expect()[0], why=self.why,
        )  # fmt: skip


def number(*values: float) -> Expect:
    return Expect(numbers=values)


def listed(items: Iterable[str], universe: str = "", *, order: bool = False, top: bool = False) -> Expect:
    """A list; it is sorted where its order does not matter."""
    found = tuple(items) if order else tuple(sorted(set(items)))
    return Expect(items=found, universe=universe, order=order, top=top)


def also(expect: Expect, *lists: Expect, **changes: object) -> Expect:
    """The same with further lists and other fields."""
    more = tuple(Listed(one.items, one.universe, one.order, one.top) for one in lists)
    return msgspec.structs.replace(expect, more=(*expect.more, *more), **changes)


def users(addresses: Iterable[str]) -> Expect:
    return listed(map(user, addresses), "user")


def says(*texts: str, **changes: object) -> Expect:
    """Texts to be said, each as "text|another wording"."""
    return also(Expect(contains=texts), **changes)


REFUSE = Expect(refuse=True)
NONE = Expect(numbers=(0,))
THIS_WEEK = (
    "this week|current week|since monday|2026-11-16|16 november|16 nov|november 16|nov 16|7 days|2026-11-13"
)
LAST_WEEK = (
    "last week|week before|previous week|prior week|2026-11-09|9 november|9 nov|november 9|nov 9|7 days "
    "before|"
    "previous 7 days|2026-11-06"
)
"""How an answer may call them."""
