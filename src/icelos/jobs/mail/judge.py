"""Messages to judgements: what the signals and the learnt parts say of each, added up.

The judgement is what every way in shares: `icelos scan mail`, the spamd server and the SMTP filter. Weights
are in log-odds; with the bias they sum to the score. The bias holds the model's threshold, so that a score of
0.5 is where the wanted share of ham is flagged: the score is the probability that a mail is malicious where
malicious mail is as frequent as that threshold takes it to be.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from icelos import __version__
from icelos.data.workspace import Workspace
from icelos.findings import Verdict
from icelos.jobs.mail.detector.anatomy import anatomy, told
from icelos.jobs.mail.detector.model import Floats, MailModel, Reading
from icelos.jobs.mail.detector.versions import Versions
from icelos.jobs.mail.detector.view import view
from icelos.jobs.mail.detector.words import telling_words
from icelos.jobs.mail.intents.naming import SURE, named
from icelos.jobs.mail.intents.spans import carrying_sentence
from icelos.jobs.mail.intents.taxonomy import MALICIOUS
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.senders.verdict import signals_of as sender_signals
from icelos.jobs.mail.signals.signals import Facts, Known, Signal, signals_of
from icelos.jobs.mail.signals.verify import Verifier, verifier_of
from icelos.llm.encoder import Encoder
from icelos.settings import MailSettings, Settings, load

WORTH_SAYING = 0.1
"""Log-odds below which a symbol is no reason to name."""
NEW = frozenset(["sender-new", "sender-organisation-new"])
SETTLED = 300
"""Senders that a store knows before a new one is worth a word: in an empty store everyone is new."""
ASK_EVERY = 100


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one message.

    `score` is from 0 to 1; the weights of `symbols`, the heaviest first, and `bias` sum to its log-odds.
    `sentence` says why, for people. `intents` are probabilities by name: of the likeliest, and of all that
    are as good as sure. `made_by` names what judged.
    """

    score: float
    verdict: Verdict
    symbols: tuple[Signal, ...]
    sentence: str
    intents: Mapping[str, float] = {}
    made_by: Mapping[str, str] = {}
    bias: float = 0.0


