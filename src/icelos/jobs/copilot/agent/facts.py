"""Is a sentence carried by the facts that it cites? As for passages, and stricter for counts.

A number that counts things ("12 hosts", "12 of them") has to be a computed value of a cited fact: that it
stands somewhere in a row (a port, a version) is not enough.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence

from icelos.contracts import Fact
from icelos.jobs.copilot import verify
from icelos.jobs.copilot.verify import Passage
from icelos.jobs.copilot.words import NUMBER_WORDS, word_set

COVERAGE = 0.3
"""Least share of a sentence's other words: rows are terse, where passages are prose."""
_COUNTED = word_set("""
    alert alerts attempt attempts case cases cve cves event events entry entries failure failures finding
    findings host hosts machine machines server servers login logins logon logons mail mails email emails
    message messages package packages person people rule rules row rows sender senders recipient recipients
    session sessions sign-in sign-ins technique techniques time times user users account accounts
    vulnerability vulnerabilities component components incident incidents result results ip ips address
    addresses of in
""")
_NUMBER = re.compile(
    rf"(?<![\w.:/-])(\d[\d,]*|{'|'.join(NUMBER_WORDS)})(?![\w.:/]|-\d)((?:\s+[a-z][a-z-]*){{1,4}})",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:no|none|nobody|nothing|zero)\b", re.IGNORECASE)


def carried(
    sentence: str,
    facts: Sequence[Fact],
    asked: Mapping[str, str] | None = None,
    *,
    names: Container[str] = (),
) -> str:
    """ "" where these facts carry the sentence, else the reason why not.

    `asked` gives for a fact's `ref` the query that computed it, whose words say what was counted; `names` are
    the small-letter names of people and hosts, which have to stand in the facts wherever they are said.
    """
    if not facts:
        return "cites nothing"
    if reason := _miscounted(sentence, facts):
        return reason
    passages = [as_passage(fact, (asked or {}).get(fact.ref, "")) for fact in facts]
    bare = _without(sentence, set(_computed(facts)))
    support = verify.check(
        bare, passages, coverage=COVERAGE, lines=len(facts) + 4, is_name=lambda phrase: phrase in names
    )
    return "" if support.ok or _says_none(bare, facts, passages) else support.reason


_NAMES = ("user", "entity", "host", "target", "assignee", "package", "application", "sender", "recipients")


def names_of(facts: Iterable[Fact]) -> set[str]:
    """Who and what facts name, in small letters; an address by its first part, too."""
    found = {
        str(fact.values[column]).lower() for fact in facts for column in _NAMES if fact.values.get(column)
    }
    return found | {name.split("@")[0] for name in found}


def as_passage(fact: Fact, asked: str = "") -> Passage:
    """A fact as text that may carry a sentence: its line, and each of its columns by name."""
    columns = [f"{key.replace('_', ' ')}: {_spelled(value)}" for key, value in fact.values.items()]
    told = " ".join(fact.text.split())
    return Passage(fact.ref, f"{fact.source}\n{fact.ref}\n{_spelled(asked)}", " ; ".join([told, *columns]))


def _without(sentence: str, numbers: set[str]) -> str:
    """The sentence without its counts, which have been compared with what tools computed."""

    def taken(match: re.Match[str]) -> str:
        written = match.group(1).lower()
        value = NUMBER_WORDS.get(written, written.replace(",", ""))
        return match.group(2) if value in numbers else match.group()

    return _NUMBER.sub(taken, sentence)


def _spelled(value: object) -> str:
    if isinstance(value, str):
        return " ".join(value.replace("_", " ").split()) + (f" {value}" if "_" in value else "")
    return str(value)


def _says_none(sentence: str, facts: Sequence[Fact], passages: Sequence[Passage]) -> bool:
    """ "No host ..." is carried by a count of nothing, and names nothing that the query did not."""
    if not (_NONE.search(sentence) and all("0" in _computed([fact]) for fact in facts)):
        return False
    return not verify.check(sentence, passages, coverage=0.0).reason.startswith("not in the passage")


def _miscounted(sentence: str, facts: Sequence[Fact]) -> str:
    known = set(_computed(facts))
    for match in _NUMBER.finditer(sentence):
        written = match.group(1).lower()
        value = NUMBER_WORDS.get(written, written.replace(",", ""))
        if set(match.group(2).lower().split()) & _COUNTED and value not in known:
            return f"no cited fact counts {match.group(1)}"
    return ""


def _computed(facts: Iterable[Fact]) -> Iterable[str]:
    """Numbers that a tool computed: totals, and the values of groups. Those of a row are none."""
    for fact in facts:
        if fact.ref.startswith("computed:"):
            for value in fact.values.values():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    yield f"{value:g}" if isinstance(value, float) else str(value)
