"""Simulated mail written by a language model: a configured endpoint's, or the embedded one.

    writer = Writer(llm)                        # or Writer(llm, kind="embedded")
    mail = writer.write(scene, seed=5)          # made_by "llm:<model>", or "compose" where it was refused

The embedded model is too small to follow that: it drafts what an English mail is about, and the composer
adds the sentence that carries the intent.

The model is told an intent by its id and description, a style and made-up people; never a real mail, and no
phrase of a bank. Its reply is hostile text: bounded, checked, its links and addresses forced to domains that
are reserved for examples (RFC 2606). What was refused is counted, and the composer writes in its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any, Literal

import msgspec

from icelos.contracts import LLM, Message, Reply
from icelos.errors import BudgetError, ModelError
from icelos.jobs.mail.intents.taxonomy import BENIGN, MALICIOUS
from icelos.jobs.mail.synthesis import layout
from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.compose import Composer
from icelos.jobs.mail.synthesis.dice import pick
from icelos.jobs.mail.synthesis.layout import Paragraph, Piece
from icelos.jobs.mail.synthesis.near_copies import shingles
from icelos.jobs.mail.synthesis.personas import Persona
from icelos.jobs.mail.synthesis.synthetic import Scene, SyntheticLink, SyntheticMail
from icelos.llm.schema import read

MAX_SUBJECT, MAX_PART, MAX_LINK_TEXT = 160, 3000, 80
MIN_REQUEST = 8
LANGUAGES = {
    "en": "English",
    "de": "German",
    "nl": "Dutch",
    "fr": "French",
    "pt": "Portuguese",
    "es": "Spanish",
    "it": "Italian",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "tr": "Turkish",
}
STYLES = {
    "corporate": "a company's formal notice",
    "personal": "a personal mail from one person to another",
    "bulk": "a mailing to many people",
    "terse": "a very short note, one to three sentences",
}
MOODS = (
    "matter-of-fact",
    "friendly",
    "hurried",
    "polite and long-winded",
    "plain and short",
    "slightly clumsy",
    "warm",
    "dry",
)
SETTINGS = (
    "a small firm",
    "a university",
    "a hospital",
    "a shop",
    "a town hall",
    "a software company",
    "a workshop",
    "a charity",
    "a bank",
    "a household",
)
SYSTEM = (
    "You write simulated e-mails that train a mail filter. All people and organisations are made up, "
    "nothing is sent. Use the given names. Write no links and no placeholders. Answer with one JSON object."
)
_TEXT = {"type": "string", "minLength": 1}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subject": {**_TEXT, "maxLength": MAX_SUBJECT},
        "opening": {**_TEXT, "maxLength": MAX_PART},
        "request": {**_TEXT, "maxLength": MAX_PART},
        "closing": {**_TEXT, "maxLength": MAX_PART},
        "link_text": {"type": "string", "maxLength": MAX_LINK_TEXT},
    },
    "required": ["subject", "opening", "request", "closing"],
    "additionalProperties": False,
}
WANTED = (
    "subject: the subject line. opening: greeting and what it is about. request: the one or two sentences "
    "that say what the reader should do or know. closing: the rest with sign-off. link_text: words of a "
    "button, or empty."
)
_TOLD = (
    shingles(WANTED)
    | shingles(SYSTEM)
    | shingles("Write two sentences of an e-mail. Only the two sentences, no greeting, no subject.")
)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')]{1,500}", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_ENDINGS = "com|net|org|info|io|co|de|nl|fr|br|pt|es|it|uk|us|xyz|top|online"
_DOMAIN = re.compile(rf"\b(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{_ENDINGS})\b", re.IGNORECASE)
_RESERVED = ("example.com", "example.org", "example.net")
_PLACEHOLDER = re.compile(r"\[[^\]\n]{1,40}\]|\{[^}\n]{1,40}\}|<[a-z]+(?:-[a-z]+)*-\d{1,6}>|_{4,}|X{4,}")
_DECLINED = (
    "as an ai",
    "language model",
    "i can't help",
    "i cannot help",
    "i can’t",
    "i'm sorry, but i",
    "cannot assist",
    "phishing",
    "simulated",
)
_UNWANTED = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


class Writer:
    """Asks a model for mails and counts what became of the replies. Safe to share where the model is."""

    def __init__(
        self, llm: LLM, *, kind: Literal["llm", "embedded"] = "llm", bank: Bank | None = None
    ) -> None:
        self.llm = llm
        self.kind = kind
        self.counts: Counter[str] = Counter()
        self._bank = bank
        self._spent = False

    def write(self, scene: Scene, *, seed: int, persona: Persona | None = None) -> SyntheticMail:
        """A mail of a scene's intent, style and language. Raises nothing of the model's."""
        composer = Composer(self._bank or load_bank(), scene, seed, persona or Persona())
        made_by = f"{self.kind}:{self.llm.name}"
        if self.kind == "embedded":
            opening = self._opening(composer)
            return composer.mail(opening=opening, made_by=made_by if opening else "compose")
        draft = self._draft(composer)
        return _mail(composer, draft, made_by) if draft else composer.mail()

    def _draft(self, composer: Composer) -> Draft | None:
        """The model's parts of a mail; None, and a count, where there are none that can be used."""
        reply = self._reply(request(composer), schema=SCHEMA)
        if reply is None:
            return None
        draft, problem = checked(reply, composer.seed)
        self.counts[f"refused: {problem}" if problem else "written"] += 1
        return draft

    def _opening(self, composer: Composer) -> str:
        """What a mail is about, in a few sentences of the embedded model; empty, and a count, without."""
        if composer.scene.language != "en":
            self.counts["not asked: writes English only"] += 1
            return ""
        reply = self._reply([Message("user", topic(composer))])
        if reply is None:
            return ""
        text = _sentences(_cleaned(reply.text, composer.seed))
        problem = _text_problem(text)
        self.counts[f"refused: {problem}" if problem else "written"] += 1
        return "" if problem else text

    def _reply(self, messages: list[Message], schema: dict[str, Any] | None = None) -> Reply | None:
        if self._spent:
            self.counts["not asked: budget used up"] += 1
            return None
        try:
            return self.llm.reply(messages, schema=schema)
        except BudgetError:
            self._spent = True
            self.counts["not asked: budget used up"] += 1
        except ModelError:
            self.counts["no reply"] += 1
        return None


