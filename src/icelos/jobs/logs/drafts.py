"""Sigma rules drafted for techniques that nobody sees, and tested before they are shown.

A draft's conditions are fields and values that nearly all of a technique's rows have and few of the log's own
rows have; a model may word it. Knows nothing of detectors, and of rules that exist already.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import yaml

from icelos.data.feeds.attack import bundled_techniques
from icelos.data.parse.flat import Value, text_of
from icelos.errors import ModelError
from icelos.findings import Finding
from icelos.jobs.logs.profile.formats import format_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import names_a_time
from icelos.jobs.logs.whatif.playing import Label
from icelos.jobs.logs.whatif.scenario import Scenario
from icelos.jobs.logs.wording import About, Wording, one_line

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
_DRAFTED = "Drafted from simulated rows of this technique; to be read before it is used."


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule for a gap, as YAML, and what it does when it is run.

    `worded_by` is the model whose words it has, "" for the template's; `note` why a model's were not taken.
    """

    technique: str
    rule: str
    matched: int
    of: int
    own_rows: int
    false_positive_rate: float
    worded_by: str = ""
    note: str = ""


def drafts(
    rows: Iterable[Row], labels: Mapping[int, Label], gaps: Sequence[str], *,
    scenarios: Sequence[Scenario] = (), wording: Wording | None = None,
) -> Iterator[Draft]:  # fmt: skip
    """A rule for each gap where one can be told from the log's own rows, run on both.

    With `wording` a model words them; of the `scenarios` it is told what those of the technique say.
    """
    attacks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    own: list[Row] = []
    for row in rows:
        label = labels.get(number_of(row.source))
        if label is not None and label.technique in gaps:
            attacks[label.technique, _log_of(row)].append(row)
        elif label is None and len(own) < _BENIGN:
            own.append(row)
    for (technique, log), of_attack in sorted(attacks.items()):
        test = _Test(technique, of_attack, [row for row in own if _log_of(row) == log])
        conditions = _conditions([row.fields for row in test.attacks], [row.fields for row in test.own])
        if not conditions or log not in LOGSOURCES:
            continue
        rule = _rule(technique, log, conditions)
        draft = test.run(rule)
        if draft.false_positive_rate <= _WORTH:
            yield _worded(draft, rule, test, scenarios, wording) if wording else draft


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


def _rule(technique: str, log: str, conditions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": f"Rows like those of {technique}",
        "status": "experimental",
        "description": _DRAFTED,
        "logsource": dict(LOGSOURCES[log]),
        "detection": {"selection": dict(conditions), "condition": "selection"},
        "level": "low",
        "tags": [f"attack.{technique.lower()}"],
    }


class _Test(NamedTuple):
    """The rows that a draft is run on: a technique's, and the log's own."""

    technique: str
    attacks: Sequence[Row]
    own: Sequence[Row]

    def run(self, rule: Mapping[str, Any]) -> Draft:
        """The rule as it stands in a file, and what it matches when that file's text is loaded and run."""
        from icelos.jobs.logs.sigma.matching import Matcher
        from icelos.jobs.logs.sigma.rules import rules_of_text

        text = yaml.safe_dump(dict(rule), sort_keys=False, allow_unicode=True, width=100)
        loaded = rules_of_text(text, "draft.yml").rules
        matched, wrong = (_count(Matcher(loaded).run(rows)) for rows in (self.attacks, self.own))
        return Draft(
            technique=self.technique, rule=text, matched=matched, of=len(self.attacks), own_rows=wrong,
            false_positive_rate=wrong / max(1, len(self.own)),
        )  # fmt: skip


def _count(outcomes: Iterable[object]) -> int:
    return sum(isinstance(one, Finding) for one in outcomes)


def _worded(
    draft: Draft, rule: Mapping[str, Any], test: _Test, scenarios: Sequence[Scenario], wording: Wording
) -> Draft:
    """The draft in a model's words and run again; as it was, with a note, where they cannot be used."""
    try:
        words = wording.words(_about(draft, rule, test, scenarios))
    except ModelError as error:
        return msgspec.structs.replace(draft, note=one_line(str(error))[:300])
    worded = {
        "title": words.title,
        "status": rule["status"],
        "description": f"{words.description.rstrip('.')}. {_DRAFTED}",
        "author": f"Icelos, in words of the model {wording.model}",
        **{key: rule[key] for key in ("logsource", "detection")},
        "falsepositives": list(words.falsepositives),
        **{key: rule[key] for key in ("level", "tags")},
    }
    found = test.run(worded)
    same = (found.matched, found.own_rows) == (draft.matched, draft.own_rows)
    if not same or yaml.safe_load(found.rule) != worded:
        return msgspec.structs.replace(draft, note="with the model's words it was not the same rule")
    return msgspec.structs.replace(found, worded_by=wording.model)


def _about(draft: Draft, rule: Mapping[str, Any], test: _Test, scenarios: Sequence[Scenario]) -> About:
    known = bundled_techniques().get(draft.technique)
    playing = (one for one in scenarios if draft.technique in one.techniques)
    return About(
        technique=draft.technique, name=known.name if known else "",
        scenarios=tuple(f"{one.title}. {one.description}".strip() for one in playing),
        logsource=rule["logsource"], detection=rule["detection"], matched=draft.matched, of=draft.of,
        own_rows=draft.own_rows, own=len(test.own),
    )  # fmt: skip
