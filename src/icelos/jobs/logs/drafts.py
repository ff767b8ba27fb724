"""Sigma rules drafted for techniques that nobody sees, and tested before they are shown.

A draft's conditions are fields and values that nearly all of a technique's rows have and few of the log's own
rows have. Knows nothing of detectors, and of rules that exist already.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from icelos.data.parse.flat import Value, text_of
from icelos.findings import Finding
from icelos.jobs.logs.profile.formats import format_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import names_a_time
from icelos.jobs.logs.whatif.playing import Label

_CONDITIONS = 4
_COMMON = 0.9
"""The share of a technique's rows that a drafted rule's condition has to match."""
_BENIGN = 20_000
"""The log's own rows that a draft is weighed against."""
_WORTH = 0.01
"""A draft that matches more of the log's own rows than this share is not shown: one row does not tell."""
_PERSON = re.compile(
    r"user(?!.?agent)|initiatedby|identity|actor|author|principal|owner|puid|sid$", re.IGNORECASE
)
"""Fields that say who it was: a victim is no condition of a rule."""
_SELDOM = 1e-4
"""A draft whose false positives are fewer than this share of rows is good enough."""
_NO_CONDITION = frozenset({"uuid", "time", "ipv4", "ipv6", "email", "hex", "token", "number"})
"""Formats of values that belong to one row, user or attacker."""
LOGSOURCES: Mapping[str, Mapping[str, str]] = {
    "entra-signin": {"product": "azure", "service": "signinlogs"},
    "entra-audit": {"product": "azure", "service": "auditlogs"},
    "office365": {"product": "m365", "service": "audit"},
    "cloudtrail": {"product": "aws", "service": "cloudtrail"},
}
"""Sigma's names (github.com/SigmaHQ/sigma-specification, taxonomy appendix) of the scenarios' logs."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule for a gap, as YAML, and what it does when it is run."""

    technique: str
    rule: str
    matched: int
    of: int
    own_rows: int
    false_positive_rate: float


def drafts(rows: Iterable[Row], labels: Mapping[int, Label], gaps: Sequence[str]) -> Iterator[Draft]:
    """A rule for each gap where one can be told from the log's own rows, run on both."""
    attacks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    own: list[Row] = []
    for row in rows:
        label = labels.get(number_of(row.source))
        if label is not None and label.technique in gaps:
            attacks[label.technique, _log_of(row)].append(row)
        elif label is None and len(own) < _BENIGN:
            own.append(row)
    for (technique, log), of_attack in sorted(attacks.items()):
        same = [row for row in own if _log_of(row) == log]
        conditions = _conditions([row.fields for row in of_attack], [row.fields for row in same])
        if not conditions or log not in LOGSOURCES:
            continue
        draft = _tested(technique, log, conditions, of_attack, same)
        if draft.false_positive_rate <= _WORTH:
            yield draft


def number_of(source: str) -> int:
    """The number of a row, of "played:17"."""
    return int(source.rpartition(":")[2])


def _log_of(row: Row) -> str:
    from icelos.jobs.logs.roles import kind_of
    from icelos.jobs.logs.whatif.forms import FORMS

    form = FORMS.get(kind_of(row.fields))
    return form.log if form else ""


Fields = Mapping[str, Value]


def _conditions(attacks: Sequence[Fields], own: Sequence[Fields]) -> dict[str, str]:
    """Fields and values that nearly all of the attacks have, and together few of the log's own rows."""
    common: dict[str, str] = {}
    for path in sorted(
        {path for row in attacks for path in row if "[" not in path and not names_a_time(path)}
    ):
        counts = Counter(text_of(row[path]) for row in attacks if row.get(path) not in (None, ""))
        if counts and not _PERSON.search(path) and counts.most_common(1)[0][1] >= _COMMON * len(attacks):
            common[path] = counts.most_common(1)[0][0]
    common = {path: value for path, value in common.items() if format_of(value) not in _NO_CONDITION}
    chosen: dict[str, str] = {}
    left = list(own)
    while len(chosen) < _CONDITIONS and len(left) > _SELDOM * len(own):
        counted = {path: sum(_has(row, path, value) for row in left) for path, value in common.items()}
        best = min(counted, key=lambda path: (counted[path], path), default="")
        if not best or counted[best] >= len(left):
            break
        chosen[best] = common.pop(best)
        left = [row for row in left if _has(row, best, chosen[best])]
    return chosen


def _has(row: Mapping[str, Value], path: str, value: str) -> bool:
    return path in row and text_of(row[path]) == value


def _tested(
    technique: str, log: str, conditions: Mapping[str, str], attacks: Sequence[Row], own: Sequence[Row]
) -> Draft:
    """The rule as it stands in a file, and what it matches when that file's text is loaded and run."""
    from icelos.jobs.logs.sigma.matching import Matcher
    from icelos.jobs.logs.sigma.rules import rules_of_text

    rule: dict[str, Any] = {
        "title": f"Rows like those of {technique}",
        "status": "experimental",
        "description": "Drafted from simulated rows of this technique; to be read before it is used.",
        "logsource": dict(LOGSOURCES[log]),
        "detection": {"selection": dict(conditions), "condition": "selection"},
        "level": "low",
        "tags": [f"attack.{technique.lower()}"],
    }
    text = yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=100)
    loaded = rules_of_text(text, "draft.yml").rules
    matched, wrong = (_count(Matcher(loaded).run(rows)) for rows in (attacks, own))
    return Draft(
        technique=technique, rule=text, matched=matched, of=len(attacks), own_rows=wrong,
        false_positive_rate=wrong / max(1, len(own)),
    )  # fmt: skip


def _count(outcomes: Iterable[object]) -> int:
    return sum(isinstance(one, Finding) for one in outcomes)
