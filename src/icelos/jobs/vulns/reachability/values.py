"""What a name may stand for, and the tables of what flows where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Kinds of abstract values."""

    FUNCTION = "function"
    BOUND = "bound"
    CLASS = "class"
    INSTANCE = "instance"
    MODULE = "module"
    CONTAINER = "container"
    PROPERTY = "property"
    PARTIAL = "partial"
    SUPER = "super"
    EXTERNAL = "external"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Value(NamedTuple):
    """One abstract value: the dotted name of the function, class or module, or where a container is made.

    `of` is the receiver of a bound method, the instance within `super()`, or what a partial calls.
    """

    kind: Kind
    name: str = ""
    of: Value | None = None


Values = AbstractSet[Value]
UNKNOWN = Value(Kind.UNKNOWN)
"""Something that may be anything of the target."""
NOTHING = Value(Kind.NOTHING)
"""None: kept apart, as `if x is None` decides whether much code is run."""
PLAIN = Value(Kind.EXTERNAL)
"""A value of the language or its standard library, such as a string."""
Key = tuple[str, str]
"""(owner, name): a variable of a scope, an attribute of a class's instances, a key of a container."""
EACH = "[]"
"""The key that stands for elements whose key is not known."""
KEY = "*key*"
"""What the keys of a mapping are."""
ALL = "*all*"
"""What all keys of an owner hold together."""
ANY = "*any*"
"""The attribute that stands for those set under a name that is made up."""
OPEN = "*open*"
"""The owner of attributes that are assigned to objects of which nothing is known."""
KEYS = "*keys*"
RETURN = "*return*"
BASES = "*bases*"
METACLASS = "*metaclass*"
YIELDED = "*yield*"
"""Ends the name of the container that stands for the generator of a function."""
MAX_VALUES = 24
"""Values that one key may hold; beyond that it holds UNKNOWN and the rest is spilled, so that it all ends."""
_NONE: frozenset[Value] = frozenset()


class Task:
    """One statement of a unit (a function or module): run again whenever something that it read has grown."""

    __slots__ = ("act", "unit")

    def __init__(self, unit: str, act: Callable[[], None]) -> None:
        self.unit = unit
        self.act = act


class Lookup:
    """What an attribute of a class was found to be; looked up again when it is `stale`."""

    __slots__ = ("found", "readers", "stale")

    def __init__(self) -> None:
        self.found: tuple[Value, ...] = ()
        self.readers: dict[Task, None] = {}
        self.stale = True


class Tables:
    """What flows where, which task reads it, and which tasks must be run again.

    `fresh` holds statements of modules, which are run first and in the order of execution.
    `spilled` holds values that found no room at a key: they may turn up wherever something is UNKNOWN.
    """

    def __init__(self) -> None:
        self.values: dict[Key, frozenset[Value]] = {}
        self.readers: dict[Key, dict[Task, None]] = {}
        self.watchers: dict[Key, dict[Lookup, None]] = {}
        self.keys: dict[str, dict[str, None]] = {}
        self.owners: dict[str, dict[str, None]] = {}
        self.queue: dict[Task, None] = {}
        self.fresh: list[Task] = []
        self.spilled: set[Value] = set()
        self.task: Task | None = None
        self._totals: set[str] = set()

    def add(self, key: Key, values: Iterable[Value]) -> None:
        """Let values flow to a key; whoever reads it is run again."""
        given = values if isinstance(values, AbstractSet) else frozenset(values)
        held = self.values.get(key, _NONE)
        if given <= held:
            return
        if len(held) > MAX_VALUES:
            self.spilled |= given
            return
        grown = held | given
        if len(grown) > MAX_VALUES:
            self.spilled |= given
            grown |= {UNKNOWN}
        self.values[key] = grown
        if key[0] in self._totals and key[1] != KEY:
            total = (key[0], ALL)
            if not grown <= self.values[total]:
                self.values[total] |= grown
                self.wake(total)
        if not held:
            self.keys.setdefault(key[0], {})[key[1]] = None
            self.owners.setdefault(key[1], {})[key[0]] = None
            self.wake((key[0], KEYS))
        self.wake(key)

    def wake(self, key: Key) -> None:
        """Run again all that read a key."""
        readers = self.readers.get(key)
        if readers:
            self.queue.update(readers)
        for lookup in self.watchers.get(key, ()):
            lookup.stale = True
            self.queue.update(lookup.readers)

    def watch(self, key: Key, lookup: Lookup) -> frozenset[Value]:
        """The values of a key, for a look-up that more than one task uses."""
        self.watchers.setdefault(key, {})[lookup] = None
        return self.values.get(key, _NONE)

    def read(self, key: Key) -> frozenset[Value]:
        """The values of a key so far."""
        if self.task is not None:
            self.readers.setdefault(key, {})[self.task] = None
        return self.values.get(key, _NONE)

    def total(self, owner: str) -> frozenset[Value]:
        """The values of all keys of an owner together; kept as a sum from the first time on."""
        if owner not in self._totals:
            self._totals.add(owner)
            held = (self.values[owner, key] for key in self.keys.get(owner, ()) if key != KEY)
            self.values[owner, ALL] = _NONE.union(*held)
        return self.read((owner, ALL))

    def names(self, owner: str) -> list[str]:
        """The names that an owner has so far."""
        if self.task is not None:
            self.readers.setdefault((owner, KEYS), {})[self.task] = None
        return list(self.keys.get(owner, ()))

    def next(self) -> Task | None:
        """The task to run next; None where all is settled."""
        if self.fresh:
            return self.fresh.pop()
        if not self.queue:
            return None
        found = next(iter(self.queue))
        del self.queue[found]
        return found
