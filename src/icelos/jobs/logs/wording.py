"""The words of a drafted rule by a language model: title, description, false positives; nothing it detects.

    words = Wording(llm).words(about)           # raises ModelError: the template's words stay

The model is told what the rule says anyway, what is played, and counts; never a row. Scenarios and values of
conditions may come from outside, so they are fenced. The reply is hostile text: bounded, each part made one
line, and refused where it holds what a rule's words have no need of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from icelos.contracts import LLM, Message, Reply
from icelos.data.parse.limits import normalise
from icelos.errors import BudgetError, ModelError
from icelos.llm.fence import INSTRUCTION, fence
from icelos.llm.redact import Vault
from icelos.llm.schema import read, violations

MAX_TITLE, MAX_DESCRIPTION, MAX_FALSE_POSITIVE, MAX_FALSE_POSITIVES = 100, 500, 150, 4
"""Characters, and number; published rules keep to such titles, and pySigma takes at most 256."""
MAX_REPLY = 16 * 1024
MAX_VALUE, MAX_SCENARIO, MAX_SCENARIOS = 200, 600, 3
MAX_FAILED = 2
"""Calls that may give nothing usable before the model is not asked again."""
_TEXT = {"type": "string", "minLength": 8}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {**_TEXT, "maxLength": MAX_TITLE},
        "description": {**_TEXT, "maxLength": MAX_DESCRIPTION},
        "falsepositives": {
            "type": "array",
            "items": {"type": "string", "minLength": 4, "maxLength": MAX_FALSE_POSITIVE},
            "minItems": 1,
            "maxItems": MAX_FALSE_POSITIVES,
        },
    },
    "required": ["title", "description", "falsepositives"],
    "additionalProperties": False,
}
RULES = f"""You word a Sigma rule whose detection is fixed; you cannot change it, and you do not judge it.
- title: at most {MAX_TITLE} characters: what is seen, no full stop.
- description: at most {MAX_DESCRIPTION} characters: what the rule matches, and why an attacker causes it.
- falsepositives: 1 to {MAX_FALSE_POSITIVES} harmless reasons for a match, at most {MAX_FALSE_POSITIVE} \
characters each.
- Plain text in single lines; no links, markup or YAML. No numbers or identifiers but those given.
- Answer with one JSON object.
{INSTRUCTION}"""
_MARKUP = re.compile(r"https?:|www\.|\]\(|</?[a-z!]|```", re.IGNORECASE)
_DECLINED = re.compile(
    r"\bas an ai\b|language model|\bi(?:['’]m| am) sorry|\bi can(?:['’]t|not)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_PRODUCTS = re.compile(r"(?:Microsoft|Office|M|O) ?365|OAuth ?2(?:\.0)?|\b2FA\b", re.IGNORECASE)
"""Names with a number that a model may know by itself."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is told of a draft. `scenarios` are titles with descriptions.

    The rule matches `matched` of the technique's `of` rows, and `own_rows` of the log's `own`.
    """

    technique: str
    name: str
    scenarios: tuple[str, ...]
    logsource: Mapping[str, str]
    detection: Mapping[str, Any]
    matched: int
    of: int
    own_rows: int
    own: int


class Words(msgspec.Struct, frozen=True):
    """What a rule says of itself, each in one line."""

    title: str
    description: str
    falsepositives: tuple[str, ...]


class Wording:
    """Asks a model for words, and gives up on it when it fails again and again or its budget ends."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self._failed = 0

    @property
    def model(self) -> str:
        """The model's name, as the settings have it."""
        return one_line(self._llm.name)[:MAX_TITLE]

    def words(self, about: About) -> Words:
        """The model's words. Raises ModelError where there are none that can be used: why, in one line."""
        if self._failed >= MAX_FAILED:
            raise ModelError("the model was not asked again, it gave nothing usable before")
        try:
            return checked(self._reply(about), about)
        except BudgetError:
            self._failed = MAX_FAILED
            raise
        except ModelError:
            self._failed += 1
            raise

    def _reply(self, about: About) -> Reply:
        try:
            return self._llm.reply(request(about), schema=SCHEMA)
        except ModelError:
            raise
        except Exception as error:  # a model that is a plug-in may raise anything
            raise ModelError(f"the model failed: {type(error).__name__}: {error}"[:300]) from error


def request(about: About) -> list[Message]:
    """What the model is told."""
    told = fence(_facts(about), "a drafted rule")
    return [Message("system", RULES), Message("user", f"{told}\n\nWord this rule.")]


def _facts(about: About) -> str:
    """As JSON; secrets in values are hidden wherever the model runs, and not put back."""
    vault = Vault()
    facts = {
        "technique": f"{about.technique} {about.name}",
        "log": about.logsource,
        "detection": _shortened(about.detection, vault),
        "matched rows": {
            "simulated, of the technique": f"{about.matched} of {about.of}",
            "of the log itself": f"{about.own_rows} of {about.own}",
        },
        "simulated": [vault.hide(one)[:MAX_SCENARIO] for one in about.scenarios[:MAX_SCENARIOS]],
    }
    return msgspec.json.format(msgspec.json.encode(facts), indent=1).decode()


def _shortened(value: Any, vault: Vault) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _shortened(inner, vault) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(inner, vault) for inner in value]
    return vault.hide(str(value))[:MAX_VALUE]


def checked(reply: Reply, about: About) -> Words:
    """The words of a reply. Raises ModelError that says why they are refused."""
    if reply.truncated or len(reply.text) > MAX_REPLY:
        raise ModelError("the model's words were refused: cut off, or without end")
    # Data is checked here too: not every model is held to a schema.
    data, problems = (reply.data, violations(reply.data, SCHEMA)) if reply.data else read(reply.text, SCHEMA)
    if problems:
        raise ModelError(f"the model's words were refused: {one_line(problems[0])[:200]}")
    words = Words(
        one_line(data["title"]).rstrip("."),
        one_line(data["description"]),
        tuple(dict.fromkeys(map(one_line, data["falsepositives"]))),
    )
    problem = _problem(words, about)
    if problem:
        raise ModelError(f"the model's words were refused: {problem}")
    return words


def one_line(text: str) -> str:
    """A text of a model without line ends and what cannot be seen."""
    line = " ".join(normalise(text).text.split())
    return "".join(character for character in line if character.isprintable())


def _problem(words: Words, about: About) -> str:
    """Why words cannot stand in a rule; empty where they can."""
    parts = (words.title, words.description, *words.falsepositives)
    text = "\n".join(parts)
    given = set(_NUMBER.findall(_facts(about)))
    checks = {
        "a part is empty": not all(parts) or min(len(part.split()) for part in parts[:2]) < 2,
        "links or markup": _MARKUP.search(text) is not None,
        "the model declined": _DECLINED.search(text) is not None,
        "not text": sum(c.isalpha() or c.isspace() for c in text) < 0.7 * len(text),
        "numbers that it was not told": not given.issuperset(_NUMBER.findall(_PRODUCTS.sub("", text))),
    }
    return next((problem for problem, holds in checks.items() if holds), "")
