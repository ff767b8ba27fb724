"""Where a page ends, as a number that says nothing of how many rows there are.

A row's number counts all rows, also those that somebody may not see. Who pages gets it under a permutation of
the numbers below 2**62 with a key of the store: a Feistel network of four rounds (Luby and Rackoff, "How to
construct pseudorandom permutations", 1988) over HMAC-SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS cursor_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
"""
ROUNDS, HALF = 4, 31
MASK = (1 << HALF) - 1


def key_of(database: sqlite3.Connection) -> bytes:
    """The key of a store; made where it has none."""
    query = "SELECT key FROM cursor_key"
    row = database.execute(query).fetchone()
    if row is None:
        database.execute("INSERT OR IGNORE INTO cursor_key VALUES (1, ?)", (secrets.token_bytes(32),))
        row = database.execute(query).fetchone()
    return bytes(row[0])


def shown(key: bytes, number: int) -> int:
    """What is shown for a row's number, which is below 2**62."""
    left, right = number >> HALF, number & MASK
    for one in range(ROUNDS):
        left, right = right, left ^ _mixed(key, one, right)
    return left << HALF | right


def meant(key: bytes, cursor: int) -> int:
    """The row's number that was shown so."""
    left, right = (cursor >> HALF) & MASK, cursor & MASK
    for one in reversed(range(ROUNDS)):
        left, right = right ^ _mixed(key, one, left), left
    return left << HALF | right


def _mixed(key: bytes, one: int, half: int) -> int:
    digest = hmac.digest(key, one.to_bytes(1) + half.to_bytes(4), hashlib.sha256)
    return int.from_bytes(digest[:4]) & MASK
