"""What would be seen: attacks played into a log, through a detector and Sigma rules.

For each technique: how many of its episodes the detector alerts on, and which rules match. For each rule: its
false positives on the log's own rows. A technique that nobody sees is a gap; for those a rule is drafted from
what its rows have in common and the log's own rows seldom have, and tested on both before it is shown.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import yaml

from icelos.data.parse.flat import Value, flat_fields, text_of
from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import BATCH, Read
from icelos.jobs.logs.detect.scorer import Scorer
from icelos.jobs.logs.profile.formats import format_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.roles import names_a_time
from icelos.jobs.logs.whatif.matrix import covered
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import Label, attacked_lines
from icelos.jobs.logs.whatif.scenario import Scenario
from icelos.jobs.logs.whatif.world import read_row

if TYPE_CHECKING:
    from icelos.jobs.logs.sigma.rules import Rule

_NAME = "played"
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


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A technique: its episodes, how many of them the detector alerts on, rules match, or either sees."""

    technique: str
    name: str
    tactics: tuple[str, ...]
    episodes: int
    by_detector: int
    by_rules: int
    seen: int
    rules: tuple[tuple[str, int], ...] = ()


class RuleSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that matched: the log's own rows (false positives, where the log is benign), and attacks."""

    id: str
    title: str
    own_rows: int
    false_positive_rate: float
    attacks: int
    techniques: tuple[str, ...]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule for a gap, as YAML, and what it does when it is run."""

    technique: str
    rule: str
    matched: int
    of: int
    own_rows: int
    false_positive_rate: float


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What would be seen. `look_alikes` are benign episodes by name, with those that were alerted on."""

    rows: int
    techniques: tuple[Seen, ...]
    rules: tuple[RuleSeen, ...]
    look_alikes: tuple[tuple[str, int, int], ...]
    gaps: tuple[str, ...]
    drafts: tuple[Draft, ...] = ()


class _Played(NamedTuple):
    """A row with its number, and the label of those that are played."""

    number: int
    line: bytes
    label: Label | None


class _Pass:
    """The log with its attacks, again and again the same."""

    def __init__(self, source: str, scenarios: Sequence[Scenario], wanted: Wanted) -> None:
        self._source, self._scenarios, self._wanted = source, scenarios, wanted

    def __iter__(self) -> Iterator[_Played]:
        lines = attacked_lines(self._source, self._scenarios, self._wanted)
        for number, (line, label) in enumerate(lines, 1):
            yield _Played(number, line, label)

    def rows(self, labels: dict[int, Label]) -> Iterator[Row]:
        """The rows, their labels put aside by number."""
        for number, line, label in self:
            fields = read_row(line)
            if fields is None:
                continue
            if label is not None:
                labels[number] = label
            try:
                yield Row(line.rstrip(b"\r\n"), flat_fields(fields), f"{_NAME}:{number}")
            except InputError:  # too many fields: no rule reads it
                continue


