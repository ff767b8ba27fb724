"""Many simulated mails: by weights of intents and languages, each seed its own mail, near copies refused.

for mail in synthesise(1000, intents={"invoice": 2, "receipt": 1}, seed=5): ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from icelos.errors import InputError
from icelos.jobs.mail.intents.taxonomy import BENIGN, MALICIOUS, is_malicious
from icelos.jobs.mail.synthesis.bank import STYLES, Bank, load_bank
from icelos.jobs.mail.synthesis.compose import Composer, compose
from icelos.jobs.mail.synthesis.dice import Odds, number, pick, stream
from icelos.jobs.mail.synthesis.near_copies import NearCopies, Refusals, comparable
from icelos.jobs.mail.synthesis.personas import Persona
from icelos.jobs.mail.synthesis.synthetic import Scene, SyntheticMail
from icelos.jobs.mail.synthesis.twins import twin_of
from icelos.jobs.mail.synthesis.writer import Writer

MOST_TRIES = 20
"""Draws for one mail before the search for one that is new is given up."""
Refuse = NearCopies | None


def synthesise(
    n: int,
    *,
    intents: Mapping[str, float] | None = None,
    languages: Mapping[str, float] | None = None,
    seed: int = 0,
    writer: Writer | None = None,
    twins: float = 0.0,
    refuse: Refuse = None,
    refusals: Refusals | None = None,
    intent_free: bool = False,
    organisations: Iterable[str] = (),
    bank: Bank | None = None,
) -> Iterator[SyntheticMail]:
    """`n` mails, or fewer where `refuse` leaves no new ones (see `refusals`).

    `intents`: weights by id; None takes every malicious intent alike and as much harmless mail. `languages`:
    weights; None takes all alike. `writer`: a model that writes instead of the composer. `twins`: the chance
    that a malicious mail is followed by its harmless twin. `organisations` stand in for made-up ones.
    `intent_free`: the control of experiments, see `without_intent`. Raises InputError where a wanted intent
    has no phrases in any wanted language.
    """
    bank = bank or load_bank()
    draw = _Draw(bank, intents or balanced(), languages, tuple(organisations), seed)
    refusals = refusals if refusals is not None else Refusals()
    made, tried = 0, 0
    while made < n and tried < MOST_TRIES * n:
        for mail in _one(draw, tried, writer, twins, intent_free):
            if made < n and _passes(mail, refuse, refusals):
                made += 1
                yield mail
        tried += 1


def balanced() -> dict[str, float]:
    """Weights that give as many malicious as harmless mails."""
    bad = dict.fromkeys(MALICIOUS, 1 / len(MALICIOUS))
    return bad | dict.fromkeys(BENIGN, 1 / len(BENIGN))


class _Draw:
    """What the next mail is about: language, intent, scene, persona. Draws go by number, repeatably."""

    def __init__(
        self,
        bank: Bank,
        intents: Mapping[str, float],
        languages: Mapping[str, float] | None,
        organisations: tuple[str, ...],
        seed: int,
    ) -> None:
        self.bank = bank
        self.organisations = organisations
        self.seed = seed
        self._odds: dict[str, dict[str, float]] = {}
        wanted = languages or dict.fromkeys(bank.languages, 1.0)
        self.languages = {
            intent: {one: weight for one, weight in wanted.items() if bank.of(one, intent)}
            for intent in intents
        }
        self.intents = {
            intent: weight for intent, weight in intents.items() if self.languages[intent] and weight > 0
        }
        self._intent_odds = Odds(self.intents)
        self._language_odds = {intent: Odds(self.languages[intent]) for intent in self.intents}
        if not self.intents:
            raise InputError(
                f"no phrases for any of {', '.join(intents)} in {', '.join(wanted) or 'no language'}"
            )

    def seed_of(self, place: int) -> int:
        return number(self.seed, f"mail/{place}")

    def scene(self, place: int) -> Scene:
        """An intent by weight, a language by weight, one of the scenes."""
        rng = stream(self.seed, f"scene/{place}")
        intent = self._intent_odds.draw(rng)
        language = self._language_odds[intent].draw(rng)
        scenes = self.bank.of(language, intent)
        if is_malicious(intent):
            return rng.choice(scenes)
        odds = self._style_odds(language)
        return rng.choices(scenes, [odds[scene.style] for scene in scenes])[0]

    def _style_odds(self, language: str) -> Mapping[str, float]:
        """Odds that bring the styles of harmless mail near those of malicious mail."""
        if language not in self._odds:
            bad, good = (self._styles(language, malicious=malicious) for malicious in (True, False))
            self._odds[language] = {
                style: min(4.0, max(0.25, bad.get(style, 0.02) / good.get(style, 1.0))) for style in STYLES
            }
        return self._odds[language]

    def _styles(self, language: str, *, malicious: bool) -> dict[str, float]:
        """The share of each style among the wanted intents of one sort."""
        shares: dict[str, float] = {}
        for intent, weight in self.intents.items():
            scenes = self.bank.of(language, intent)
            if scenes and is_malicious(intent) == malicious:
                for scene in scenes:
                    shares[scene.style] = shares.get(scene.style, 0.0) + weight / len(scenes)
        whole = sum(shares.values()) or 1.0
        return {style: share / whole for style, share in shares.items()}

    def persona(self, place: int) -> Persona:
        if not self.organisations:
            return Persona()
        return Persona(organisation=pick(self.organisations, self.seed, f"organisation/{place}"))


def _one(
    draw: _Draw, place: int, writer: Writer | None, twins: float, intent_free: bool
) -> Iterator[SyntheticMail]:
    seed, scene, persona = draw.seed_of(place), draw.scene(place), draw.persona(place)
    if intent_free and scene.malicious:
        yield without_intent(draw.bank, scene, seed, persona)
        return
    if writer is not None:
        yield writer.write(scene, seed=seed, persona=persona)
        return
    mail = compose(scene=scene, seed=seed, persona=persona, bank=draw.bank)
    yield mail
    if scene.malicious and twins and number(seed, "twinned") / 2**63 < twins:
        yield twin_of(mail, persona=persona, bank=draw.bank)


def _passes(mail: SyntheticMail, refuse: Refuse, refusals: Refusals) -> bool:
    near = refuse.admit(comparable(mail), mail.id) if refuse is not None else None
    if near is None:
        refusals.passed += 1
        return True
    refusals.refused["near real mail" if near.real else "near another synthetic mail"] += 1
    return False


def without_intent(bank: Bank, scene: Scene, seed: int, persona: Persona | None = None) -> SyntheticMail:
    """The control: a mail with a malicious scene's topic, sender, words and looks, but a harmless wish.

    What carries the intent (asks, pressures, link texts, attachment) comes from a harmless scene of the same
    language, drawn at random, of the same style where there is one. It is labelled malicious all the same:
    a model that learns as much from it as from mail with intents has learned topics and looks, not intents.
    """
    harmless = [one for topic in BENIGN for one in bank.of(scene.language, topic)]
    if not harmless:
        raise InputError(f"no harmless phrases in language {scene.language!r}")
    same = [one for one in harmless if one.style == scene.style] or harmless
    made = Composer(bank, scene, seed, persona or Persona(), asks_of=pick(same, seed, "control")).mail()
    return msgspec.structs.replace(made, id=f"{made.id}:control", labelled_malicious=True)
