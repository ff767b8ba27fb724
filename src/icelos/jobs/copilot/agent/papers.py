"""What the organisation's own documents say of a host or of a procedure: owners, teams, contacts, deadlines.

Asset lists have a record for each host: its name, then "Owner: ...", "Team: ..." or the cells of a table.
Runbooks are found by their titles alone: one that is about something else is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from icelos.contracts import Fact
from icelos.jobs.copilot.agent.querying import Broken, Data
from icelos.jobs.copilot.agent.results import NotUnderstood
from icelos.jobs.copilot.agent.wording import Said
from icelos.jobs.copilot.words import content_stems

MOST_HOSTS = 60
_LABELS: Mapping[str, str] = {
    "owner": r"(?:system |asset |business |service )?owners?|owned by|responsible(?: person)?",
    "team": r"teams?|departments?|units?|groups?",
    "purpose": r"purpose|role|function|description|use",
    "contact": r"contacts?(?: person)?",
    "window": r"maintenance(?: windows?)?",
}  # fmt: skip


class Record(msgspec.Struct, frozen=True):
    """What a document says of one host, by what is told of it, with the passage."""

    host: str
    values: Mapping[str, str]
    fact: Fact


class Papers:
    """Reads own documents through the question's tools. Raises Broken, Exhausted, NotUnderstood."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._records: dict[str, Record] | None = None

    # ---- assets

    def records(self, hosts: Sequence[str]) -> Mapping[str, Record]:
        """The records of all hosts that documents have one of, by the host's name in small letters."""
        if self._records is None:
            self._records = dict(self._found(sorted(hosts, key=len, reverse=True)))
        return self._records

    def _found(self, hosts: Sequence[str]) -> Iterator[tuple[str, Record]]:
        names = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, hosts))})(?![\w-])", re.IGNORECASE)
        seen: set[str] = set()
        for host in hosts[:1]:
            for fact in self._search(f"asset list of hosts with owner and team, {host}", ()):
                document = str(fact.values.get("document") or "")
                if (
                    fact.values.get("kind") in _OWN
                    and document not in seen
                    and len(names.findall(fact.text)) > 2
                ):
                    seen.add(document)
                    for passage in self._document(document):
                        yield from _records_in(passage, names)

    def window(self, team: str, teams: Sequence[str]) -> tuple[str, Fact] | None:
        """When a team has its maintenance window: what stands behind its name, up to the next team's."""
        others = "|".join(map(re.escape, sorted({one for one in teams if one}, key=len, reverse=True)))
        for fact in self._search(f"maintenance window {team}", ()):
            if (
                fact.values.get("kind") not in _OWN
                or "maintenance" not in str(fact.values.get("title")).lower()
            ):
                continue
            for passage in self._document(str(fact.values.get("document"))):
                found = re.search(
                    rf"(?<!\w){re.escape(team)}\W+(.+?)(?=(?:(?<!\w)(?:{others})(?!\w))|$)", passage.text
                )
                if found:
                    return found.group(1).strip(), passage
        return None

    # ---- runbooks

    def runbook(self, topics: Sequence[str]) -> tuple[str, tuple[Fact, ...]]:
        """The title and passages of the runbook for the first topic that one has in its title.

        Raises NotUnderstood where there is none, or several that fit as well.
        """
        for topic in topics:
            wanted = stems_of(topic)
            if not wanted:
                continue
            by: dict[str, Fact] = {}
            for fact in self._search(f"runbook {topic}", ("runbook",)):
                by.setdefault(str(fact.values.get("document")), fact)
            fitting = {
                name: fact for name, fact in by.items() if wanted <= stems_of(str(fact.values.get("title")))
            }
            if len(fitting) > 1:
                least = {
                    name: len(stems_of(str(fact.values.get("title"))) - wanted)
                    for name, fact in fitting.items()
                }
                fewest = min(least.values())
                fitting = {name: fitting[name] for name, number in least.items() if number == fewest}
            if len(fitting) > 1:
                titles = ", ".join(str(fact.values.get("title")) for fact in fitting.values())
                raise NotUnderstood(f"several runbooks may be meant: {titles}")
            if fitting:
                name, fact = next(iter(fitting.items()))
                return str(fact.values.get("title")), tuple(self._document(name))
        raise NotUnderstood(f"no runbook here is about {' or '.join(topics[:3])}")

    # ---- tools

    def _search(self, query: str, kinds: Sequence[str]) -> tuple[Fact, ...]:
        arguments = {"query": query, "limit": 12, **({"kinds": list(kinds)} if kinds else {})}
        return self._call("search_knowledge", arguments)

    def _document(self, name: str) -> tuple[Fact, ...]:
        return self._call("get_document", {"id": name})

    def _call(self, tool: str, arguments: dict[str, object]) -> tuple[Fact, ...]:
        called = self._data.toolbox.call(tool, arguments, why=self._data.why)
        if called.error:
            raise Broken(called.error)
        return called.facts


