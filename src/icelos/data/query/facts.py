"""The columns of findings that questions are asked about, beside the findings themselves.

A finding is kept whole, as JSON, which is slow to search. Triggers keep one narrow row of `facts` for each,
whoever writes, so that the two never part: what is rolled back, replaced or deleted there is so here.

`place` is the finding's rowid. A VACUUM may number rowids anew (https://www.sqlite.org/lang_vacuum.html): the
last row then has another number, by which `is_current` sees it, and `prepare` fills the table again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator

TEXTS = (
    "vulnerability",
    "advisory",
    "purl",
    "package",
    "version",
    "fixed_in",
    "status",
    "kev",
    "target",
    "sender",
    "recipients",
    "subject",
    "intents",
    "entity",
    "source_ip",
    "host",
    "technique",
    "incident",
    "resembles",
    "rule",
    "severity",
)
"""Attributes of findings that become columns of text; `package` is the attribute "name"."""
LONGEST = 500
"""Characters of a column that are kept; the finding has all of them."""


def own_part(name: str) -> str:
    r"""SQL of a user's own part: "ann" of "Ann@corp.example", of "CORP\ann", and of an ARN that ends in
    "/ann".

    As `identity.own_part`.
    """
    last = f"substr({name}, length(rtrim({name}, replace({name}, '/', ''))) + 1)"
    own = rf"substr({name}, instr({name}, '\') + 1)"
    bare = f"CASE WHEN instr({own}, '@') > 1 THEN substr({own}, 1, instr({own}, '@') - 1) ELSE {own} END"
    return f"lower(CASE WHEN lower(substr({name}, 1, 4)) = 'arn:' THEN {last} ELSE {bare} END)"


EXPLOITABLE = "status = 'affected' AND verdict IN ('alert', 'review')"
"""SQL of what is affected and not ruled out."""
_PLAIN = "place, id, audience, job, record_id, verdict, label, score, source, seen, summary, time, epss"
_COLUMNS = f"{_PLAIN}, {', '.join(TEXTS)}"
_TABLE = f"""
CREATE TABLE facts (
  place INTEGER PRIMARY KEY, id TEXT NOT NULL, audience INTEGER NOT NULL, job TEXT NOT NULL COLLATE NOCASE,
  record_id TEXT NOT NULL COLLATE NOCASE,
  verdict TEXT NOT NULL COLLATE NOCASE, label TEXT NOT NULL COLLATE NOCASE, score REAL,
  source TEXT NOT NULL COLLATE NOCASE, seen TEXT NOT NULL, summary TEXT COLLATE NOCASE, time TEXT, epss REAL,
  {", ".join(f"{name} TEXT COLLATE NOCASE" for name in TEXTS)},
  who TEXT AS ({own_part("coalesce(entity, sender)")}) VIRTUAL) STRICT
