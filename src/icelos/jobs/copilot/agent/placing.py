"""The state of a clause that is being read: which view is spoken of, and what waits for one."""

from __future__ import annotations

from icelos.jobs.copilot.agent.clauses import AUXILIARY, Atom, Clause, Filter, Name, Refer
from icelos.jobs.copilot.agent.moments import Period
from icelos.jobs.copilot.agent.scanning import Item
from icelos.jobs.copilot.agent.views import View


class Placing:
    """Where what is said belongs: to the view under way, or to the one that comes next."""

    def __init__(self, text: str, items: list[Item]) -> None:
        self.items = items
        self.into = Clause(text=text)
        self.atom: Atom | None = None
        self.waiting: list[Filter] = []
        self.names: list[Name] = []
        self.period: Period | None = None
        self.refer: list[Refer] = []
        self.place = 0
        self.negate = False
        self.alert_waits = False

    excluding = False
    excluded_from = 0

    def _next(self, skip: frozenset[str] = frozenset({"glue"})) -> Item | None:
        place = self.place + 1
        while place < len(self.items) and self.items[place].kind in skip:
            place += 1
        return self.items[place] if place < len(self.items) else None

    def _before(self, skip: frozenset[str] = frozenset({"glue"})) -> Item | None:
        """The item before; a "those" is none behind an auxiliary, which ends what it begins."""
        place, ended = self.place - 1, False
        while place >= 0 and self.items[place].kind in skip:
            ended = ended or self.items[place].text.lower() in AUXILIARY
            place -= 1
        found = self.items[place] if place >= 0 else None
        return None if ended and found is not None and found.kind == "refer" else found

    def _word_before(self) -> str:
        return self.items[self.place - 1].text.lower() if self.place else ""

    @staticmethod
    def _plural(item: Item) -> bool:
        last = item.text.lower().rsplit(" ", 1)[-1]
        return (last.endswith("s") and not last.endswith(("ss", "us"))) or last in {
            "people",
            "staff",
            "software",
        }

    def _is_mail(self) -> bool:
        return (self.atom is not None and self.atom.view.name == "mail") or any(
            i.view == "mail" for i in self.items
        )

    def _view(self, view: View, *, mode: str = "") -> None:
        """Go on with this view: the one under way where it is the same or only says "findings"."""
        atom = self.atom
        if atom is not None and atom.view.name == "findings" and view.name != "logs" and not self.negate:
            atom.view = view
        elif view.name == "findings" and atom is not None:
            pass  # "findings" of the view that was named before
        elif (
            atom is None
            or atom.view is not view
            or self.negate
            or (mode and atom.mode and _other(mode, atom.mode))
        ):
            found = (
                None
                if self.negate
                else next(
                    (one for one in self.into.atoms if one.view is view and not (mode and one.mode)), None
                )
            )
            self.atom = found or Atom(view=view, negated=self.negate)
            if found is None:
                self.into.atoms.append(self.atom)
            self.negate = False
        if mode and self.atom is not None:
            self.atom.mode = mode
        self._settle()

    def _settle(self) -> None:
        """What was said before its view was."""
        atom = self.atom
        if atom is None:
            return
        self.waiting, rest = [], self.waiting
        for one in rest:
            self._condition(one)
        if self.period is not None and atom.period is None:
            atom.period, self.period = self.period, None
        self._place_names()
        self._settle_reference()

    def _place_names(self) -> None:
        if self.excluding and self.names and self._is_excluded():
            self.names[-1] = Name(
                self.names[-1].what,
                self.names[-1].text,
                True,
                self.items[self.excluded_from].text.lower().endswith("not"),
            )
        if self.atom is not None:
            self.atom.names += self.names
            self.names = []

    def _is_excluded(self) -> bool:
        """ "Except a and b, ..." leaves out those two: what stands between is no more than that."""
        start = self.excluded_from
        between = self.items[start + 1 : self.place]
        is_list = all(
            one.kind in {"join", "noun", "word", "value"}
            or (one.kind == "stop" and one.value == ",")
            or (one.kind == "glue" and one.text.lower() in _LEADING)
            for one in between
        )
        if between and between[-1].kind == "stop":
            is_list = (
                is_list and self.place + 1 < len(self.items) and self.items[self.place + 1].kind == "join"
            )
        self.excluding = self.excluding and is_list
        return self.excluding

    def _settle_reference(self) -> None:
        self.into.refers = self.into.refers or bool(self.refer)
        if self.atom is not None:
            self.atom.refer += self.refer
            self.refer = []

    def _condition(self, one: Filter) -> None:
        if self.atom is not None:
            self.atom.filters.append(one)
        else:
            self.waiting.append(one)

    def _link(self, what: str) -> None:
        place = next((i for i, one in enumerate(self.into.atoms) if one is self.atom), -1)
        self.into.links.append((what, place))


_LEADING = frozenset({"to", "on", "for", "from", "at", "in", "the", "of", "by", "those"})


def _other(mode: str, known: str) -> bool:
    return mode.removesuffix("-noun") != known.removesuffix("-noun")