def coverage(
    source: str,
    scenarios: Sequence[Scenario],
    wanted: Wanted,
    *,
    detector: Detector | None = None,
    rules: Sequence[Rule] = (),
    draft: bool = False,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> Coverage:
    """Play the scenarios into a log and look who sees them. Raises InputError where none can be played."""
    played = _Pass(source, scenarios, wanted)
    labels: dict[int, Label] = {}
    alerted, rows = _by_detector(played, detector, labels, progress)
    matches = _by_rules(played, rules, labels, progress) if rules else {}
    episodes = _episodes(labels)
    techniques = tuple(_seen(scenarios, episodes, alerted, matches))
    gaps = tuple(one.technique for one in techniques if not one.seen)
    own = max(1, rows - len(labels))
    return Coverage(
        rows=rows,
        techniques=techniques,
        rules=tuple(_rules_seen(rules, matches, labels, own)),
        look_alikes=_look_alikes(labels, alerted),
        gaps=gaps,
        drafts=tuple(_drafts(played, gaps, progress)) if draft else (),
    )


def _by_detector(
    played: _Pass, detector: Detector | None, labels: dict[int, Label], progress: Callable[[str, int], None]
) -> tuple[set[int], int]:
    """The numbers of the rows that the detector alerts on, and how many rows there are."""
    alerted: set[int] = set()
    rows = 0
    scorer = Scorer(detector) if detector is not None else None
    lines = iter(played)
    while batch := list(islice(lines, BATCH)):
        labels.update({one.number: one.label for one in batch if one.label is not None})
        rows += len(batch)
        progress("detector", len(batch))
        if scorer is None:
            continue
        read = [
            Read(values, one.line, _NAME, one.number)
            for one in batch if (values := scorer.reader.row(one.line)) is not None
        ]  # fmt: skip
        found = scorer.score(read)
        alerted.update(
            row.number
            for row, finding in zip(read, found, strict=True)
            if finding is not None and finding.verdict is Verdict.ALERT
        )
    return alerted, rows


def _by_rules(
    played: _Pass, rules: Sequence[Rule], labels: dict[int, Label], progress: Callable[[str, int], None]
) -> dict[int, set[str]]:
    """The ids of the rules that match, by the number of the row."""
    from icelos.jobs.logs.sigma.matching import Matcher

    matches: dict[int, set[str]] = defaultdict(set)
    for finding in Matcher(rules).run(played.rows(labels)):
        if isinstance(finding, Finding):
            matches[_number(finding.source)].add(finding.attributes["rule"])
            progress("matches of rules", 1)
    return matches


def _number(source: str) -> int:
    return int(source.rpartition(":")[2])


def _episodes(labels: Mapping[int, Label]) -> dict[str, dict[str, list[int]]]:
    """Rows by technique and episode."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, label in labels.items():
        if label.technique:
            found[label.technique][label.episode].append(number)
    return found


def _seen(
    scenarios: Sequence[Scenario], episodes: Mapping[str, Mapping[str, list[int]]], alerted: set[int],
    matches: Mapping[int, set[str]],
) -> Iterator[Seen]:  # fmt: skip
    for about in covered(scenarios):
        rows_of = episodes.get(about.technique, {})
        detected = {name for name, rows in rows_of.items() if alerted.intersection(rows)}
        ruled = {name for name, rows in rows_of.items() if any(matches.get(row) for row in rows)}
        by_rule = Counter(
            rule
            for rows in rows_of.values()
            for rule in {one for row in rows for one in matches.get(row, ())}
        )
        if rows_of:
            yield Seen(
                technique=about.technique, name=about.name, tactics=about.tactics, episodes=len(rows_of),
                by_detector=len(detected), by_rules=len(ruled), seen=len(detected | ruled),
                rules=tuple(by_rule.most_common()),
            )  # fmt: skip


def _rules_seen(
    rules: Sequence[Rule], matches: Mapping[int, set[str]], labels: Mapping[int, Label], own: int
) -> Iterator[RuleSeen]:
    on_own, on_attacks = Counter[str](), Counter[str]()
    techniques: dict[str, set[str]] = defaultdict(set)
    for number, found in matches.items():
        label = labels.get(number)
        if label is None or label.benign:
            on_own.update(found)
        else:
            on_attacks.update(found)
            for id in found:
                techniques[id].add(label.technique)
    for rule in rules:
        if on_own[rule.id] or on_attacks[rule.id]:
            yield RuleSeen(
                id=rule.id, title=rule.title, own_rows=on_own[rule.id],
                false_positive_rate=on_own[rule.id] / own, attacks=on_attacks[rule.id],
                techniques=tuple(sorted(techniques[rule.id])),
            )  # fmt: skip


def _look_alikes(labels: Mapping[int, Label], alerted: set[int]) -> tuple[tuple[str, int, int], ...]:
    every: dict[str, dict[str, bool]] = defaultdict(dict)
    for number, label in labels.items():
        if label.benign:
            known = every[label.scenario].get(label.episode, False)
            every[label.scenario][label.episode] = known or number in alerted
    return tuple((name, len(found), sum(found.values())) for name, found in sorted(every.items()))


def _drafts(played: _Pass, gaps: Sequence[str], progress: Callable[[str, int], None]) -> Iterator[Draft]:
    """A rule for each gap where one can be told from the log's own rows, run on both."""
    labels: dict[int, Label] = {}
    attacks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    own: list[Row] = []
    for row in played.rows(labels):
        label = labels.get(_number(row.source))
        if label is not None and label.technique in gaps:
            attacks[label.technique, _log_of(row)].append(row)
        elif label is None and len(own) < _BENIGN:
            own.append(row)
    progress("drafts", len(attacks))
    for (technique, log), rows in sorted(attacks.items()):
        same = [row for row in own if _log_of(row) == log]
        conditions = _conditions([row.fields for row in rows], [row.fields for row in same])
        if not conditions or log not in LOGSOURCES:
            continue
        draft = _tested(technique, log, conditions, rows, same)
        if draft.false_positive_rate <= _WORTH:
            yield draft


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
