"""What the language and its standard library do with values of the target that they are given."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING

from icelos.jobs.vulns.reachability.values import EACH, PLAIN, UNKNOWN, Kind, Value

if TYPE_CHECKING:
    from icelos.jobs.vulns.reachability.evaluate import Evaluator

NAMES = frozenset(dir(builtins))
PROPERTIES = frozenset({"property", "cached_property", "abstractproperty", "getter"})
BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("__add__", "__radd__"), ast.Sub: ("__sub__", "__rsub__"), ast.Mult: ("__mul__", "__rmul__"),
    ast.Div: ("__truediv__", "__rtruediv__"), ast.FloorDiv: ("__floordiv__", "__rfloordiv__"),
    ast.Mod: ("__mod__", "__rmod__"), ast.Pow: ("__pow__", "__rpow__"), ast.MatMult: ("__matmul__", "__rmatmul__"),
    ast.BitAnd: ("__and__", "__rand__"), ast.BitOr: ("__or__", "__ror__"), ast.BitXor: ("__xor__", "__rxor__"),
    ast.LShift: ("__lshift__", "__rlshift__"), ast.RShift: ("__rshift__", "__rrshift__"),
}  # fmt: skip
IN_PLACE: dict[type[ast.operator], tuple[str, ...]] = {
    kind: (f"__i{names[0].strip('_')}__", names[0]) for kind, names in BINARY.items()
}
UNARY: dict[type[ast.unaryop], str] = {
    ast.USub: "__neg__",
    ast.UAdd: "__pos__",
    ast.Invert: "__invert__",
    ast.Not: "__bool__",
}
COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("__eq__", ""), ast.NotEq: ("__ne__", ""), ast.Lt: ("__lt__", ""), ast.LtE: ("__le__", ""),
    ast.Gt: ("__gt__", ""), ast.GtE: ("__ge__", ""), ast.In: ("", "__contains__"), ast.NotIn: ("", "__contains__"),
}  # fmt: skip
_DUNDERS = {
    "len": ("__len__",), "str": ("__str__", "__repr__"), "repr": ("__repr__",), "bool": ("__bool__", "__len__"),
    "int": ("__int__", "__index__"), "float": ("__float__",), "hash": ("__hash__",), "abs": ("__abs__",),
    "iter": ("__iter__",), "next": ("__next__",), "reversed": ("__reversed__",), "bytes": ("__bytes__",),
    "format": ("__format__",), "dir": ("__dir__",), "round": ("__round__",), "print": ("__str__", "__repr__"),
    "divmod": ("__divmod__",), "complex": ("__complex__",),
}  # fmt: skip
_CONSUMING = frozenset(
    [
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "sum",
        "min",
        "max",
        "any",
        "all",
        "enumerate",
        "zip",
        "map",
        "filter",
        "dict",
        "iter",
        "reversed",
        "deque",
        "chain",
        "starmap",
        "islice",
        "cycle",
        "Counter",
        "OrderedDict",
        "defaultdict",
        "accumulate",
        "groupby",
        "product",
        "permutations",
        "combinations",
        "takewhile",
        "dropwhile",
        "zip_longest",
        "tee",
        "join",
        "fromkeys",
        "reduce",
    ]
)
_SAME = frozenset(
    [
        "wraps",
        "update_wrapper",
        "lru_cache",
        "cache",
        "contextmanager",
        "asynccontextmanager",
        "singledispatch",
        "total_ordering",
        "dataclass",
        "staticmethod",
        "classmethod",
        "property",
        "abstractmethod",
        "cast",
        "copy",
        "deepcopy",
        "coroutine",
        "overload",
        "final",
        "runtime_checkable",
        "unique",
        "singledispatchmethod",
        "cached_property",
        "atexit",
        "register",
        "proxy",
        "ref",
        "NewType",
        "TypeVar",
        "create_task",
        "ensure_future",
        "gather",
        "wait_for",
        "run",
        "shield",
        "closing",
        "nullcontext",
    ]
)
_CODE = frozenset({"eval", "exec", "compile", "execfile"})
_TAKING = frozenset(
    [
        "append",
        "add",
        "appendleft",
        "put",
        "put_nowait",
        "insert",
        "push",
        "extend",
        "update",
        "setdefault",
        "send",
    ]
)
_GIVING = frozenset(
    [
        "get",
        "pop",
        "popitem",
        "popleft",
        "values",
        "items",
        "setdefault",
        "copy",
        "__getitem__",
        "__iter__",
        "get_nowait",
        "peek",
        "union",
        "difference",
        "intersection",
        "next",
        "send",
        "__next__",
        "throw",
        "most_common",
        "elements",
    ]
)


def container_call(work: Evaluator, owner: Value, name: str, arguments: Sequence[set[Value]]) -> set[Value]:
    """A method of a list, dict, set or generator."""
    if name in _TAKING and arguments:
        key = EACH
        if name in {"extend", "update"}:
            for one in arguments[0]:
                if one.kind is Kind.CONTAINER:
                    for inner in work.tables.names(one.name, work.unit):
                        work.tables.add(
                            (owner.name, inner), set(work.tables.read((one.name, inner), work.unit))
                        )
            work.tables.add((owner.name, key), work.elements(arguments[0], 0))
        else:
            work.tables.add((owner.name, key), arguments[-1])
    if name in {"items", "copy"}:
        if name == "copy":
            return {owner}
        pair = f"{owner.name}*items*"
        work.tables.add((f"{pair}.", "0"), set(work.tables.read((owner.name, "*key*"), work.unit)) | {PLAIN})
        work.tables.add((f"{pair}.", "1"), work._all(owner.name))
        work.tables.add((pair, EACH), [Value(Kind.CONTAINER, f"{pair}.")])
        return {Value(Kind.CONTAINER, pair)}
    if name == "values":
        site = f"{owner.name}*values*"
        work.tables.add((site, EACH), work._all(owner.name))
        return {Value(Kind.CONTAINER, site)}
    if name == "keys":
        site = f"{owner.name}*keys-of*"
        work.tables.add((site, EACH), set(work.tables.read((owner.name, "*key*"), work.unit)) | {PLAIN})
        return {Value(Kind.CONTAINER, site)}
    if name in _GIVING:
        if name == "send" and arguments and owner.name.endswith("*yield*"):
            work.tables.add((owner.name.removesuffix("*yield*"), "*sent*"), arguments[0])
        given = arguments[1] if name in {"get", "pop", "setdefault"} and len(arguments) > 1 else set()
        return work._all(owner.name) | given or {PLAIN}
    return {PLAIN}


def external_call(
    work: Evaluator,
    callee: Value,
    arguments: Sequence[set[Value]],
    keywords: dict[str, set[Value]],
    line: int,
) -> set[Value]:
    """A call of something outside of the target: functions that it is given may be called by it."""
    name = callee.name.rpartition(".")[2]
    given = set().union(*arguments, *keywords.values()) if arguments or keywords else set()
    if callee.name == "builtins.object.__new__" and arguments:
        return {Value(Kind.INSTANCE, one.name) for one in arguments[0] if one.kind is Kind.CLASS} or {UNKNOWN}
    if callee.name.startswith("builtins."):
        found = _builtin(work, name, arguments, line)
        if found is not None:
            return found
    if callee.name in {"importlib.import_module", "importlib.__import__", "builtins.__import__"}:
        work.doubt("import", "", line)
        return {UNKNOWN}
    if name == "partial" and arguments:
        return _partial(work, arguments, keywords)
    if name in _SAME:
        if name in {"wraps", "update_wrapper"}:
            return {callee} if name == "wraps" else set(arguments[0]) if arguments else {PLAIN}
        if name in {"register"}:
            _call_given(work, given, line)
        work._escape(given)
        return (set(arguments[0]) if arguments else set()) or {callee}
    if callee.name.startswith("functools.wraps"):
        return set(arguments[0]) if arguments else {PLAIN}
    if name in _CONSUMING:
        return _consume(work, name, arguments, keywords, line)
    _call_given(work, given, line)
    work._escape(given)
    holds = {Kind.UNKNOWN, Kind.INSTANCE, Kind.CONTAINER, Kind.CLASS}
    return {PLAIN} if not any(one.kind in holds for one in given) else {UNKNOWN}


def _builtin(work: Evaluator, name: str, arguments: Sequence[set[Value]], line: int) -> set[Value] | None:
    if name in _CODE:
        work.doubt("code", name, line)
        return {UNKNOWN}
    if name == "type" and len(arguments) == 1:
        return {Value(Kind.CLASS, one.name) for one in arguments[0] if one.kind is Kind.INSTANCE} or {PLAIN}
    if name in {"globals", "locals", "vars"}:
        return {UNKNOWN}
    if name in {"isinstance", "issubclass", "id", "callable", "hasattr", "super", "object"}:
        return {PLAIN}
    if name == "next" and arguments:
        found = work.elements({one for one in arguments[0] if one.kind is not Kind.INSTANCE}, line)
        for one in arguments[0]:
            if one.kind is Kind.INSTANCE:
                found |= work.method(one, "__next__", [], line)
        return found | (arguments[1] if len(arguments) > 1 else set()) or {PLAIN}
    if name in _DUNDERS and arguments:
        found = set()
        for values in arguments:
            for one in values:
                if one.kind is Kind.INSTANCE:
                    for dunder in _DUNDERS[name]:
                        got = work.method(one, dunder, [], line)
                        found |= got
                        if got:
                            break
        if name in {"iter", "reversed"}:
            return found | {one for one in arguments[0] if one.kind is not Kind.INSTANCE}
        return found if name == "abs" and found else {PLAIN}
    return None


def _partial(work: Evaluator, arguments: Sequence[set[Value]], keywords: dict[str, set[Value]]) -> set[Value]:
    """The function itself; what is bound already flows to its parameters."""
    for one in arguments[0]:
        function = work.program.functions.get(one.name) if one.kind in {Kind.FUNCTION, Kind.BOUND} else None
        if function is not None:
            names = function.parameters[1:] if one.kind is Kind.BOUND else function.parameters
            for parameter, values in zip(names, arguments[1:], strict=False):
                work.tables.add((one.name, parameter), values)
            for parameter, values in keywords.items():
                work.tables.add((one.name, parameter), values)
    return set(arguments[0])


def _consume(
    work: Evaluator, name: str, arguments: Sequence[set[Value]], keywords: dict[str, set[Value]], line: int
) -> set[Value]:
    """Builtins that iterate over what they are given and, some, call a function on each element."""
    site = f"{work.unit}@{line}*{name}*"
    calling = name in {"map", "filter", "reduce", "starmap", "takewhile", "dropwhile"}
    sources = arguments[1:] if calling else arguments
    each = [work.elements(values, line) for values in sources]
    if calling and arguments:
        given = each if name == "map" else [each[0], each[0]] if name == "reduce" and each else each[:1]
        result = work.call(arguments[0], given, {}, line)
        work.tables.add(
            (site, EACH), result if name in {"map", "starmap"} else set().union(*each) if each else set()
        )
        if name == "reduce":
            return result or {PLAIN}
    elif name == "zip" or name == "enumerate" or name == "zip_longest":
        row = f"{site}."
        offset = 1 if name == "enumerate" else 0
        if offset:
            work.tables.add((row, "0"), {PLAIN})
        for number, values in enumerate(each):
            work.tables.add((row, str(number + offset)), values)
        work.tables.add((site, EACH), [Value(Kind.CONTAINER, row)])
    else:
        for values, held in zip(each, sources, strict=True):
            if name in {"dict", "OrderedDict", "defaultdict"}:
                for one in held:
                    if one.kind is Kind.CONTAINER:
                        for key in work.tables.names(one.name, work.unit):
                            work.tables.add((site, key), set(work.tables.read((one.name, key), work.unit)))
                    elif name == "defaultdict":
                        work.tables.add((site, EACH), work.call({one}, [], {}, line))
            else:
                work.tables.add((site, EACH), values)
        for key, values in keywords.items():
            if key == "key":
                work.call(values, [set().union(*each) if each else set()], {}, line)
            elif name in {"dict", "OrderedDict"}:
                work.tables.add((site, repr(key)), values)
            elif key == "default":
                work.tables.add((site, EACH), values)
        if name in {"sum", "min", "max", "any", "all", "join"}:
            found = set().union(*each) if each else set()
            if name in {"sum", "min", "max"}:
                for one in found:
                    if one.kind is Kind.INSTANCE:
                        work.method(one, "__add__" if name == "sum" else "__lt__", [found], line)
            if name in {"any", "all"}:
                for one in found:
                    if one.kind is Kind.INSTANCE:
                        work.method(one, "__bool__", [], line)
            return found or {PLAIN}
    return {Value(Kind.CONTAINER, site)}


def _call_given(work: Evaluator, given: set[Value], line: int) -> None:
    """Functions handed to code outside are called by it, with what we do not know."""
    for one in given:
        if one.kind in {Kind.FUNCTION, Kind.BOUND} and one.name in work.program.functions:
            function = work.program.functions[one.name]
            names = function.parameters[1:] if one.kind is Kind.BOUND else function.parameters
            work.call({one}, [{UNKNOWN}] * len(names), {}, line)


def attribute_name(node: ast.Call) -> tuple[str | None, str]:
    """(the name that `getattr` asks for where it is written, else None; the beginning that is written)."""
    if len(node.args) < 2:
        return None, ""
    match node.args[1]:
        case ast.Constant(value=str(name)):
            return name, name
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return None, start
        case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Add()):
            return None, start
        case ast.BinOp(left=ast.Constant(value=str(start)), op=ast.Mod()):
            return None, start.split("%")[0]
    return None, ""
