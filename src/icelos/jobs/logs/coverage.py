"""What would be seen: attacks played into a log, through a detector and Sigma rules.

For each technique: how many of its episodes the detector alerts on, and which rules match. For each rule: its
false positives on the log's own rows. A technique that nobody sees is a gap; for those `drafts` has a rule.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from icelos.contracts import LLM
from icelos.data.parse.flat import flat_fields
from icelos.errors import InputError
from icelos.findings import Finding, Verdict
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.detect.reading import BATCH, Read
from icelos.jobs.logs.detect.scorer import Scorer
from icelos.jobs.logs.drafts import Draft, drafts, number_of
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.whatif.matrix import covered
from icelos.jobs.logs.whatif.planning import Wanted
from icelos.jobs.logs.whatif.playing import Label, attacked_lines
from icelos.jobs.logs.whatif.scenario import Scenario
from icelos.jobs.logs.whatif.world import read_row
from icelos.jobs.logs.wording import Wording

if TYPE_CHECKING:
    from icelos.jobs.logs.sigma.rules import Rule

_NAME = "played"


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
    llm: LLM | None = None,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> Coverage:
    """Play the scenarios into a log and look who sees them; with `llm` that model words the drafts.

    Raises InputError where none can be played.
    """
    played = _Pass(source, scenarios, wanted)
    labels: dict[int, Label] = {}
    alerted, rows = _by_detector(played, detector, labels, progress)
    matches = _by_rules(played, rules, labels, progress) if rules else {}
    episodes = _episodes(labels)
    techniques = tuple(_seen(scenarios, episodes, alerted, matches))
    gaps = tuple(one.technique for one in techniques if not one.seen)
    own = max(1, rows - len(labels))
    if draft:
        progress("drafts", len(gaps))
    wording = Wording(llm) if llm else None
    drafted = drafts(played.rows(labels), labels, gaps, scenarios=scenarios, wording=wording)
    return Coverage(
        rows=rows,
        techniques=techniques,
        rules=tuple(_rules_seen(rules, matches, labels, own)),
        look_alikes=_look_alikes(labels, alerted),
        gaps=gaps,
        drafts=tuple(drafted) if draft else (),
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
            matches[number_of(finding.source)].add(finding.attributes["rule"])
            progress("matches of rules", 1)
    return matches


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
