"""Tables of the language and its standard library: operators and special methods, and what functions do."""

from __future__ import annotations

import ast
import builtins
import sys

NAMES = frozenset(dir(builtins))
_STANDARD = frozenset({*sys.stdlib_module_names, *sys.builtin_module_names})
PROPERTIES = frozenset({"property", "cached_property", "abstractproperty", "getter"})
BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("__add__", "__radd__"), ast.Sub: ("__sub__", "__rsub__"), ast.Mult: ("__mul__", "__rmul__"),
    ast.Div: ("__truediv__", "__rtruediv__"), ast.FloorDiv: ("__floordiv__", "__rfloordiv__"),
    ast.Mod: ("__mod__", "__rmod__"), ast.Pow: ("__pow__", "__rpow__"),
    ast.MatMult: ("__matmul__", "__rmatmul__"),
    ast.BitAnd: ("__and__", "__rand__"), ast.BitOr: ("__or__", "__ror__"),
    ast.BitXor: ("__xor__", "__rxor__"),
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
    ast.Gt: ("__gt__", ""), ast.GtE: ("__ge__", ""), ast.In: ("", "__contains__"),
    ast.NotIn: ("", "__contains__"),
}  # fmt: skip
DUNDERS = {
    "len": ("__len__",), "str": ("__str__", "__repr__"), "repr": ("__repr__",),
    "bool": ("__bool__", "__len__"),
    "int": ("__int__", "__index__"), "float": ("__float__",), "hash": ("__hash__",), "abs": ("__abs__",),
    "iter": ("__iter__",), "next": ("__next__",), "reversed": ("__reversed__",), "bytes": ("__bytes__",),
    "format": ("__format__",), "dir": ("__dir__",), "round": ("__round__",), "print": ("__str__", "__repr__"),
    "divmod": ("__divmod__",), "complex": ("__complex__",),
}  # fmt: skip
CONSUMING = frozenset(
    """
    list tuple set frozenset sorted sum min max any all enumerate zip map filter dict iter reversed
    deque chain starmap islice cycle Counter OrderedDict defaultdict accumulate groupby product
    permutations combinations takewhile dropwhile zip_longest tee join fromkeys reduce
    """.split()
)
SAME = frozenset(
    """
    wraps update_wrapper lru_cache cache contextmanager asynccontextmanager singledispatch
    total_ordering dataclass staticmethod classmethod property abstractmethod cast copy deepcopy
    coroutine overload final runtime_checkable unique singledispatchmethod cached_property atexit
    register proxy ref NewType TypeVar create_task ensure_future gather wait_for run shield closing
    nullcontext
    """.split()
)
CODE = frozenset({"eval", "exec", "compile", "execfile"})
TAKING = frozenset(
    """
    append add appendleft put put_nowait insert push extend update setdefault send
    """.split()
)
GIVING = frozenset(
    """
    get pop popitem popleft values items setdefault copy __getitem__ __iter__ get_nowait peek union
    difference intersection next send __next__ throw most_common elements
    """.split()
)
IMPORTING = frozenset(
    {"importlib.import_module", "importlib.__import__", "builtins.__import__", "sys.modules.get"}
)
DECIDING = frozenset({"map", "filter", "reduce", "starmap", "takewhile", "dropwhile"})
"""Those of CONSUMING that call their first argument on each element."""
MAPPINGS = frozenset({"dict", "OrderedDict", "defaultdict"})
PLAIN_MODULES = frozenset(
    """
    base64 binascii calendar codecs colorsys datetime decimal difflib errno fnmatch fractions glob hashlib
    hmac
    html ipaddress linecache locale logging math mimetypes os os.path platform posixpath re secrets
    shlex shutil socket stat statistics string struct tempfile textwrap time token tokenize unicodedata
    urllib.parse uuid warnings zlib
    """.split()
)
"""Modules of the standard library whose functions give back nothing that the target has made."""
PLAIN_BUILTINS = frozenset(
    """
    abs ascii bin bool bytearray bytes callable chr complex delattr dir divmod float format hasattr hash hex
    id input int isinstance issubclass len memoryview object oct open ord print range repr round setattr
    slice str
    """.split()
)
PROTOCOLS = frozenset(
    """
    read readline readlines readinto readable write writelines writable seek seekable tell truncate flush
    close closed fileno isatty getvalue name mode encoding errors newlines keys items values get append
    extend update copy index count insert pop clear sort acquire release locked notify wait send throw run
    start join cancel emit handle filter format formatException formatTime createLock handleError getMessage
    decode encode getstate setstate reset feed data comment end start pi utcoffset dst tzname fromutc mro
    default get_full_url get_host get_type get_header has_header header_items add_unredirected_header
    is_unverifiable get_origin_req_host unverifiable origin_req_host host type info get_all getheaders
    get_new_headers send_response setup finish process_request verify_request find_spec find_module
    load_module exec_module create_module get_source get_data get_filename is_package connection_made
    connection_lost data_received eof_received datagram_received pause_writing resume_writing _missing_
    _generate_next_value_ _ignore_ popitem setdefault isdisjoint discard add remove persistent_id
    persistent_load reducer_override find_class
    """.split()
)
"""Names by which the standard library asks an object that it is given for something."""


NAMES_OF_TYPES = frozenset(
    {"os.environ", *(f"builtins.{one}" for one in ("list", "dict", "set", "frozenset", "tuple", "type"))}
)
"""Of which an item is nothing that the target has made."""
PASSIVE = frozenset(
    {"builtins", "abc", "typing", "enum", "collections", "collections.abc", "numbers", "types"}
)
"""Modules whose classes call only special methods, or those of PROTOCOLS, of classes below them."""


def is_standard(name: str) -> bool:
    """Whether a dotted name is the language's or its standard library's."""
    return not name or name.split(".")[0] in _STANDARD


def is_passive(name: str) -> bool:
    """Whether a base class outside of the target calls no method by a name of its own."""
    return not name or name.rpartition(".")[0] in PASSIVE or name == "threading.local"


def gives_plain(name: str) -> bool:
    """Whether a function outside of the target, by dotted name, gives back no object of the target."""
    module, _, last = name.rpartition(".")
    return last in PLAIN_BUILTINS if module == "builtins" else module in PLAIN_MODULES