"""
_INDEXES = (
    "CREATE INDEX facts_listed ON facts (job, verdict, label, audience)",
    "CREATE INDEX facts_of_vulnerability ON facts (vulnerability) WHERE vulnerability IS NOT NULL",
    "CREATE INDEX facts_of_package ON facts (package) WHERE package IS NOT NULL",
    "CREATE INDEX facts_of_target ON facts (target) WHERE target IS NOT NULL",
    "CREATE INDEX facts_of_who ON facts (who) WHERE who IS NOT NULL",
    "CREATE INDEX facts_exploitable ON facts (job, verdict, target, vulnerability, kev, audience)"
    f" WHERE {EXPLOITABLE}",
)


def _row(of: str, source: str, columns: Collection[str]) -> str:
    """SELECT of a row of facts for what `of` names ("new", "outcomes"), read from `source`.

    The body is parsed once for its attributes, which are short, and those for each column.
    """
    attributes = ", ".join(
        f"nullif(substr(json_extract(attributes, '$.{_ATTRIBUTES.get(name, name)}'), 1, {LONGEST}), '')"
        for name in TEXTS
    )
    audience = f"{of}.audience" if "audience" in columns else "0"
    return f"""
      SELECT place, id, audience, job, record_id, verdict, label, score, source, seen, summary,
        strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(attributes, '$.time')),
        CAST(json_extract(attributes, '$.epss') AS REAL), {attributes}
      FROM (SELECT {of}.rowid AS place, {of}.id AS id, {audience} AS audience, {of}.job AS job,
          {of}.record_id AS record_id, {of}.verdict AS verdict, {of}.label AS label, {of}.score AS score,
          substr({of}.source, 1, {LONGEST}) AS source, replace({of}.seen, '+00:00', 'Z') AS seen,
          substr(json_extract(CAST({of}.body AS TEXT), '$.summary'), 1, {2 * LONGEST}) AS summary,
          json_extract(CAST({of}.body AS TEXT), '$.attributes') AS attributes {source})
    """


_ATTRIBUTES = {"package": "name"}
_TRIGGERS = {
    "facts_added": """AFTER INSERT ON outcomes WHEN new.kind = 'finding' BEGIN
      INSERT OR REPLACE INTO facts ({columns}) {added}; END""",
    # REPLACE removes the old row without telling the trigger below.
    "facts_replaced": """BEFORE INSERT ON outcomes BEGIN
      DELETE FROM facts WHERE place = (SELECT rowid FROM outcomes WHERE id = new.id) AND id = new.id; END""",
    "facts_removed": """AFTER DELETE ON outcomes BEGIN
      DELETE FROM facts WHERE place = old.rowid AND id = old.id; END""",
    "facts_changed": """AFTER UPDATE ON outcomes BEGIN
      DELETE FROM facts WHERE place = old.rowid AND id = old.id;
      INSERT OR REPLACE INTO facts ({columns}) {changed}; END""",
}


def _making(columns: Collection[str]) -> Iterator[str]:
    """The statements that make and fill the table, beside outcomes with these columns."""
    added = _row("new", "", columns)
    changed = _row("new", "WHERE new.kind = 'finding'", columns)
    yield from (f"DROP TRIGGER IF EXISTS {name}" for name in _TRIGGERS)
    yield "DROP TABLE IF EXISTS facts"
    yield _TABLE
    for name, trigger in _TRIGGERS.items():
        yield f"CREATE TRIGGER {name} {trigger.format(columns=_COLUMNS, added=added, changed=changed)}"
    filled = _row("outcomes", "FROM outcomes WHERE kind = 'finding'", columns)
    yield f"INSERT INTO facts ({_COLUMNS}) {filled}"
    yield from _INDEXES
    yield "DROP TABLE IF EXISTS facts_version"
    yield "CREATE TABLE facts_version (version TEXT NOT NULL) STRICT"


def prepare(database: sqlite3.Connection) -> None:
    """Make the table and its triggers where they are not there as they should be, in one transaction.

    Needs the table `outcomes`; an older store is read once, about a minute for a million findings. Raises
    sqlite3.Error.
    """
    if is_current(database):
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        if not is_current(database):
            columns = _columns(database)
            for statement in _making(columns):
                database.execute(statement)
            database.execute("INSERT INTO facts_version VALUES (?)", (_version(columns),))
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def is_current(database: sqlite3.Connection) -> bool:
    """Whether the table is there, made as here, with its rows at the places of their findings."""
    known = "SELECT count(*) FROM sqlite_master WHERE name IN ('facts', 'facts_version', 'facts_added')"
    if database.execute(known).fetchone() != (3,):
        return False
    if database.execute("SELECT version FROM facts_version").fetchone() != (_version(_columns(database)),):
        return False
    return database.execute(_ASTRAY).fetchone() is None


def _columns(database: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(row[1] for row in database.execute("PRAGMA table_info(outcomes)"))


def _version(columns: Collection[str]) -> str:
    """Another one for each other way in which the table is made."""
    return hashlib.blake2b("\n".join(_making(columns)).encode(), digest_size=16).hexdigest()


_ASTRAY = """SELECT 1 FROM (SELECT place, id FROM facts ORDER BY place DESC LIMIT 1) AS last
WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.rowid = last.place AND outcomes.id = last.id)"""
