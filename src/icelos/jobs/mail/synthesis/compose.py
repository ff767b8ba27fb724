"""One simulated mail out of phrases: scene, people, form and register, each drawn from the seed.

compose(intent="gift-cards", language="en", seed=3)

Malicious and harmless scenes go through the same steps with the same odds. The sentences that carry the
intent are labelled with exact spans.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from icelos.errors import InputError
from icelos.jobs.mail.synthesis import layout
from icelos.jobs.mail.synthesis.bank import Bank, load_bank
from icelos.jobs.mail.synthesis.dice import pick, stream
from icelos.jobs.mail.synthesis.fillers import filler
from icelos.jobs.mail.synthesis.form import Form, draw_form
from icelos.jobs.mail.synthesis.layout import Paragraph, Piece
from icelos.jobs.mail.synthesis.personas import Persona, Values, reference
from icelos.jobs.mail.synthesis.register import spoken, subject_line
from icelos.jobs.mail.synthesis.senders import sender_address
from icelos.jobs.mail.synthesis.synthetic import Scene, SyntheticLink, SyntheticMail

COMPANIONS: dict[str, tuple[str, ...]] = {
    "credential-theft": ("malicious-file", "personal-data", "invoice"),
    "payment-change": ("reconnaissance", "invoice"),
    "invoice": ("callback", "malicious-file", "credential-theft"),
    "gift-cards": ("reconnaissance",),
    "payroll-diversion": ("reconnaissance",),
    "prize": ("personal-data", "credential-theft"),
    "advance-fee": ("personal-data",),
    "job-scam": ("personal-data",),
    "extortion": ("crypto",),
    "crypto": ("credential-theft",),
    "unsolicited-offer": ("prize",),
    "receipt": ("shipping",),
    "shipping": ("receipt", "newsletter"),
    "work": ("meeting",),
    "meeting": ("work",),
    "account-notice": ("newsletter", "invoice-genuine"),
    "security-notice": ("password-reset",),
    "job-genuine": ("meeting",),
    "personal": ("meeting",),
    "invoice-genuine": ("receipt",),
}
"""Intents that go together in one mail."""
COMPANION_ODDS = 0.07
OWN_SITE = {"corporate": 0.8, "bulk": 0.9, "personal": 0.4, "terse": 0.3}
"""How often a mail without a link of its own ends with the sender's site, by style."""


def compose(
    *,
    intent: str | None = None,
    language: str | None = None,
    seed: int = 0,
    scene: Scene | None = None,
    style: str | None = None,
    persona: Persona | None = None,
    organisation: str = "",
    bank: Bank | None = None,
) -> SyntheticMail:
    """One mail; the same arguments and banks give the same mail. What is not given is drawn.

    Raises InputError where no scene has the wanted intent, language and style.
    """
    bank = bank or load_bank()
    scene = scene or choose(bank, seed, intent=intent, language=language, style=style)
    person = persona or Persona(organisation=organisation)
    return Composer(bank, scene, seed, person).mail()


def choose(
    bank: Bank, seed: int, *, intent: str | None = None, language: str | None = None, style: str | None = None
) -> Scene:
    """A scene: first a language, then an intent, then one of its scenes. Raises InputError."""
    languages = [one for one in bank.languages if intent is None or bank.of(one, intent)]
    language = language or (pick(languages, seed, "language") if languages else "en")
    intents = bank.intents(language)
    chosen = intent or (pick(intents, seed, "intent") if intents else "")
    scenes = [scene for scene in bank.of(language, chosen) if style in (None, scene.style)]
    if not scenes:
        raise InputError(
            f"no phrases for intent {chosen or 'any'!r} in language {language!r}, style {style or 'any'}"
        )
    return pick(scenes, seed, "scene")


