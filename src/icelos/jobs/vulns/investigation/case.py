"""One case: a component, what the advisories say of it, and the target it stands in."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from functools import cached_property

from icelos.jobs.vulns.fixes.fixes import Fix
from icelos.jobs.vulns.investigation.conditions import About, Condition, conditions_in
from icelos.jobs.vulns.investigation.definitions import Definitions, Kind
from icelos.jobs.vulns.investigation.distribution import Distribution
from icelos.jobs.vulns.investigation.fixed import Fixed, fixed_in
from icelos.jobs.vulns.investigation.symbols import Named, Role, Strength, named_in, places_in
from icelos.jobs.vulns.investigation.target import Target
from icelos.jobs.vulns.ranges import Reading
from icelos.records import Component


class Case:
    """What an investigation starts from. `text` is the advisory's own, hostile as all text from outside."""

    def __init__(
        self,
        component: Component,
        vulnerability: str,
        text: str,
        source: str,
        reading: Reading,
        target: Target,
        fixes: Sequence[Fix] = (),
    ) -> None:
        """`fixes` are what is known of the fixed releases, the nearest first."""
        self.component = component
        self.vulnerability = vulnerability
        self.text = text
        self.source = source
        self.reading = reading
        self.target = target
        self.fixes = tuple(fixes)

    @cached_property
    def distribution(self) -> Distribution | None:
        """The component as an installed Python distribution."""
        if not self.component.purl.startswith("pkg:pypi/"):
            return None
        return self.target.distribution(self._installed, self.component.name)

    @cached_property
    def _installed(self) -> str:
        """Where it is installed; a lock file may have told of it first."""
        same = (one.location for one in self.target.components if one.purl == self.component.purl)
        places = [self.component.location, *same]
        return next((one for one in places if self.target.distribution(one, self.component.name)), places[0])

    @cached_property
    def definitions(self) -> Definitions:
        """What its source defines."""
        if self.distribution is None:
            return Definitions(())
        return self.target.definitions(self._installed, self.component.name)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Its import names, private ones apart where there are others."""
        names = self.distribution.modules if self.distribution else ()
        return tuple(name for name in names if not name.startswith("_")) or names

    @cached_property
    def named(self) -> list[Named]:
        """The names of code in the advisory that the package defines."""
        given = {one.name for one in self.conditions if one.about is About.ARGUMENT}
        own = {self.component.name, *self.modules, "python", *given}
        found = named_in(self.text, self.definitions, own=own)
        if any(one.role is Role.VULNERABLE and one.strength is not Strength.WORD for one in found):
            return found
        return found + places_in(self.text, self.definitions, own=own)

    @cached_property
    def fixed(self) -> Fixed | None:
        """What the fixed release changed in the installed package, as far as it is known."""
        return fixed_in(self.definitions, self.fixes, self.text)

    @cached_property
    def symbols(self) -> list[str]:
        """The vulnerable functions, classes and modules, canonical: what the advisory names, by the fix.

        Where it names a class and the fix changed one method of it, that method; where it names nothing, what
        the fix changed and its words fit.
        """
        fixed = self.fixed
        if fixed is None:
            return self.told
        if not self.is_named:
            return list(fixed.meant) if fixed.fits or not self.told else self.told
        both = [one for one in fixed.symbols if any(_is_in(one, other) for other in self.told)]
        both += [one for one in self.told if one not in both and any(_is_in(one, f) for f in fixed.symbols)]
        if not both:
            return list(fixed.meant) if fixed.fits and not self.is_written else self.told
        return both + [one for one in self.told if not any(_is_in(f, one) or _is_in(one, f) for f in both)]

    @cached_property
    def told(self) -> list[str]:
        """The functions, classes and modules that the advisory names; several may stand for one name."""
        meant = [one for one in self.named if one.role is Role.VULNERABLE]
        order = (Strength.CODE, Strength.CALLED), (Strength.OPTION,), (Strength.PLACE,), (Strength.WORD,)
        chosen = next(
            (held for each in order if (held := [one for one in meant if one.strength in each])), []
        )
        found: dict[str, None] = {}
        given = {one.name for one in self.conditions if one.about is About.ARGUMENT}
        for one in chosen:
            called = {each.symbol for each in one.definitions if each.kind is not Kind.VALUE}
            taking = [
                each for each in one.definitions if any(self.takes(each.symbol, name) for name in given)
            ]
            for definition in (
                taking or one.definitions
            ):  # of several by one name, what takes what it tells of
                if definition.kind is Kind.VALUE and definition.symbol in called:
                    continue  # a value by the name of its class: made of it
                for symbol in self._callable(definition.symbol, definition.kind):
                    found[symbol] = None
        return list(found)

    @cached_property
    def is_named(self) -> bool:
        """Whether the advisory names code outright, as code or as a function, class or method."""
        strong = {Strength.CODE, Strength.CALLED}
        return any(n.role is Role.VULNERABLE and n.strength in strong for n in self.named)

    @cached_property
    def is_written(self) -> bool:
        """Whether the advisory writes the names of code as code, with quotes, brackets or dots."""
        return any(n.role is Role.VULNERABLE and n.strength is Strength.CODE for n in self.named)

    @cached_property
    def sure(self) -> bool:
        """Whether the advisory names its code as code, so that code which it does not name is not meant."""
        certain = {Strength.CODE, Strength.CALLED, Strength.PLACE}
        return any(n.role is Role.VULNERABLE and n.strength in certain for n in self.named)

    @cached_property
    def conditions(self) -> list[Condition]:
        """What the advisory says has to be so."""
        return conditions_in(self.text)

    @cached_property
    def options(self) -> list[Condition]:
        """Parameters that the advisory names and no value for: the flaw needs them to be given."""
        if self.is_named:
            return []
        return [
            Condition(About.ARGUMENT, one.text, "", one.sentence)
            for one in self.named
            if one.strength is Strength.OPTION and one.role is Role.VULNERABLE
        ]

    def _callable(self, symbol: str, kind: Kind) -> list[str]:
        """The symbol itself, or for a module's value the functions that mention it."""
        if kind is not Kind.VALUE:
            return [symbol]
        return list(dict.fromkeys([*self.definitions.users_of(symbol), *self.definitions.made_of(symbol)]))

    def takes(self, symbol: str, argument: str) -> bool:
        """Whether a function, or a class when it is made, has a parameter of this name."""
        return argument in self._parameters(symbol)

    def default_of(self, symbol: str, argument: str) -> str | None:
        """The default of a parameter as written, None where it has none."""
        return self._parameters(symbol).get(argument)

    def position_of(self, symbol: str, argument: str) -> int | None:
        """Its position in a call, None where it is given by name only."""
        names = list(self._parameters(symbol))
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        return names.index(argument) if argument in names else None

    def _parameters(self, symbol: str) -> dict[str, str | None]:
        """Parameters and the text of their defaults, in order; of a class, those of its `__init__`."""
        _, _, source = self.definitions.source_of(symbol)
        try:
            tree = ast.parse(textwrap.dedent(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        node = tree.body[0] if tree.body else None
        settled: dict[str, str | None] = {}
        if isinstance(node, ast.ClassDef):
            settled = _class_values(node)
            node = next(
                (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
            )
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return {}
        arguments = node.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        padding: list[ast.expr | None] = [None] * (len(names) - len(arguments.defaults))
        given = dict(zip(names, [*padding, *arguments.defaults], strict=True))
        given |= {
            one.arg: value for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        }
        found = {name: ast.unparse(value) if value is not None else None for name, value in given.items()}
        return {**settled, **found} if arguments.kwarg is not None else found


def _is_in(symbol: str, other: str) -> bool:
    """Whether a symbol is another one, or stands in it."""
    return symbol == other or symbol.startswith(f"{other}.")


def _class_values(node: ast.ClassDef) -> dict[str, str | None]:
    """Attributes of a class, which an `__init__(self, **options)` commonly lets a call set."""
    return {
        target.id: ast.unparse(inner.value)
        for inner in node.body
        if isinstance(inner, ast.Assign)
        for target in inner.targets
        if isinstance(target, ast.Name)
    }
