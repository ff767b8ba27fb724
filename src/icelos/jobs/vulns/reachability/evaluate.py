"""Evaluating statements over abstract values.

Flow-insensitive: the order of statements does not count, and values only grow until nothing changes. Each
statement is a task of its own, run again when something that it read has grown.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from icelos.jobs.vulns.reachability import builtin
from icelos.jobs.vulns.reachability.imports import Imports
from icelos.jobs.vulns.reachability.objects import Given
from icelos.jobs.vulns.reachability.program import Program
from icelos.jobs.vulns.reachability.scopes import Scope
from icelos.jobs.vulns.reachability.values import (
    METACLASS,
    NOTHING,
    PLAIN,
    RETURN,
    UNKNOWN,
    Kind,
    Task,
    Value,
    Values,
)

_CALLABLE_OUTSIDE = frozenset({Kind.EXTERNAL, Kind.UNKNOWN})


class Evaluator(Imports):
    """Runs the tasks of a program. `broken` maps units nested too deep to why they cannot be read."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.broken: dict[str, str] = {}
        self.all_tasks: dict[Task, None] = {}
        self._begun: set[tuple[str, ast.AST]] = set()  # by scope too: equal files share one tree

    def run(self, task: Task) -> None:
        """Run one task, and begin the bodies of modules that it loads."""
        self.unit, self.tables.task = task.unit, task
        try:
            task.act()
        except RecursionError:
            self.broken[task.unit] = "an expression is nested too deep"
        self.tables.task = None
        self.begin_modules()

    def begin_modules(self) -> None:
        """Make tasks of the bodies of modules that have been loaded."""
        for scope in reversed(self.program.started):
            tree = scope.module.tree
            self._begin(tree.body if tree is not None else (), scope)
        self.program.started.clear()

    def enter(self, name: str) -> None:
        """A function is called from somewhere: its body is to be evaluated."""
        if name in self.edges:
            return
        if self.divert is not None and self.unit not in self.program.scopes:
            self.divert(name, ())
            return
        self.edges[name] = {}
        function = self.program.functions.get(name)
        if function is None:
            return
        if isinstance(function.node, ast.Lambda):
            body, scope = function.node.body, function.scope
            task = Task(name, lambda: self.tables.add((name, RETURN), self.value(body, scope)))
            self.tables.queue[task] = self.all_tasks[task] = None
        else:
            self._begin(function.node.body, function.scope)

    def _begin(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Make a task of each statement that is not one yet; a module's are run before all others."""
        tasks = []
        for node in body:
            act = _STATEMENTS.get(type(node))
            if act is not None and (scope.name, node) not in self._begun:
                self._begun.add((scope.name, node))
                tasks.append(Task(scope.unit, self._bound(act, node, scope)))
                self.all_tasks[tasks[-1]] = None
        if scope.unit in self.program.scopes:
            self.tables.fresh.extend(reversed(tasks))
        else:
            self.tables.queue.update(dict.fromkeys(tasks))

    def _bound(
        self, act: Callable[[Evaluator, ast.stmt, Scope], None], node: ast.stmt, scope: Scope
    ) -> Callable[[], None]:
        return lambda: act(self, node, scope)

    # -- simple statements

    def _return(self, node: ast.Return, scope: Scope) -> None:
        self.tables.add((scope.unit, RETURN), self.value(node.value, scope) if node.value else {NOTHING})

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        values = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, values, scope, node.value)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope, node.value)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        values = self.value(node.value, scope)
        held = self.value(node.target, scope)
        found = self.dunder(held, builtin.IN_PLACE[type(node.op)], [values], node.lineno)
        for one in held:
            if one.kind is Kind.CONTAINER:
                self.tables.add((one.name, "[]"), self.elements(values, node.lineno))
        self.assign(node.target, values | held | found, scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        self.value(node.value, scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self.dunder(self.value(target.value, scope), ("__delitem__",), [{PLAIN}], node.lineno)
            elif isinstance(target, ast.Attribute):
                self.dunder(self.value(target.value, scope), ("__delattr__",), [{PLAIN}], node.lineno)

    def _raise(self, node: ast.Raise, scope: Scope) -> None:
        for part in (node.exc, node.cause):
            if part is not None:
                classes = {one for one in self.value(part, scope) if one.kind is Kind.CLASS}
                self.call(classes, Given(line=part.lineno))

    def _assert(self, node: ast.Assert, scope: Scope) -> None:
        self.truth(node.test, scope)
        self.value(node.msg, scope)

    # -- compound statements

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        self.assign(node.target, self.elements(self.value(node.iter, scope), node.lineno), scope)
        self._begin([*node.body, *node.orelse], scope)

    def _while(self, node: ast.While, scope: Scope) -> None:
        self.truth(node.test, scope)
        self._begin([*node.body, *node.orelse], scope)

    def _if(self, node: ast.If, scope: Scope) -> None:
        self.truth(node.test, scope)
        body, other = self.branches(node.test, scope)
        if body:
            self._begin(node.body, scope)
        if other:
            self._begin(node.orelse, scope)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for item in node.items:
            held = self.value(item.context_expr, scope)
            entered = self.dunder(held, ("__enter__", "__aenter__"), [], node.lineno)
            self.dunder(held, ("__exit__", "__aexit__"), [{PLAIN}] * 3, node.lineno)
            managed = {one for one in held if one.kind is Kind.CONTAINER}
            yielded = self.elements(managed, node.lineno)
            if item.optional_vars is not None:
                plain = {one for one in held if one.kind in _CALLABLE_OUTSIDE}
                self.assign(item.optional_vars, entered | plain | yielded, scope)
        self._begin(node.body, scope)

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        for handler in node.handlers:
            kinds = self.value(handler.type, scope) if handler.type is not None else {PLAIN}
            if handler.name:
                every = kinds | self.elements({k for k in kinds if k.kind is Kind.CONTAINER}, handler.lineno)
                caught = {_caught(one) for one in every}
                self.bind(handler.name, caught | {UNKNOWN} if self.loose else caught, scope)
        parts = [node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody]
        self._begin([one for part in parts for one in part], scope)

    def _match(self, node: ast.Match, scope: Scope) -> None:
        subject = self.value(node.subject, scope)
        for case in node.cases:
            self._pattern(case.pattern, subject, scope)
            if case.guard is not None:
                self.truth(case.guard, scope)
            self._begin(case.body, scope)

    def _pattern(self, pattern: ast.pattern, subject: Values, scope: Scope) -> None:
        for node in ast.walk(pattern):
            if isinstance(node, ast.MatchClass):
                self.value(node.cls, scope)
            elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                held = subject | self.elements(subject, pattern.lineno)
                if isinstance(node, ast.MatchAs) and isinstance(node.pattern, ast.MatchClass):
                    held = self._of_class(held, self.value(node.pattern.cls, scope))
                self.bind(node.name, held, scope)

    def _of_class(self, values: Values, classes: Values) -> Values:
        names = {one.name for one in classes if one.kind is Kind.CLASS}
        return {
            one
            for one in values
            if one.kind is not Kind.INSTANCE or not names or names & set(self.program.linear(one.name))
        }

    # -- definitions

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        function = self.program.define(node, scope)
        self.defaults(function, scope)
        self.bind(node.name, self._decorated({Value(Kind.FUNCTION, function.name)}, node, scope), scope)

    def _decorated(
        self, values: Values, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope
    ) -> Values:
        """What the decorators make of a function or class. Those from outside are taken to give it back."""
        for decorator in reversed(node.decorator_list):
            maker = self.value(decorator, scope)
            known = {one for one in maker if one.kind not in _CALLABLE_OUTSIDE}
            if len(known) < len(maker):
                self.escape(values if any(one.kind is Kind.UNKNOWN for one in maker) else ())
            result = self.call(known, Given([values], line=decorator.lineno))
            kept = set(result) - {PLAIN, NOTHING}
            if len(known) < len(maker) or not maker or (result and not kept) or (self.loose and not result):
                kept |= values
            elif not result:
                self.decide_later()
            values = kept
        return values

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        found = self.program.define_class(node, scope)
        value = Value(Kind.CLASS, found.name)
        for base in node.bases:
            held = self.value(base, scope)
            self.program.hierarchy.derive(found.name, held or {PLAIN})
            for one in held:
                self.tables.add((found.name, METACLASS), self.tables.read((one.name, METACLASS)))
        self._metaclass(node, found.name, scope)
        self._begin(node.body, found.scope)
        self.method(Value(Kind.SUPER, found.name, value), "__init_subclass__", [], node.lineno)
        self.bind(node.name, self._decorated({value}, node, scope), scope)

    def _metaclass(self, node: ast.ClassDef, name: str, scope: Scope) -> None:
        for keyword in node.keywords:
            kinds = {one for one in self.value(keyword.value, scope) if one.kind is Kind.CLASS}
            if keyword.arg == "metaclass":
                self.tables.add((name, METACLASS), kinds)
        made: Values = {Value(Kind.CLASS, name)}
        for meta in self.tables.read((name, METACLASS)):
            body: list[Values] = [{PLAIN}, {PLAIN}, {PLAIN}]
            for one in self.program.attribute(Value(Kind.CLASS, meta.name), "__new__"):
                self.call({one}, Given([{meta}, *body], line=node.lineno))
            for one in self.program.attribute(Value(Kind.CLASS, meta.name), "__init__"):
                self.call({one}, Given([made, *body], line=node.lineno))


def _caught(value: Value) -> Value:
    return Value(Kind.INSTANCE, value.name) if value.kind is Kind.CLASS else PLAIN


_STATEMENTS: dict[type, Callable[..., None]] = {
    ast.FunctionDef: Evaluator._function,
    ast.AsyncFunctionDef: Evaluator._function,
    ast.ClassDef: Evaluator._class,
    ast.Return: Evaluator._return,
    ast.Assign: Evaluator._assign,
    ast.AnnAssign: Evaluator._annotated,
    ast.AugAssign: Evaluator._augmented,
    ast.Expr: Evaluator._expression,
    ast.Delete: Evaluator._delete,
    ast.Raise: Evaluator._raise,
    ast.Assert: Evaluator._assert,
    ast.For: Evaluator._for,
    ast.AsyncFor: Evaluator._for,
    ast.While: Evaluator._while,
    ast.If: Evaluator._if,
    ast.With: Evaluator._with,
    ast.AsyncWith: Evaluator._with,
    ast.Try: Evaluator._try,
    ast.TryStar: Evaluator._try,
    ast.Match: Evaluator._match,
    ast.Import: Evaluator.run_import,
    ast.ImportFrom: Evaluator.run_import_from,
}
