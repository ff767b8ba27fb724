"""A parsed Sigma rule as a condition of SQLite, by pySigma's backend. Imported only where rules are compiled.

What differs from the backend as it comes: fields have a namespace of their own, numbers are compared as text,
`lt` and `gt` as numbers, networks as addresses and not as patterns of text, and regular expressions run by
RE2, which takes time in proportion to the text whatever the expression is.
"""

from __future__ import annotations

import ipaddress
import math
import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from icelos.data.parse.flat import text_of
from icelos.errors import InputError, MissingExtra
from icelos.jobs.logs.sigma.logsources import folded

try:
    import re2
    from sigma.backends.sqlite.sqlite import sqliteBackend
    from sigma.conditions import ConditionFieldEqualsValueExpression
    from sigma.conversion.state import ConversionState
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule
except ImportError as error:
    raise MissingExtra("pysigma", extra="sigma") from error

RAW = "icelos raw text"
"""The column of a row's whole text, which keywords are looked for in."""
KEY = "icelos row"
SQL_LIMIT = 1_000_000
"""Characters of one compiled rule; the longest published one has 357,000."""
FIELDS_LIMIT = 200
"""Fields of one rule; the published ones name 20 at most."""
REGEX_LIMIT = 4096
_LITERAL = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def quoted(field: str) -> str:
    """A field's column. Its prefix keeps fields and SQLite's own names (rowid) apart."""
    return '"f:' + field.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class Backend(sqliteBackend):  # type: ignore[misc, unused-ignore]
    """pySigma's backend for the tables that `matching` fills; a query is the condition alone."""

    compare_op_expression: ClassVar[str] = "icelos_number({field}) {operator} {value}"

    def __init__(self) -> None:
        super().__init__(fulltext_field=RAW)  # type: ignore[no-untyped-call, unused-ignore]

    def escape_and_quote_field(self, field: str) -> str:
        return quoted(field)

    def convert_condition_field_eq_val_num(
        self,
        cond: ConditionFieldEqualsValueExpression,
        state: ConversionState,  # noqa: ARG002
    ) -> str:
        number: Any = cond.value
        return f"{quoted(cond.field)}={_text(text_of(number.number))}"

    def convert_condition_field_eq_val_cidr(
        self,
        cond: ConditionFieldEqualsValueExpression,
        state: ConversionState,  # noqa: ARG002
    ) -> str:
        network: Any = cond.value
        return f"icelos_in_network({quoted(cond.field)}, {_text(str(network.network))})"

    def finalize_query_default(self, rule: Any, query: str, index: int, state: ConversionState) -> str:  # noqa: ARG002
        return query


class Compiler:
    """Compiles rules, and knows by an empty table that SQLite takes what comes out."""

    def __init__(self) -> None:
        self._backend = Backend()
        self._trial = database()

    def compile(self, rule: SigmaRule) -> tuple[str, tuple[str, ...]]:
        """The condition, and the fields it names (`RAW` among them for keywords).

        Raises InputError for what is not supported, too large or refused.
        """
        try:
            queries = self._backend.convert_rule(rule)  # type: ignore[no-untyped-call, unused-ignore]
            fields = self._backend.required_fields(rule)  # type: ignore[no-untyped-call, unused-ignore]
        except SigmaError as error:
            raise InputError(reason(error)) from error
        sql = " OR ".join(f"({query})" for query in queries)
        if len(sql) > SQL_LIMIT:
            raise InputError(f"too large: {len(sql)} characters of SQL, of at most {SQL_LIMIT}")
        if "\0" in sql:
            raise InputError("holds NUL characters")
        unique = tuple({folded(field): field for field in fields}.values())
        if len(unique) > FIELDS_LIMIT:
            raise InputError(f"names {len(unique)} fields, of at most {FIELDS_LIMIT}")
        self._try(sql, unique)
        return sql, unique

    def _try(self, sql: str, fields: Sequence[str]) -> None:
        try:
            self._trial.execute(table("trial", fields))
            try:
                self._trial.execute(f"EXPLAIN {selection('trial', sql)}")
            finally:
                self._trial.execute("DROP TABLE trial")
        except sqlite3.Error as error:
            raise InputError(f"refused by SQLite: {error}") from error


def reason(error: Exception) -> str:
    """What pySigma says, as one line. Of a condition it says what the parser expected, and not of what."""
    told = " ".join(str(error).split()).replace(" (while converting rule None)", "")[:500]
    return f"the condition cannot be read: {told}" if told.startswith("Expected ") else told


def table(name: str, fields: Sequence[str]) -> str:
    """The statement that makes a table: a key, and a column for each field, in which letter case is one."""
    columns = "".join(f", {quoted(field)} TEXT COLLATE NOCASE" for field in fields)
    return f'CREATE TABLE {name} ("{KEY}" INTEGER{columns})'


def selection(name: str, sql: str) -> str:
    """The statement that finds the keys of the rows that meet a condition."""
    return f'SELECT DISTINCT "{KEY}" FROM {name} WHERE {sql}'  # noqa: S608 - compiled, every text is quoted


def database(statements: int = 128) -> sqlite3.Connection:
    """An empty database in memory, with the functions that compiled rules call."""
    connection = sqlite3.connect(":memory:", cached_statements=statements, isolation_level=None)
    for name, arguments, function in _FUNCTIONS:
        connection.create_function(name, arguments, function, deterministic=True)
    return connection


_QUIET = re2.Options()
_QUIET.log_errors = False


def check_regex(pattern: str) -> None:
    """Raises InputError for a regular expression that is too long, or that RE2 does not take."""
    if len(pattern) > REGEX_LIMIT:
        raise InputError(f"a regular expression of {len(pattern)} characters, of at most {REGEX_LIMIT}")
    try:
        _regex(pattern)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        told = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise InputError(f"a regular expression that RE2 does not take: {told}") from error


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> Callable[[str], object]:
    search: Callable[[str], object] = re2.compile(pattern, _QUIET).search
    return search


def _matches(pattern: str, value: object) -> bool | None:
    return None if value is None else _regex(pattern)(str(value)) is not None


def _number(value: object) -> float | int | None:
    """A text as a number, None where it is none: not a number is neither less nor greater."""
    text = str(value).strip() if value is not None else ""
    if len(text) > 40 or not _LITERAL.fullmatch(text):
        return None
    try:
        whole = int(text)
        return whole if abs(whole) < 1 << 62 else float(whole)
    except ValueError:
        number = float(text)
        return number if math.isfinite(number) else None


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


@lru_cache(maxsize=65536)
def _in_network(value: str | None, network: str) -> bool | None:
    """Whether a text is an address of a network; an IPv4 address mapped to IPv6 is the IPv4 address."""
    if value is None:
        return None
    try:
        address = ipaddress.ip_address(value.strip()[:64])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address) in _network(network)


_FUNCTIONS: tuple[tuple[str, int, Callable[..., float | int | None]], ...] = (
    ("regexp", 2, _matches),
    ("icelos_number", 1, _number),
    ("icelos_in_network", 2, _in_network),
)
