"""The conditions an advisory names: where, with what arguments and settings the flaw can be used at all."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from icelos.jobs.vulns.investigation.symbols import is_remedial, sentences

BEGINNING = 4
"""Sentences in which an advisory says what it is about; further on, a system may be an example."""


class About(StrEnum):
    """What has to be so."""

    SYSTEM = "system"
    INTERPRETER = "interpreter"
    ARGUMENT = "argument"
    SETTING = "setting"


class Condition(msgspec.Struct, frozen=True):
    """One condition in the advisory's own words. `name` and `value` are what to look for.

    system: name is "windows" or "macos". interpreter: name is "pypy", "python2", "32-bit", or "python"
    with the first version that has the flaw as value.
    argument: a keyword and its value as written. setting: a name in capitals and its value, "" for any.
    """

    about: About
    name: str
    value: str
    sentence: str


_SYSTEMS = {
    "windows": re.compile(
        r"\b(?:on|under|only|affects?(?: only)?)\s+(?:the\s+|Microsoft\s+)?Windows\b(?!\s*-?\d)|"
        r"\bWindows (?:systems?|platforms?|users?|hosts?|only|installations?)\b|\bWindows-only\b",
    ),
    "macos": re.compile(r"\b(?:on|under|only)\s+(?:macOS|Mac OS X|OS X|Darwin)\b"),
}
_ONLY = re.compile(r"\bonly\b", re.IGNORECASE)
_UNTOUCHED = re.compile(
    r"\b(?:not (?:be )?(?:affect\w*|vulnerable|impacted)|(?:is|are)n['’]t (?:affected|vulnerable|impacted)|"
    r"unaffected|do(?:es)? not affect)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:Linux|Unix|macOS|OS X|Darwin|Windows|POSIX|all (?:platforms|systems)|any platform|"
    r"other (?:platforms|systems))\b",
    re.IGNORECASE,
)
_NAMES = {"darwin": "macos", "os x": "macos"}
_INTERPRETERS = {
    "pypy": re.compile(r"\b(?:on|under|with|using) PyPy\b"),
    "python2": re.compile(r"\b(?:on|under|with|using|only) (?:CPython |Python )2(?:\.\d|\.x)?\b(?![\d.])"),
    "32-bit": re.compile(r"\b(?:on|only) 32[- ]bit\b"),
}
_ARGUMENT = re.compile(
    r"\b([a-z_][a-z0-9_]*)\s*=\s*(True|False|None|[\"'][\w.-]{1,40}[\"']|[A-Za-z_][\w.]*\b)(?!\s*=)"
)
_SWITCHED = re.compile(
    r"\b(disabl|enabl|turning off|turning on)\w*\s+(?:the\s+)?"
    r"((?:[`'\"]?[a-z]\w*_\w+[`'\"]?|[`'\"]?\w+[`'\"]?)"
    r"(?:(?:,\s*|\s+and\s+|,\s+and\s+)[`'\"]?\w+[`'\"]?)*)\s+(?:keyword\s+)?(?:arguments?|options?|parameters?|flags?)\b",
    re.IGNORECASE,
)
_ONLY_IF = re.compile(
    r"\b(?:when|if|with|where|while|only|using|uses?|used|requires?|passed|enabl\w+|set|argument|keyword|by|allow)\b",
    re.IGNORECASE,
)
_UNLESS = re.compile(r"\b(?:unless|except|without|even (?:if|when|though)|bypass\w*)\b", re.IGNORECASE)
_SETTING = re.compile(
    r"\b([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|DEBUG)\b(?:\s+(?:setting|option|variable))?([^.;]{0,40})"
)
_ON = re.compile(
    r"^\W*(?:is|are|was|to|=|being|set)*\W*(?:set\s+)?(?:to\s+|=\s*)?[`'\"]*(True|False|enabled|disabled|on|off)\b",
    re.IGNORECASE,
)
_VALUES = {
    "true": "True",
    "enabled": "True",
    "on": "True",
    "false": "False",
    "disabled": "False",
    "off": "False",
}


def conditions_in(text: str) -> list[Condition]:
    """The conditions of an advisory's text, each once. Sentences that tell remedies give none."""
    found: dict[tuple[About, str], Condition] = {}
    for sentence in sentences(text):
        if is_remedial(sentence):
            continue
        for condition in (*_arguments(sentence), *_settings(sentence)):
            found.setdefault((condition.about, condition.name), condition)
    return [*_places(text), *_interpreters(text), *found.values()]


