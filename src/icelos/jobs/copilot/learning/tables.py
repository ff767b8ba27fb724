"""The tables of history.sqlite beside the answers, and how an older file is brought up to date."""

from __future__ import annotations

import sqlite3

VERSION = 1

ANSWERS = """
CREATE TABLE IF NOT EXISTS answers (
  answer_id TEXT PRIMARY KEY, conversation TEXT NOT NULL, principal TEXT NOT NULL,
  asked TEXT NOT NULL, question TEXT NOT NULL, resolved TEXT NOT NULL, answer BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_conversation ON answers (principal, conversation, asked);
CREATE TABLE IF NOT EXISTS feedback (
  number INTEGER PRIMARY KEY AUTOINCREMENT, answer_id TEXT NOT NULL, principal TEXT NOT NULL,
  given TEXT NOT NULL, thumb TEXT NOT NULL
) STRICT;
"""
"""As the first version had them."""

_NEXT = """
ALTER TABLE answers ADD COLUMN person TEXT NOT NULL DEFAULT '';
CREATE INDEX answers_by_person ON answers (person);
CREATE TABLE log (
  number INTEGER PRIMARY KEY AUTOINCREMENT, principal TEXT NOT NULL, person TEXT NOT NULL,
  groups TEXT NOT NULL, teaches INTEGER NOT NULL, given TEXT NOT NULL, kind TEXT NOT NULL,
  answer_id TEXT NOT NULL, query TEXT NOT NULL, shown TEXT NOT NULL, chunk_id TEXT NOT NULL,
  named TEXT NOT NULL, correction TEXT NOT NULL
) STRICT;
CREATE INDEX log_by_person ON log (person);
CREATE INDEX log_by_principal ON log (principal);
INSERT INTO log SELECT number, principal, '', '[]', 0, given, thumb, answer_id, '', '[]', '', '[]', ''
  FROM feedback ORDER BY number;
DROP TABLE feedback;
CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log of feedback is append-only'); END;
CREATE TABLE members (
  name TEXT NOT NULL, person TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (name, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE priors (
  version INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, state TEXT NOT NULL,
  made TEXT NOT NULL, learned_to INTEGER NOT NULL, report TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX priors_of ON priors (scope, version);
CREATE TABLE profiles (person TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE questions (
  person TEXT NOT NULL, name TEXT NOT NULL, saved TEXT NOT NULL, question TEXT NOT NULL,
  ran TEXT NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE shifts (person TEXT PRIMARY KEY, ended TEXT NOT NULL, known BLOB NOT NULL) STRICT;
CREATE TABLE generations (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO generations VALUES ('priors', 0);
"""
"""`log`: feedback with all that learning needs of it. `members`: who was seen in which group, and when last.
`priors`: what was learned for one scope; of a scope's promoted versions the newest is in force."""


def prepare(database: sqlite3.Connection) -> None:
    """Make or migrate the tables: all or none, whoever else does so at this moment. Raises sqlite3.Error.

    Thumbs of the first version stay with their answers; they name no person, so they do not teach.
    """
    if _version(database) >= VERSION:
        return
    database.isolation_level = None
    database.execute("BEGIN IMMEDIATE")
    try:
        if _version(database) < VERSION:
            for statement in _statements(ANSWERS + _NEXT):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """The statements of a script, one by one: `executescript` would end the transaction."""
    found, text = [], ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    return found
