"""PostgreSQL: where a database is, and connections to it.

The password comes from PGPASSWORD or ~/.pgpass, as for psql, and stands in no location of ours. Beyond this
machine a connection is encrypted unless `sslmode` or PGSSLMODE says otherwise; with `sslmode=verify-full` the
server must show who it is, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from icelos.errors import MissingExtra, SettingsError

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

OURS = ("table", "query", "key")
"""What a location says beyond what PostgreSQL's own client takes."""
_THEIRS = frozenset(
    "host hostaddr port user dbname sslmode sslrootcert sslcert sslkey connect_timeout"
    " target_session_attrs".split()
)
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_ALWAYS: Mapping[str, Any] = {
    "application_name": "icelos", "client_encoding": "UTF8", "connect_timeout": 10, "keepalives_idle": 30,
    "tcp_user_timeout": 30_000,
}  # fmt: skip


class Database(msgspec.Struct, frozen=True):
    """A database by the words of its client (host, port, user, dbname, …), and what else a location says."""

    parameters: dict[str, str]
    ours: dict[str, str]

    @property
    def name(self) -> str:
        """For people: without the user."""
        host, port = self.parameters.get("host", ""), self.parameters.get("port", "")
        return f"postgresql://{host}{':' if port else ''}{port}/{self.dbname}"

    @property
    def dbname(self) -> str:
        return self.parameters.get("dbname", "")

    def connect(self, password: str = "") -> Connection:
        """A connection without transactions of its own. Raises psycopg.Error."""
        psycopg = driver()
        words: dict[str, Any] = {**_ALWAYS, **self.parameters}
        if password:
            words["password"] = password
        if "sslmode" not in words and "PGSSLMODE" not in os.environ and not self._is_here():
            words["sslmode"] = "require"
        # What is prepared on one connection of a pooler is not there on the next.
        connection: Connection = psycopg.connect(**words, autocommit=True, prepare_threshold=None)
        return connection

    def _is_here(self) -> bool:
        hosts = self.parameters.get("hostaddr") or self.parameters.get("host") or os.environ.get("PGHOST", "")
        return all(host in _HERE or host.startswith("/") for host in hosts.split(","))


def database_of(location: str) -> Database:
    """Raises SettingsError for what is no URL of a database, or has a password in it."""
    from_driver = driver()
    url, _, query = location.partition("?")
    scheme, _, rest = url.partition("://")
    user, at, _ = rest.rpartition("@")
    if ":" in user:
        raise SettingsError("a password in a database's URL", hint=_PASSWORD)
    given = dict(parse_qsl(query, keep_blank_values=True))
    ours = {name: given.pop(name) for name in OURS if name in given}
    if scheme not in ("postgresql", "postgres") or "\0" in location or (at and "/" in user):
        raise SettingsError("not a database's URL", hint=_FORM)
    try:
        words = from_driver.conninfo.conninfo_to_dict(f"{url}?{urlencode(given)}" if given else url)
    except from_driver.Error:  # whose message says back what may be a secret
        raise SettingsError("not a database's URL", hint=_FORM) from None
    if not set(str(words.get("port", ""))) <= set("0123456789,"):
        raise SettingsError("not a database's URL", hint=_FORM)
    if not words.keys() <= _THEIRS:
        secret = any("password" in name for name in words)
        message = "a password in a database's URL" if secret else "unknown words in a database's URL"
        hint = _PASSWORD if secret else f"known are {', '.join(sorted({*_THEIRS, *OURS}))}"
        raise SettingsError(message, hint=hint)
    return Database({name: str(value) for name, value in words.items()}, ours)


_FORM = "write postgresql://user@host:5432/database?table=events"
_PASSWORD = "it would stand in logs and histories: set PGPASSWORD, or use ~/.pgpass"  # noqa: S105 - a hint


def driver() -> Any:
    """The module psycopg. Raises MissingExtra."""
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        raise MissingExtra("psycopg", extra="postgres") from error
    return psycopg


def one_line(error: BaseException) -> str:
    """An error of the driver, short."""
    return " ".join(str(error).split())[:300] or type(error).__name__