_SINCE = re.compile(
    r"\b(?:with|on|under|when|using|running|in)\s+(?:using\s+)?Python\s+"
    r"(\d+\.\d+(?:\.\d+)?)(?:\+|\s+(?:or|and) (?:later|newer|above|higher))"
)


def _interpreters(text: str) -> list[Condition]:
    """The first version of Python that has the flaw: "with Python 3.9.5+"."""
    for sentence in sentences(text):
        match = _SINCE.search(sentence)
        if match is not None and not _UNTOUCHED.search(sentence):
            return [Condition(About.INTERPRETER, "python", match.group(1), sentence)]
    return []


def _places(text: str) -> list[Condition]:
    """Where alone the flaw is, by the advisory's beginning or "only"; nothing where others have it."""
    found = []
    read = [one for one in sentences(text) if not one.startswith("#")]
    for name, pattern in (*_SYSTEMS.items(), *_INTERPRETERS.items()):
        for number, sentence in enumerate(read):
            match = pattern.search(sentence)
            if match is None or (is_remedial(sentence) and not _UNTOUCHED.search(sentence)):
                continue
            if number < BEGINNING or _ONLY.search(sentence):
                about = About.SYSTEM if name in _SYSTEMS else About.INTERPRETER
                found.append(Condition(about, name, "", sentence))
                break
    return [one for one in found if one.about is About.INTERPRETER or not _elsewhere(read, one.name)]


def _elsewhere(read: list[str], system: str) -> bool:
    """Whether a sentence names another system as affected too."""
    others = (match for one in read if not _UNTOUCHED.search(one) for match in _OTHERS.finditer(one))
    return any(_NAMES.get(match.group(0).lower(), match.group(0).lower()) != system for match in others)


_SET = re.compile(
    r"^\W*(?:When|If)\s+(?:the\s+)?[`'\"]*([a-z][a-z0-9]*_\w+)[`'\"]*(?:\s+(?:option|argument|parameter|flag))?"
    r"\s+is\s+(?:set\s+to\s+)?[`'\"]*((?i:true|false|enabled|disabled))\b"
)


def _arguments(sentence: str) -> list[Condition]:
    return [*_written(sentence), *_switched(sentence), *_set(sentence)]


def _set(sentence: str) -> list[Condition]:
    """ "When 'follow_symlinks' is set to True, there is no validation …"."""
    match = _SET.match(sentence)
    if match is None:
        return []
    return [Condition(About.ARGUMENT, match.group(1), _VALUES[match.group(2).lower()], sentence)]


def _switched(sentence: str) -> list[Condition]:
    """ "When disabling the safe_attrs_only and forms arguments": each of them False."""
    found = []
    for match in _SWITCHED.finditer(sentence):
        value = "False" if match.group(1).lower() in {"disabl", "turning off"} else "True"
        for name in re.findall(r"[A-Za-z_]\w*", match.group(2)):
            if name not in {"and", "the", "or"}:
                found.append(Condition(About.ARGUMENT, name, value, sentence))
    return found


def _written(sentence: str) -> list[Condition]:
    return [
        Condition(About.ARGUMENT, match.group(1), match.group(2), sentence)
        for match in _ARGUMENT.finditer(sentence)
        if _is_required(sentence[: match.start()][-80:])
    ]


def _is_required(before: str) -> bool:
    return _ONLY_IF.search(before) is not None and not _UNLESS.search(before)


def _settings(sentence: str) -> list[Condition]:
    found = []
    for match in _SETTING.finditer(sentence):
        if not _is_required(sentence[: match.start()][-80:]):
            continue
        value = _ON.match(match.group(2))
        found.append(
            Condition(
                About.SETTING, match.group(1), _VALUES[value.group(1).lower()] if value else "", sentence
            )
        )
    return found
