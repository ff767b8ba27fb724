"""Clauses about what documents say: runbooks, mitigations, rules. They are put to the ordinary copilot.

What such a clause refers to ("it", "for them") is filled in from what the clauses before found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from icelos.jobs.copilot.agent.clauses import Clause, Filter
from icelos.jobs.copilot.agent.results import NotUnderstood, Result
from icelos.jobs.copilot.agent.scanning import Item
from icelos.jobs.copilot.answers import Sentence

MOST_ASKED = 6
"""Techniques or CVEs that are asked about one by one."""


class Told(msgspec.Struct, frozen=True):
    """What the documents say, or why nothing."""

    sentences: tuple[Sentence, ...] = ()
    notices: tuple[str, ...] = ()


Ask = Callable[[str, tuple[str, ...]], Told]
"""The ordinary copilot: a question and kinds of document to what they say."""

_RUNBOOK = re.compile(
    r"\b(?:run-?books?|play-?books?|sops?|polic(?:y|ies)|guidance|guidelines?|procedures?|our (?:docs"
    r"|documentation|wiki)"
    r"|what (?:should|do|must|can) (?:we|i|the analysts?) do|what to do|(?:next|first) steps?"
    r"|(?:whom?|who) (?:do|should|must|can|shall) (?:i|we) (?:call|contact|inform|notify|ask|phone|ring"
    r"|tell|reach|escalate)"
    r"|whom? to (?:call|contact|inform|notify|ask|phone)|contact(?: person)?|(?:which|what) (?:phone "
    r"|telephone )?number\b(?! of)|extension"
    r"|how (?:long|much time) (?:do|have|would) (?:i|we)(?: have)?|deadlines?|(?:do|done|to do|happens?"
    r"|comes?) first|first (?:thing|action|measure)"
    r"|how (?:do|should|can|must) (?:we|i) (?:respond|react|handle|contain|treat|proceed|deal|triage"
    r"|escalate|remediate))\b",
    re.IGNORECASE,
)
_FACETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:mitigations?|mitigate[sd]?|countermeasures?|prevent(?:ed|ion)?"
     r"|defend)\b", re.IGNORECASE), "Which mitigations address {x}?"),
    (re.compile(r"\b(?:(?:sigma |detection |our |own |which |what )rules?|detect(?:s|ed"
     r"|ions?)?)\b", re.IGNORECASE), "Which rules detect {x}?"),
    (re.compile(r"\b(?:groups?|actors?|threat actors?|apts?)\b", re.IGNORECASE), "Which groups use {x}?"),
    (re.compile(r"\b(?:malware|tools)\b", re.IGNORECASE), "Which software uses {x}?"),
    (re.compile(r"\b(?:tactics?)\b", re.IGNORECASE), "Which tactic does {x} belong to?"),
    (re.compile(r"\b(?:what (?:is|are|does)|explain|describe|mean)\b", re.IGNORECASE), "What is {x}?"),
)  # fmt: skip
_KINDS = ("runbook",)


def own_words(clause: Clause, items: Sequence[Item]) -> str:
    """What a clause about a runbook says itself of what that is about."""
    found = topics(msgspec.structs.replace(clause, atoms=[]), items, (), ())
    return found[0] if found else ""


def is_runbook(text: str) -> bool:
    """Is a clause about what to do?"""
    return _RUNBOOK.search(text) is not None


def is_asking(word: str) -> bool:
    """Is a word one of those that ask for mitigations, rules and the like?"""
    return any(pattern.fullmatch(word) for pattern, _ in _FACETS)


def facets(text: str) -> list[str]:
    """The questions that a clause asks of each thing it refers to."""
    found = [question for pattern, question in _FACETS if pattern.search(text)]
    return found[:-1] if len(found) > 1 and found[-1].startswith("What is") else found


def asks_documents(clause: Clause, items: Sequence[Item], earlier: Sequence[Result]) -> bool:
    """Is this clause about documents? Facets count where they are of a technique, or refer to some."""
    if is_runbook(clause.text):
        return True
    words = facets(clause.text)
    if not words or (clause.atoms and any(a.view.name != "log_alerts" for a in clause.atoms)):
        return False
    named = any(i.kind == "value" and i.value[0] == "technique" for i in items)
    if named and _is_definition(items):
        return True
    own = any(is_asking(name.text) for atom in clause.atoms for name in atom.names)
    if own and any(i.kind == "noun" and i.value == "technique" for i in items):
        return True
    has_unclear = (
        clause.want == "how"
        or bool(clause.unclear)
        or any(i.kind == "noun" and i.value == "rule" for i in items)
    )
    refers = clause.refers and bool(earlier) and "technique" in earlier[-1].query.view.columns
    return has_unclear and (named or refers)


def _is_definition(items: Sequence[Item]) -> bool:
    """ "What is T1110.003", "what does it (T1110.003) mean": nothing else is asked of it."""
    return all(
        i.kind in {"want", "glue", "value", "stop", "join", "aside", "refer"}
        or (i.kind == "word" and is_asking(i.text))
        for i in items
    ) and not any(i.kind == "want" and i.value != "list" for i in items)


def tell(
    clause: Clause, items: Sequence[Item], earlier: Sequence[Result], techniques: Sequence[str], ask: Ask
) -> Told:
    """What the documents say. Raises NotUnderstood where it is not clear of what."""
    if is_runbook(clause.text):
        return _of_runbooks(clause, items, earlier, techniques, ask)
    named = [i.value[1].upper() for i in items if i.kind == "value" and i.value[0] == "technique"]
    things = named or list(techniques)
    if not things:
        raise NotUnderstood("no technique was found that could be asked about")
    told: list[Told] = []
    notices: list[str] = []
    for question in (form.format(x=thing) for thing in things[:MOST_ASKED] for form in facets(clause.text)):
        told.append(ask(question, ()))
        notices += told[-1].notices if told[-1].sentences else [f"The documents here do not say: {question}"]
    if len(things) > MOST_ASKED:
        notices.append(f"Asked about the first {MOST_ASKED} of {len(things)} techniques.")
    return Told(tuple(s for one in told for s in one.sentences), tuple(dict.fromkeys(notices)))


def _of_runbooks(
    clause: Clause, items: Sequence[Item], earlier: Sequence[Result], techniques: Sequence[str], ask: Ask
) -> Told:
    wanted = topics(clause, items, earlier, techniques)
    if not wanted:
        raise NotUnderstood(f"it is not clear what {clause.text!r} is about")
    told = Told()
    for topic in wanted:
        told = ask(f"What are the steps of the runbook for {topic}?", _KINDS)
        if told.sentences:
            return told
    return told


_EMPTY = re.compile(
    r"\b(?:what|which|does|do|did|is|are|the|our|a|an|run-?books?|play-?books?|polic(?:y|ies)|guidance"
    r"|guidelines?|procedures?|say|says|tell|tells|us|me"
    r"|we|i|to|about|on|for|of|it|that|this|them|those|these|there|and|in|case|such|cases|such|should"
    r"|must|can|how|respond|react|handle|next|first|steps?"
    r"|recommend|recommends|advise|advises|have|has|any|with|matching|relevant|applicable|applies|apply"
    r"|cover|covers|show|give|find|exists?|prescribes?|suggests?"
    r"|hosts?|users?|cves?|vulnerabilit(?:y|ies)|alerts?|mails?|techniques?|then|also|please|do|doing"
    r"|deal|proceed|triage|escalate|remediate|contain|treat|documentation|docs|handle|our|with|kev"
    r"|exploitable|affected|listed|by)\b"
    r"|(?:who(?:'s|m)?|what's|is|call|contact|person|number|phone|telephone|extension|long|much|time|have|deadline|first|thing"
    r"|according|a|user|somebody|someone|reports?|reported|reporting|got|gets?|suspects?|there|now|just|happens?|happened"
    r"|done|inform|notify|ask|ring|tell|reach|escalate|quickly|soon|fast|by|when|until|its|their|our|action|measure|be|has|to"
    r"|victim|employee|colleague|one|start|with|came|comes|as|an|which|your|my|you|from|at|of|will|would|shall|if|case)\b"
    r"|[?.,;!()]",
    re.IGNORECASE,
)


def topics(
    clause: Clause, items: Sequence[Item], earlier: Sequence[Result], techniques: Sequence[str]
) -> list[str]:
    """What the runbook has to be about: the clause's own words, else what was asked before."""
    named = [
        item
        for item in items
        if item.kind == "value" or (item.kind == "word" and any(c.isdigit() for c in item.text))
    ]
    bare = clause.text
    for item in named:
        bare = bare.replace(item.text, " ")
    own = " ".join(re.sub(r"['’](?:s\b)?", " ", _EMPTY.sub(" ", bare)).split())
    found: list[str] = [own] if own else []
    if clause.atoms:
        found += _of_view(
            clause.atoms[0].view.name, clause.atoms[0].filters, clause.atoms[0].mode, techniques
        )
    for result in reversed(earlier if not own else ()):
        found += _of_view(result.query.view.name, result.query.filters, result.mode, techniques)
    return list(dict.fromkeys(found))


def _of_view(view: str, filters: Sequence[Filter], mode: str, techniques: Sequence[str]) -> list[str]:
    if view == "vulnerabilities":
        worse = any(one.column in {"kev", "exploitable"} for one in filters)
        return [*(["exploited vulnerability"] if worse else []), "vulnerability", "vulnerability patch"]
    if view == "mail":
        return ["phishing", "suspicious mail", "mail"]
    if view == "log_alerts":
        return [*techniques[:8], "suspicious sign-in", "compromised account", "account takeover"]
    return ["failed sign-ins", "brute force", "password spraying"] if mode.startswith("failed") else []