def topic(composer: Composer) -> str:
    """What the embedded model is asked: a few sentences on a scene's name, to a made-up reader."""
    values, words = composer.values, composer.scene.name.replace("-", " ")
    mood = pick(MOODS, composer.seed, "mood")
    return (
        f"Write two {mood} sentences of an e-mail from {composer.sender()} to {values['first']} "
        f"about: {words}. "
        f"Mention {values['project']} or {values['date']}. Only the two sentences, no greeting, no subject."
    )


def _sentences(text: str, most: int = 3) -> str:
    """The first whole sentences of a draft, in one line."""
    whole = re.findall(r"[^.!?]{1,400}[.!?]+", " ".join(text.split())[: 5 * MAX_LINK_TEXT])
    return "".join(whole[:most]).strip().strip('"')


class Draft(msgspec.Struct, frozen=True):
    """The parts of a mail by a model, checked."""

    subject: str
    opening: str
    request: str
    closing: str
    link_text: str = ""


def request(composer: Composer) -> list[Message]:
    """What a model is told: an intent's description and made-up people."""
    scene, values, seed = composer.scene, composer.values, composer.seed
    wish = MALICIOUS.get(scene.intent)
    mood, setting = pick(MOODS, seed, "mood"), pick(SETTINGS, seed, "setting")
    nature = (
        "It is a fraud attempt; the request carries that intent." if wish else "It is honest and harmless."
    )
    facts = [
        f"Intent: {scene.intent}: the mail {wish or BENIGN[scene.intent]}.",
        nature,
        f"Language: {LANGUAGES.get(scene.language, scene.language)}.",
        f"Style: {STYLES[scene.style]}; tone: {mood}; setting: {setting}.",
        f"Recipient: {values['first']} {values['last']}, {values['org']}. Sender: {composer.sender()}.",
        f"Also known: company {values['vendor']}, project {values['project']}, date {values['date']}, "
        f"amount {values['amount']}, reference {values['ref']}.",
        WANTED,
    ]
    return [Message("system", SYSTEM), Message("user", "\n".join(facts))]