_OWN = frozenset({"document", "note", "runbook", "wiki"})


def _records_in(passage: Fact, names: re.Pattern[str]) -> Iterator[tuple[str, Record]]:
    """The records of one passage: from a host's name to the next other host's."""
    text = passage.text
    places = list(names.finditer(text))
    for place, match in enumerate(places):
        host = match.group(1).lower()
        following = next((m.start() for m in places[place + 1 :] if m.group(1).lower() != host), len(text))
        values = _values(text[match.end() : following], names)
        if values:
            yield host, Record(match.group(1), values, passage)


def _values(text: str, names: re.Pattern[str]) -> dict[str, str]:
    """ "Owner: Ann Lee. Team: Web" and, before them, what the host is for."""
    found = {}
    for what, label in _LABELS.items():
        match = re.search(rf"(?<!\w)(?:{label})\s*[:=]\s*([^.;|\n]+)", text, re.IGNORECASE)
        if match:
            found[what] = match.group(1).strip()
    lead = re.match(r"[\s:|–-]*([^.;|]+)", names.sub("", text))
    if found and "purpose" not in found and lead and ":" not in lead.group(1):
        found["purpose"] = lead.group(1).strip()
    return found


_GENERIC = frozenset(
    content_stems("runbook playbook procedure policy incident case event guide response alert our")
)
_SAME = (
    (
        re.compile(r"\b(?:mfa|2fa|(?:multi|two|second)[- ]?factor(?: authentication)?)\b", re.I),
        "secondfactor",
    ),
    (re.compile(r"\b(?:ceo|cfo|boss|chief executive|executives?)\b", re.I), "executive"),
    (re.compile(r"\bkev\b", re.I), "exploited"),
    (re.compile(r"\b(?:fraud|imperson\w+|spoof\w+|fake)\b", re.I), "impersonation"),
    (re.compile(r"\b(?:phish\w*)\b", re.I), "phishing"),
    (re.compile(r"\b(?:cves?|vulns?|vulnerabilities)\b", re.I), "vulnerability"),
    (re.compile(r"\b(?:spray\w*)\b", re.I), "spray"),
    (re.compile(r"\b(?:passwords?)\b", re.I), "password"),
    (re.compile(r"\b(?:e-?mails?|mails?|messages?)\b", re.I), "mail"),
    (re.compile(r"\b(?:forward\w*)\b", re.I), "forward"),
)  # fmt: skip
"""What is called by several names."""


def stems_of(text: str) -> set[str]:
    """Stems of what a topic or title is about."""
    for pattern, name in _SAME:
        text = pattern.sub(name, text)
    return set(content_stems(text)) - _GENERIC


# ---- what a runbook is asked for

_FACETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("contact", re.compile(
        r"\b(?:contacts?(?: person)?|whom? (?:do|should|must|can|to|shall) (?:i|we|you)? ?(?:call"
        r"|contact|inform|notify|ask|phone"
        r"|ring|tell|alert|reach|escalate)|who(?:m)? to (?:call|contact|inform|notify|ask|phone)"
        r"|person in charge"
        r"|who is (?:responsible|in charge))\b", re.I)),
    ("number", re.compile(r"\b(?:which|what|the|their|his|her|phone|telephone) (?:phone "
                          r"|telephone )?number(?! of)|extensions?"
        r"|telephone|phone\b", re.I)),
    ("deadline", re.compile(
        r"\b(?:deadlines?|how long (?:do|have|is|did|may)|how (?:much time|quickly|soon|fast)"
        r"|time ?limits?|by when"
        r"|until when|within what time|latest)\b", re.I)),
    ("first", re.compile(
        r"\b(?:first (?:step|thing|action|measure|move)s?|(?:do|done|happen|to do|come) first|start with"
        r"|what first"
        r"|initial (?:step|action))\b", re.I)),
    ("second", re.compile(r"\b(?:second|next) step\b", re.I)),
    ("last", re.compile(r"\b(?:last|final) step\b", re.I)),
)  # fmt: skip
_SAYS: Mapping[str, re.Pattern[str]] = {
    "contact": re.compile(r"\bcontacts?\b|\bcall\b|\bowner\b", re.I),
    "number": re.compile(r"(?:extension|phone|telephone|tel\.?|number)\b.*\d", re.I),
    "deadline": re.compile(r"\bdeadline\b|\bwithin\b|\bno later than\b|\bat the latest\b", re.I),
}


def facets_of(text: str) -> list[str]:
    """What of a runbook is asked for; nothing in particular where that is not said."""
    return [name for name, pattern in _FACETS if pattern.search(text)]


def told_of(title: str, passages: Sequence[Fact], facets: Sequence[str]) -> list[Said]:
    """What a runbook says of each. Raises NotUnderstood for what it does not."""
    said: list[Said] = []
    for facet in facets or ("steps",):
        found = (
            _steps(passages, facet)
            if facet in {"first", "second", "last", "steps"}
            else _says(passages, facet)
        )
        if not found:
            raise NotUnderstood(f"{title} does not say: {facet}")
        said += [Said(f"{title}: {text}", (fact,)) for text, fact in found]
    return list({one.text: one for one in said}.values())


def _says(passages: Sequence[Fact], facet: str) -> list[tuple[str, Fact]]:
    for fact in passages:
        body = fact.text.removeprefix(f"{fact.values.get('title')}: ")
        for sentence in re.split(r"(?<=[.!?])\s+", body):
            match = _SAYS[facet].search(sentence)
            if match and (facet != "contact" or re.search(r":\s*[A-Z]", sentence)):
                return [(_from_label(sentence), fact)]
    return []


def _from_label(sentence: str) -> str:
    """Without a heading that only repeats its first word ("Contact Contact for this ...")."""
    found = re.search(r"\b(\w+)\s+(?=\1\b)", sentence, re.IGNORECASE)
    return sentence[found.end() :] if found else sentence


def _steps(passages: Sequence[Fact], which: str) -> list[tuple[str, Fact]]:
    found: list[tuple[str, Fact]] = []
    for fact in passages:
        marks = list(re.finditer(r"(?<!\S)(\d{1,2})[.)]\s+(?=\S)", fact.text))
        for place, mark in enumerate(marks):
            end = marks[place + 1].start() if place + 1 < len(marks) else len(fact.text)
            text = _ended(fact.text[mark.end() : end])
            found.append((f"{mark.group(1)}. {text}", fact))
    if which == "steps":
        return found[:12]
    place = {"first": 0, "second": 1, "last": len(found) - 1}[which]
    return found[place : place + 1] if len(found) > place >= 0 else []


def _ended(text: str) -> str:
    """A step up to a heading behind it, which repeats its word: "... sessions Deadline Deadline: 4 hours"."""
    found = re.search(r"\s(\w+)\s+\1\b", text)
    return " ".join((text[: found.start()] if found else text).split()).rstrip(" .") + "."