class Judge:
    """Judges messages with one model. Safe to share between threads.

    `senders` opens the store of sender sketches, where they are kept: a process that was forked needs one of
    its own.
    """

    def __init__(
        self,
        model: MailModel,
        settings: MailSettings = MailSettings(),  # noqa: B008 - frozen
        *,
        encoder: Encoder | None = None,
        senders: Callable[[], SenderStore] | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.model, self.settings, self.verifier = model, settings, verifier
        self._open_senders = senders
        self._store: tuple[int, SenderStore] | None = None
        self._is_settled, self._asked = False, 0
        self.encoder = encoder if model.meaning is not None else None
        self.kind = model.kind(self.encoder)
        self.known = known_of(settings)
        self.bias = model.card.mixtures[self.kind].offset - model.card.thresholds[self.kind].review
        self.made_by = {"model": f"mail {model.card.version} ({self.kind})", "icelos": __version__}

    @property
    def senders(self) -> SenderStore | None:
        """The store of sender sketches of this process."""
        if self._open_senders is None:
            return None
        if self._store is None or self._store[0] != os.getpid():
            self._store = (os.getpid(), self._open_senders())
        return self._store[1]

    def judge(self, raw: bytes) -> Judgement:
        """Raises InputError where the bytes cannot be read as mail."""
        return self.judge_messages([read_message(raw)], [raw])[0]

    def judge_messages(self, messages: Sequence[Message], raws: Sequence[bytes] = ()) -> list[Judgement]:
        """The judgements of messages that have been read, in their order.

        Their origin is checked here only where `raws`, their bytes, are given.
        """
        if not messages:
            return []
        views = [view(message) for message in messages]
        built = np.stack([anatomy(message) for message in messages])
        reading = self.model.read(views, built, self.encoder)
        weighed = self.model.weigh(reading.parts, self.kind)
        return [
            self._judged(
                message, raws[place] if raws else b"", views[place], built[place], reading, weighed, place
            )
            for place, message in enumerate(messages)
        ]

    def _judged(
        self,
        message: Message,
        raw: bytes,
        seen: str,
        built: Floats,
        reading: Reading,
        weighed: Floats,
        place: int,
    ) -> Judgement:
        facts = Facts(message, self.known)
        intents = dict(zip(self.model.card.intents, map(float, reading.intents[place]), strict=True))
        symbols = [
            *self._parts(message, seen, built, weighed[place], intents),
            *signals_of(facts, self.verifier.origin(raw, facts) if self.verifier and raw else None),
        ]
        names = named(intents, self._log_odds(symbols))
        symbols += self._sender(message, names)
        symbols.sort(key=lambda symbol: (-symbol.weight, symbol.name))
        score = logistic(self.bias + sum(symbol.weight for symbol in symbols))
        return Judgement(
            score=score, verdict=self._verdict(score), symbols=tuple(symbols), bias=self.bias,
            sentence=sentence(symbols, score), made_by=self.made_by,
            intents={name: round(intents[name], 3) for name in names},
        )  # fmt: skip

    def _log_odds(self, symbols: Sequence[Signal]) -> float:
        """Calibrated log-odds: what symbols come to, without the threshold that the bias holds."""
        return self.model.card.mixtures[self.kind].offset + sum(symbol.weight for symbol in symbols)

    def _parts(
        self, message: Message, seen: str, built: Floats, weighed: Floats, intents: Mapping[str, float]
    ) -> list[Signal]:
        """The model's parts as symbols; what weighs nothing is left out."""
        text, meaning, harm, harmless, build = (round(float(weight), 4) for weight in weighed)
        found = []
        if text or meaning:
            words = telling_words(self.model, seen) if text > 0 else []
            shown = ", ".join(map(repr, words))
            why = f"it is worded like malicious mail ({shown})" if words else "it is worded like " + (
                "malicious mail" if text > 0 else "ordinary mail")  # fmt: skip
            found.append(Signal("words", text, why, "subject or body", shown))
        if meaning:
            why = f"its meaning is that of {'malicious' if meaning > 0 else 'ordinary'} mail"
            found.append(Signal("meaning", meaning, why, "subject or body", ""))
        if harm:
            found.append(self._intent(message, harm, intents))
        if harmless:
            why = "its topic is an ordinary one" if harmless < 0 else "no ordinary topic stands out in it"
            found.append(Signal("ordinary-topic", harmless, why, "body", ""))
        if build:
            answers = told(built.tolist(), self.model.anatomy.weights[0].tolist())
            why = f"it is built like {'malicious' if build > 0 else 'ordinary'} mail"
            found.append(
                Signal("build", build, f"{why} ({', '.join(answers)})" if answers else why, "mail", "")
            )
        return found

    def _intent(self, message: Message, weight: float, intents: Mapping[str, float]) -> Signal:
        name = max(MALICIOUS, key=lambda one: intents.get(one, 0.0))
        if intents.get(name, 0.0) < SURE:
            why = "no harmful intent stands out" if weight < 0 else "it may want several kinds of harm"
            return Signal("intent", weight, why, "body", "")
        quote = carrying_sentence(self.model, message.seen, name)
        return Signal(f"intent-{name}", weight, f"it {MALICIOUS[name]}", "body", quote)

    def _sender(self, message: Message, intents: Sequence[str]) -> list[Signal]:
        senders = self.senders
        if senders is None:
            return []
        facts = senders.facts(message, trusted=self.settings.trusted_servers, intents=intents)
        if facts is None:
            return []
        found = sender_signals(senders.compare(facts))
        return found if self._settled(senders) else [one for one in found if one.name not in NEW]

    def _settled(self, senders: SenderStore) -> bool:
        """Whether enough senders are known for a new one to mean something; asked until it is so."""
        if not self._is_settled and self._asked % ASK_EVERY == 0:
            self._is_settled = len(senders) >= SETTLED
        self._asked += 1
        return self._is_settled

    def learn(self, messages: Sequence[Message]) -> None:
        """Let clear mail teach the sender sketches; what is suspicious would teach them the attacker."""
        senders = self.senders
        if senders is not None and messages:
            found = [senders.facts(one, trusted=self.settings.trusted_servers) for one in messages]
            senders.observe_all([facts for facts in found if facts is not None])

    def _verdict(self, score: float) -> Verdict:
        if score >= self.settings.alert:
            return Verdict.ALERT
        return Verdict.REVIEW if score >= self.settings.review else Verdict.CLEAR


class ServingJudge(Judge):
    """A judge for servers, where nobody comes back with what was clear: it learns senders at once."""

    def judge(self, raw: bytes) -> Judgement:
        message = read_message(raw)
        judgement = self.judge_messages([message], [raw])[0]
        if judgement.verdict is Verdict.CLEAR:
            self.learn([message])
        return judgement


def serving_judge(mail: MailSettings) -> Judge:
    """The judge of a process that serves: of the workspace's settings, with `mail` for the section [mail]."""
    return open_judge(msgspec.structs.replace(load().settings, mail=mail), kind=ServingJudge)


def open_judge(settings: Settings, version: str = "", *, kind: type[Judge] = Judge) -> Judge:
    """The judge that the settings describe, with the model in force, or that of `version`. Raises
    InputError."""
    mail = settings.mail
    encoder = Encoder(threads=1) if mail.encoder == "on" and Encoder.available() else None
    path = senders_path(settings)
    senders = (lambda: SenderStore(path)) if mail.senders else None
    model = Versions(models_folder(settings)).load(version)
    return kind(model, mail, encoder=encoder, senders=senders, verifier=verifier_of(mail))


def known_of(settings: MailSettings) -> Known:
    """What signals are told of the organisation."""
    return Known(
        servers=settings.trusted_servers, domains=settings.own_domains,
        partners=settings.partner_domains, people=settings.vips,
    )  # fmt: skip


def models_folder(settings: Settings) -> Path:
    """Where this workspace keeps its mail models."""
    return Workspace.of(settings).folder("models", "mail")


def senders_path(settings: Settings) -> Path:
    """Where this workspace keeps its sender sketches."""
    return Workspace.of(settings).folder("mail") / "senders.sqlite"


def logistic(log_odds: float) -> float:
    """The probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds))))


def sentence(found: Sequence[Signal], score: float) -> str:
    """One sentence: the heaviest reasons, and how many more speak for it."""
    heavy = [signal for signal in found if signal.weight >= WORTH_SAYING]
    if not heavy:
        return f"Nothing speaks against this mail ({score:.2f})."
    reasons = "; ".join(clean(signal.why, 200) for signal in heavy[:3])
    more = f"; and {len(heavy) - 3} more" if len(heavy) > 3 else ""
    return f"It scores {score:.2f} because {reasons}{more}."


def clean(text: str, most: int) -> str:
    """Text that can be stored and shown: no lone surrogates, no controls, nothing unseen, no length."""
    cut = " ".join(text[: 4 * most].split())
    cut = cut if len(cut) <= most else cut[: most - 1] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)
