"""What to do: the steps of the runbook that a question is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from icelos.contracts import Hit
from icelos.jobs.copilot.actions import Action, actions, is_list, merged
from icelos.jobs.copilot.extract import Draft, covered
from icelos.jobs.copilot.retrieve import Reader
from icelos.jobs.copilot.subjects import Part, blocks
from icelos.jobs.copilot.telling import LONGEST, about, stopped
from icelos.jobs.copilot.understand import Query
from icelos.jobs.copilot.words import content_stems

KINDS = ("runbook",)
LEAST_TITLE = 0.5
"""Share of what the question is about that a runbook's title or path must hold."""
WHOLE = 0.7
"""What a question's words count in the text of a runbook whose title holds some of them."""
_COMMON = frozenset(
    content_stems("incident attack case event response respond first next after playbook runbook breach")
)
_PHASES: Mapping[str, str] = {
    "first": "investigate identify identification detection analysis prepare preparation scope triage",
    "contain": "contain containment", "eradicate": "eradicate eradication remediate",
    "recover": "recover recovery", "communicate": "communicate communication notify",
    "after": "lessons post",
}  # fmt: skip


def steps(query: Query, weights: Mapping[str, float], reader: Reader, *, most: int) -> list[Draft]:
    """The steps under the heading that fits best, of the runbook that fits best, in their order."""
    kinds = query.where.kinds or KINDS
    where = msgspec.structs.replace(query.where, kinds=kinds)
    about_it = _about(query, weights)
    best: tuple[float, Hit] | None = None
    for hit in reader.search(query.text, k=8, per_document=1, where=where):
        named = covered(set(content_stems(f"{hit.title} {hit.source}")), set(), about_it)
        whole = covered(set(content_stems(f"{hit.title} {hit.source} {hit.text}")), set(), about_it)
        fit = max(named, WHOLE * whole if named > 0 else 0.0)
        if best is None or fit > best[0] + 1e-6:
            best = (fit, hit)
    if best is None or best[0] < LEAST_TITLE:
        return []
    told = [(part, items) for part in _phased(reader.passages(best[1])) if (items := actions(part))]
    if not told:
        return []
    asked = _wanted(query)
    chosen = max(told, key=lambda one: _fit(one[0], asked, weights))[0]
    wanted = list(_of_lists([(part, items) for part, items in told if part.heading == chosen.heading]))
    groups = merged(wanted, most=most, longest=LONGEST)
    return [_draft(group, chosen, index) for index, group in enumerate(groups)]


_EVERY_PHASE = frozenset(stem for words in _PHASES.values() for stem in content_stems(words))


def _about(query: Query, weights: Mapping[str, float]) -> dict[str, float]:
    """What the question is about, beside how it asks; "ransomware" both asks and is what is asked about."""
    rest = {one: weight for one, weight in weights.items() if one not in _COMMON}
    return {one: w for one, w in rest.items() if one not in query.asking} or {
        one: w for one, w in rest.items() if one not in _EVERY_PHASE
    }


def _of_lists(told: Sequence[tuple[Part, Sequence[Action]]]) -> list[Action]:
    """The items of the lists; introductions only where there is no list. Passages overlap: each once."""
    lists = [items for part, items in told if is_list(part)]
    chosen = lists or [items for _, items in told]
    return list({one.text: one for items in chosen for one in items}.values())


def _phased(passages: Sequence[Hit]) -> list[Part]:
    """Blocks under the heading of their phase; a heading of no phase is itself something to do."""
    found: list[Part] = []
    heading = ""
    for passage in passages:
        heading = passage.heading or heading
        for part in blocks(passage):
            new = part.heading != passage.heading
            if new and (" > " in part.heading or _EVERY_PHASE & set(content_stems(part.heading))):
                heading = part.heading
            start = part.start
            if new and part.heading != heading:
                stands = passage.text.rfind(part.heading, 0, part.start)
                start = passage.text.rfind("\n", 0, stands) + 1 if stands >= 0 else part.start
            found.append(Part(passage, start, part.end, heading))
    return found


def _wanted(query: Query) -> set[str]:
    """Stems of the phase of the response that is asked for; its first where none is."""
    text = query.text.lower()
    phases = [words for phase, words in _PHASES.items() if phase in text] or [_PHASES["first"]]
    return {stem for words in phases for stem in content_stems(words)}


def _fit(part: Part, asked: set[str], weights: Mapping[str, float]) -> float:
    heading = set(content_stems(part.heading))
    return 1.5 * bool(heading & asked) + covered(set(content_stems(part.text)), set(), weights)


def _draft(group: Sequence[Action], part: Part, index: int) -> Draft:
    hit = group[0].quote.hit
    text = "; ".join(one.text.rstrip(" .;") if len(group) > 1 else one.text for one in group)
    head = " > ".join(one for one in (hit.title.rstrip(":"), part.heading) if one)
    told = about(hit, text, name=head) if index == 0 else stopped(text)
    return Draft(told, tuple(one.quote for one in group), "steps", 1.0, 1.0)
