"""A scripted model that tells the truth and plants one lie an answer: how good is `verify`?

True sentences come from the passages that the model is shown: word for word, lightly paraphrased, or two
merged into one. A lie is a true sentence with one number, name or identifier of another document of the
same kind in its place. Deterministic for a seed.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from icelos.contracts import Message
from icelos.jobs.copilot import sentences
from icelos.jobs.copilot.extract import plain
from icelos.jobs.copilot.words import STOP_WORDS, Token, tokens
from icelos.records import Document

DOCUMENTS_READ = 200
"""Documents of one kind out of which lies are taken."""
LIES = ("number", "name", "identifier")


class Said(msgspec.Struct, frozen=True):
    """One sentence of the scripted model. `how`: verbatim, paraphrase, merged, or what the lie is in."""

    text: str
    how: str

    @property
    def is_lie(self) -> bool:
        return self.how in LIES


class Pool(msgspec.Struct, frozen=True):
    """What can be planted: by kind of document and kind of token, as the sources write it."""

    by_kind: Mapping[str, Mapping[str, tuple[str, ...]]]

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Pool:
        """Titles, aliases and the hard tokens of texts."""
        found: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
        read: dict[str, int] = defaultdict(int)
        for document in documents:
            pool = found[document.kind]
            read[document.kind] += 1
            if read[document.kind] > DOCUMENTS_READ:
                continue
            for name in (*document.aliases, document.title):
                if len(name.split()) <= 3:
                    pool["name"][name] = None
            for token in tokens(document.text[:4000]):
                if kind := _kind(token):
                    pool[kind][token.text] = None
        return cls({k: {n: tuple(v) for n, v in pool.items()} for k, pool in found.items()})


def _kind(token: Token) -> str:
    if token.kind == "name" and token.text[:1].isupper() and len(token.text) > 2:
        return "name"
    return token.kind if token.kind in {"number", "identifier"} else ""


class Liar:
    """Answers from the passages of its prompt; what it said is in `said`."""

    def __init__(
        self, pool: Pool, kind: str, lie: str, seed: int, paraphrases: Sequence[tuple[str, str]]
    ) -> None:
        self.pool = pool.by_kind.get(kind, {})
        self.lie = lie
        self.random = random.Random(seed)  # noqa: S311 - a measurement, not a secret
        self.paraphrases = paraphrases
        self.said: list[Said] = []

    def __call__(self, messages: Sequence[Message]) -> str:
        """A reply: true sentences and one lie, each with the handle of its passage."""
        passages = _BLOCK.findall(messages[-1].content)
        lines: list[str] = []
        for handle, text in passages[:3]:
            for said in self._true(text):
                lines.append(self._keep(said, handle))
        lies = [(handle, lie) for handle, text in passages for lie in self._lies(text)]
        if lies:
            handle, lie = self.random.choice(lies)
            lines.insert(self.random.randrange(len(lines) + 1), self._keep(lie, handle))
        return " ".join(lines)

    def _keep(self, said: Said, handle: str) -> str:
        self.said.append(said)
        return f"{said.text.rstrip('.')} [{handle}]."

    def _true(self, text: str) -> list[Said]:
        usable = _usable(text)
        self.random.shuffle(usable)
        found = [Said(usable[0], "verbatim")] if usable else []
        if len(usable) > 1:
            found.append(Said(paraphrased(usable[1], self.paraphrases, self.random), "paraphrase"))
        if len(usable) > 3:
            found.append(Said(merged(usable[2], usable[3]), "merged"))
        return found

    def _lies(self, text: str) -> list[Said]:
        found = []
        for sentence in _usable(text):
            for start, end in _targets(sentence, self.lie):
                plants = [plant for plant in self.pool.get(self.lie, ()) if plant.lower() not in text.lower()]
                if plants:
                    plant = self.random.choice(plants)
                    found.append(Said(sentence[:start] + plant + sentence[end:], self.lie))
        return found


_BLOCK = re.compile(
    r"^\[(\w{4})\] [^\n]*\n<untrusted-data [^\n]*>\n(.*?)\n</untrusted-data [^\n]*>$",
    re.MULTILINE | re.DOTALL,
)


def _usable(text: str) -> list[str]:
    """Sentences of 7 to 45 words that read as one."""
    found = [plain(span.text) for span in sentences.split(text)]
    return [
        one for one in dict.fromkeys(found) if 7 <= len(one.split()) <= 45 and len(sentences.split(one)) == 1
    ]


def _targets(sentence: str, lie: str) -> list[tuple[int, int]]:
    """Where a lie of this kind can stand."""
    return [
        (token.start, token.start + len(token.text))
        for token in tokens(sentence)
        if (_kind(token) == lie and lie != "name") or (lie == "name" and _is_name(sentence, token))
    ]


def _is_name(sentence: str, token: Token) -> bool:
    inside = token.start > 0 and not re.search(r"[.:;!?(\"“]\s*$", sentence[: token.start])
    capital = token.text[0].isupper() and token.kind in {"word", "name"} and len(token.text) > 2
    return capital and inside and token.norm not in STOP_WORDS


def paraphrased(
    sentence: str, table: Sequence[tuple[str, str]], randomness: random.Random, *, most: int = 3
) -> str:
    """Up to `most` replacements from a table of (regular expression, replacement)."""
    rules = [rule for rule in table if re.search(rule[0], sentence)]
    randomness.shuffle(rules)
    for pattern, replacement in rules[:most]:
        sentence = re.sub(pattern, replacement, sentence, count=1)
    return sentence[0].upper() + sentence[1:]


def merged(left: str, right: str) -> str:
    """Two sentences as one."""
    keep = right.split()[0]
    small = right if not keep.islower() and not keep.istitle() else right[0].lower() + right[1:]
    return f"{left.rstrip('.;')}, and {small}"


Paraphrases = Sequence[tuple[str, str]]
TUNING: Paraphrases = (
    (r"\b[Aa]dversaries may\b", "attackers can"),
    (r"\b[Aa]n adversary\b", "an attacker"),
    (r"\bin order to\b", "to"),
    (r"\bmay allow\b", "could let"),
    (r"\bsuch as\b", "like"),
    (r"\butiliz(e|es|ed|ing)\b", r"us\1"),
    (r"\b[Tt]he (?:product|software)\b", "the application"),
    (r"\bhas used\b", "used"),
    (r"\bmultiple\b", "several"),
    (r"\bobtain\b", "get"),
    (r"\bsuccessful exploitation of this vulnerability\b", "exploiting this flaw"),
    (r"\b[Aa]dversaries\b", "threat actors"),
    (r"\b[Aa]n (?:attacker|adversary)\b", "a malicious party"),
    (r"\bcan be used to\b", "can serve to"),
    (r"\bexecut(e|es|ed)\b", r"runs"),
    (r"\bcontains an?\b", "has a"),
    (r"\b(?:could|may|might) (?:allow|enable)\b", "would permit"),
    (r"\bvulnerability\b", "flaw"),
    (r"\b[Ff]or example,\s", "for instance, "),
    (r"\bvia\b", "through"),
    (r"\bthat (?:is|are) used\b", "employed"),
    (r"\bcollect(s|ed)?\b", r"gather\1"),
    (r"\bprior to\b", "before"),
    (r"\bremotely\b", "from afar"),
    (r"\bdoes not properly\b", "fails to properly"),
    (r"^", "According to the source, "),
)  # fmt: skip
HELD_OUT: Paraphrases = (
    (r"\b[Aa]dversaries\b", "intruders"),
    (r"\b[Rr]emote attackers\b", "attackers from outside"),
    (r"\bhas the ability to\b", "can"),
    (r"\bis used to\b", "serves to"),
    (r"\bmay be able to\b", "can"),
    (r"\binformation\b", "data"),
    (r"\bcommunicates? with\b", "talk to"),
    (r"\bas well as\b", "and also"),
    (r"\bdue to\b", "because of"),
    (r"\bconduct(?:s|ed)?\b", "carried out"),
    (r"\bcreates?\b", "sets up"),
    (r"\ba (?:large )?number of\b", "many"),
    (r"\bspecially crafted\b", "maliciously made"),
    (r"\barbitrary code\b", "code of their choice"),
    (r"\battempts? to\b", "tries to"),
    (r"\bcaus(?:e|es)\b", "leads to"),
    (r"\bdetects\b", "looks for"),
    (r"\bensure\b", "make sure"),
    (r"\b[Tt]he product\b", "the program"),
    (r"^(?=[A-Z][a-z]+ (?:is|has|may|can|does|could)\b)", "In short, "),
)  # fmt: skip
"""Never looked at while `verify` was tuned."""

Speak = Callable[[Sequence[Message]], str]