def checked(reply: Reply, seed: int) -> tuple[Draft | None, str]:
    """A reply's draft, or None and why it was refused."""
    if reply.truncated:
        return None, "cut off"
    data = reply.data
    if data is None:
        data, problems = read(reply.text, SCHEMA)
        if problems or data is None:
            return None, "not the JSON asked for"
    try:
        draft = msgspec.convert(data, Draft)
    except msgspec.ValidationError:
        return None, "not the JSON asked for"
    draft = Draft(*(_cleaned(getattr(draft, part), seed) for part in Draft.__struct_fields__))
    problem = _problem(draft)
    return (None, problem) if problem else (draft, "")


def _cleaned(text: str, seed: int) -> str:
    """Without unseen characters; links and addresses at reserved domains."""
    text = text[: MAX_PART + 1].replace("\r\n", "\n").replace("\\n", "\n")
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _UNWANTED)
    home = pick(_RESERVED, seed, "reserved")
    kept = _URL.sub(f"https://{home}/{seed % 9973}", kept)
    kept = _ADDRESS.sub(f"office@{home}", kept)
    return _DOMAIN.sub(home, kept).strip()


def _problem(draft: Draft) -> str:
    parts = (draft.opening, draft.request, draft.closing)
    if not draft.subject or not draft.opening or len(draft.request) < MIN_REQUEST:
        return "a part is empty"
    if max(map(len, parts)) > MAX_PART:
        return "a part is too long"
    if "\n" in draft.subject or len(draft.subject) > MAX_SUBJECT:
        return "subject of several lines"
    return _text_problem("\n".join((draft.subject, *parts)))


def _text_problem(text: str) -> str:
    """Why a text is none that a mail could hold; empty where it is one."""
    words = text.split()
    checks = {
        "empty": len(words) < 4,
        "placeholders": _PLACEHOLDER.search(text) is not None,
        "the model declined": any(phrase in text.lower() for phrase in _DECLINED),
        "not text": sum(c.isalpha() or c.isspace() for c in text) < 0.6 * len(text),
        "says the same again": len(set(words)) < 0.3 * len(words),
        "repeats what it was told": not shingles(text).isdisjoint(_TOLD),
    }
    return next((problem for problem, holds in checks.items() if holds), "")


def _mail(composer: Composer, draft: Draft, made_by: str) -> SyntheticMail:
    """A draft in the composer's form; the request carries the intent."""
    home = f"https://{pick(_RESERVED, composer.seed, 'reserved')}"
    asked: Paragraph = [Piece(draft.request, composer.scene.intent)]
    if draft.link_text and composer.scene.actions:
        asked.append(Piece(draft.link_text.replace("\n", " "), url=f"{home}/go", kind="action"))
        composer.links.append(SyntheticLink(asked[-1].text, asked[-1].url))
    paragraphs = [*_split(draft.opening), asked, *_split(draft.closing)]
    found = {
        match[0] for paragraph in paragraphs for piece in paragraph for match in _URL.finditer(piece.text)
    }
    composer.links += [SyntheticLink(url, url) for url in sorted(found)]
    frame = layout.Frame(
        composer.values["brand"], "", pick(composer.values.words.view_online, 0, "view"), home
    )
    return composer.assembled(composer.sender(), draft.subject, paragraphs, frame=frame, made_by=made_by)


def _split(text: str) -> list[Paragraph]:
    blocks = [block.strip() for block in re.split(r"\n[ \t]*\n", text)]
    return [[Piece(block)] for block in blocks if block]