class Composer:
    """Makes one mail of one scene.

    `asks_of` takes the wish from another scene (the control without intents); `like` gives the brand of
    another scene's subject matter (twins).
    """

    def __init__(
        self,
        bank: Bank,
        scene: Scene,
        seed: int,
        persona: Persona,
        *,
        asks_of: Scene | None = None,
        like: Scene | None = None,
    ) -> None:
        self.bank = bank
        self.scene = scene
        self.seed = seed
        self.asks = asks_of or scene
        self.form: Form = draw_form(stream(seed, "form"))
        self.rng: random.Random = stream(seed, f"words/{scene.name}")
        self.values = Values(scene, seed, persona, like=like)
        self.intents = [self.asks.intent]
        self.links: list[SyntheticLink] = []
        self._opening = ""

    def mail(self, *, opening: str = "", made_by: str = "compose") -> SyntheticMail:
        """The mail; `opening` stands in for the phrases that say what it is about."""
        self._opening = opening
        name = self.sender()
        subject = self._subject()
        return self.assembled(name, subject, self._paragraphs(name, subject), made_by=made_by)

    def sender(self) -> str:
        """The display name."""
        name = self.values.fill(pick(self.scene.senders, self.seed, "sender"))
        self.values.sent_by(name)
        return name

    def assembled(
        self,
        name: str,
        subject: str,
        paragraphs: Sequence[Paragraph],
        *,
        frame: layout.Frame | None = None,
        made_by: str = "compose",
    ) -> SyntheticMail:
        """The mail of given paragraphs in this form."""
        form, frame = self.form, frame or self._frame()
        html = None if form.look == "plain" else layout.markup(paragraphs, form, frame, self.rng)
        html_only = html is not None and not form.alternative
        body = layout.plain(paragraphs, form, with_urls=not html_only)
        return SyntheticMail(
            id=f"{self.scene.language}:{self.scene.name}:{self.seed}",
            subject=subject,
            sender_name=name,
            sender_address=sender_address(self.scene, name, self.values, self.rng),
            recipient=self.values["email"],
            text=body.text,
            html=html,
            html_only=html_only,
            links=self._all_links(),
            intents=tuple(self.intents),
            spans=body.spans,
            language=self.scene.language,
            scene=self.scene.name,
            style=self.scene.style,
            seed=self.seed,
            attachment=self._attachment(),
            made_by=made_by,
        )

    def _said(self, phrase: str, *, plain: bool = False) -> str:
        text = self.values.fill(phrase)
        return text if plain else spoken(text, self.form.register, self.rng)

    def _subject(self) -> str:
        subject = subject_line(
            self._said(self.rng.choice(self.scene.subjects), plain=True), self.form.register, self.rng
        )
        tail = ""
        if self.form.subject_tail:
            tail = self.rng.choice((" {}", " [{}]", " - {}", " ({})", " #{}")).format(
                reference(self.seed, "tail")
            )
        return self.form.reply_mark + subject + tail

    def _paragraphs(self, name: str, subject: str) -> list[Paragraph]:
        found: list[Paragraph] = []
        if self.form.greeting:
            found.append([Piece(self._said(self._around("greetings")))])
        found += self._core()
        if self.form.extension == "within":
            first = 1 if self.form.greeting else 0
            place = self.rng.randint(first, len(found)) if self.rng.random() < 0.5 else len(found)
            found[place:place] = filler(self.bank, self.scene, self.values, self.rng)
        if self.form.signoff:
            found.append(self._farewell(name))
        if self.form.extension == "quoted":
            found += self._quoted(subject)
        if self.form.linked and not self.values.links and self.rng.random() < OWN_SITE[self.scene.style]:
            found.append([Piece(self.values.url("site"), kind="footer")])
        return found + [
            [Piece(self._said(self._around("footers"), plain=True), kind="footer")]
            for _ in range(self.form.footers)
        ]

    def _around(self, part: str) -> str:
        """A greeting, sign-off or footer of the scene's style."""
        styled = getattr(self.values.words, part)
        style = self.scene.style
        if self.rng.random() < 0.25:
            style = self.rng.choice(sorted(styled))
        chosen: str = self.rng.choice(styled[style])
        return chosen

    def _core(self) -> list[Paragraph]:
        """What the mail says, in the form's order and grouping."""
        groups = {part: self._part(part) for part in ("opener", "detail", "pressure", "ask")}
        ordered = [groups[part] for part in self.form.order if groups[part]]
        if facts := self._facts():
            ordered.insert(self.rng.randint(1, len(ordered)), facts)
        ordered += self._companion()
        if extras := self._extras():
            ordered.append(extras)
        return self._grouped(ordered)

    def _grouped(self, groups: list[Paragraph]) -> list[Paragraph]:
        """The groups as paragraphs; lists of facts stay by themselves."""
        if any(group[0].kind == "line" for group in groups) or self.form.paragraphs == "each":
            return groups
        if self.form.paragraphs == "one":
            return [[piece for group in groups for piece in group]]
        found: list[Paragraph] = []
        for group in groups:
            if found and self.rng.random() < 0.5:
                found[-1].extend(group)
            else:
                found.append(list(group))
        return found

    def _part(self, part: str) -> Paragraph:
        if part == "ask":
            return self._ask(self.asks)
        if self._opening and part in {"opener", "detail"}:
            return [Piece(self._opening)] if part == "opener" else []
        pool = getattr(self.scene if part != "pressure" else self.asks, f"{part}s")
        return [Piece(self._said(phrase)) for phrase in self._some(pool, self._number(part))]

    def _facts(self) -> Paragraph:
        """A short list of labelled values, as notices of either sort have it."""
        labels = self.values.words.labels
        slots = self.rng.sample(sorted(labels), self.form.facts)
        return [Piece(f"{labels[slot]}: {self.values[slot]}", kind="line") for slot in slots]

    def _number(self, part: str) -> int:
        """How many sentences of a part, by the mail's size."""
        rng, size = self.rng, self.form.size
        if size == "line":
            return int(part == "opener" and rng.random() < 0.4)
        if size == "short":
            return int(rng.random() < {"opener": 0.85, "detail": 0.4, "pressure": 0.4}[part])
        if size == "medium":
            return 1 if part == "opener" else rng.choice((0, 1, 1, 1, 2))
        return rng.choice({"opener": (1, 1, 2), "detail": (1, 2, 2, 3), "pressure": (1, 1, 2)}[part])

    def _some(self, pool: Sequence[str], number: int) -> list[str]:
        return self.rng.sample(pool, min(number, len(pool)))

    def _ask(self, scene: Scene) -> Paragraph:
        """The sentence that carries the intent, and the link where the scene has one."""
        number = 2 if self.form.size == "long" and self.rng.random() < 0.3 else 1
        asks = [ask for ask in scene.asks if self.form.linked or "{link}" not in ask] or scene.asks
        chosen = self._some(asks, number)
        pieces = [Piece(self._said(phrase), scene.intent) for phrase in chosen]
        bare = any("{link}" in phrase for phrase in chosen)
        if scene.actions and self.form.linked and (not bare or self.rng.random() < 0.3):
            text = self._said(self.rng.choice(scene.actions), plain=True)
            pieces.append(Piece(text, url=self.values.url("action"), kind="action"))
            self.links.append(SyntheticLink(text, pieces[-1].url))
        return pieces

    def _companion(self) -> list[Paragraph]:
        """Now and then, the wish of a second scene that goes with the first."""
        if (
            self.form.size in {"line", "short"}
            or self.rng.random() > COMPANION_ODDS
            or self.asks is not self.scene
        ):
            return []
        others = [
            one
            for intent in COMPANIONS.get(self.scene.intent, ())
            for one in self.bank.of(self.scene.language, intent)
        ]
        others = [one for one in others if one.style == self.scene.style] or others
        if not others:
            return []
        other = self.rng.choice(others)
        self.intents.append(other.intent)
        return [
            [
                Piece(self._said(self.rng.choice(other.details))),
                Piece(self._said(self.rng.choice(other.asks)), other.intent),
            ]
        ]

    def _extras(self) -> Paragraph:
        most = {"line": 0, "short": 1, "medium": 1, "long": 2}[self.form.size]
        return [
            Piece(self._said(phrase)) for phrase in self._some(self.scene.extras, self.rng.randint(0, most))
        ]

    def _farewell(self, name: str) -> Paragraph:
        pieces = [Piece(self._said(self._around("signoffs"), plain=True))]
        person = self.scene.style in {"personal", "terse"}
        pieces.append(Piece(name.split()[0] if person and self.rng.random() < 0.5 else name, kind="line"))
        if self.form.signature:
            lines = [
                self.rng.choice(self.values.words.roles),
                self._said("{org}", plain=True),
                self._said("{phone}", plain=True),
            ]
            pieces += [Piece(line, kind="line") for line in self._some(lines, self.rng.randint(1, 3))]
        return pieces

    def _quoted(self, subject: str) -> list[Paragraph]:
        """An earlier mail, made up, below."""
        earlier = filler(self.bank, self.scene, self.values, self.rng)
        if not earlier:
            return []
        head = self.rng.choice(self.values.words.on_wrote).format(
            date=self.values["date"],
            time=self.values["time"],
            name=self.values["colleague"],
            address=self.values["email"],
            subject=subject.partition(": ")[2] or subject,
        )
        mark = self.rng.choice(("> ", "> ", ">", ""))
        wrapped = "\n".join(layout.wrap(piece.text) for paragraph in earlier for piece in paragraph)
        quote = "\n".join(mark + line for line in wrapped.split("\n"))
        return [[Piece(head, kind="quote"), Piece(quote, kind="line")]]

    def _frame(self) -> layout.Frame:
        preheader = self.values.fill(self.rng.choice(self.scene.openers)) if self.rng.random() < 0.4 else ""
        home = self.values.url("home") if self.form.look == "bulk" else ""
        shown = self.rng.choice(self.values.words.view_online)
        if home:
            self.links.append(SyntheticLink(shown, home))
        return layout.Frame(self.values["brand"], preheader, shown, home)

    def _all_links(self) -> tuple[SyntheticLink, ...]:
        named = {link.url for link in self.links}
        bare = [SyntheticLink(url, url) for url in self.values.links if url not in named]
        return tuple(self.links + bare)

    def _attachment(self) -> str:
        ending = self.asks.attachment
        if not ending:
            return ""
        base = self.rng.choice(("document", "scan", "file", "copy", "attachment", self.values["ref"]))
        clean = "".join(c if c.isalnum() else "_" for c in base).strip("_")
        return f"{clean}.{ending}"
