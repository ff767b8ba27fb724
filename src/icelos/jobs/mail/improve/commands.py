"""What `icelos mail improve`, `calibrate` and `feedback` do: from places of mail to models in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

import msgspec

from icelos.data.sources import MailSource
from icelos.data.workspace import Workspace
from icelos.errors import InputError, SettingsError
from icelos.jobs.mail.delivery.outbox import Outbox, Told
from icelos.jobs.mail.detector.model import MailModel, Thresholds
from icelos.jobs.mail.detector.thresholds import WANTED_FPR, thresholds_for
from icelos.jobs.mail.detector.versions import Versions, new_version
from icelos.jobs.mail.improve.loop import Improved, improve, kind_of, log_odds, split
from icelos.jobs.mail.improve.mailboxes import Mailboxes, Source, read_mailboxes, synthesiser
from icelos.jobs.mail.judge import known_of, models_folder, senders_path
from icelos.jobs.mail.senders.learning import Learnt, learn_senders
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.synthesis.near_copies import Refusals
from icelos.jobs.mail.synthesis.writer import Writer
from icelos.llm.connect import connect
from icelos.llm.encoder import Encoder
from icelos.records import Mail
from icelos.settings import Settings

Generator = Literal["compose", "llm", "embedded"]
Progress = Callable[[str, int], None]
"""Told what is being done, and how many mails of it are done."""


def _quiet(_what: str, _done: int) -> None:
    """Nobody watches."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was made: its version, whether it is in force now, and what it is worth."""

    version: str
    in_force: bool
    generator: str
    refused: Mapping[str, int]
    failures: int
    measured: Improved


def improve_from(
    settings: Settings,
    malicious: Sequence[str],
    ham: Sequence[str],
    *,
    number: int = 12_000,
    generator: Generator = "compose",
    real: bool = False,
    wanted_fpr: float = WANTED_FPR,
    seed: int = 0,
    force: bool = False,
    progress: Progress = _quiet,
) -> Kept:
    """Close the gap between the model in force and the mail in these places; files, folders, as for a scan.

    What users told (`tell`) is taken in as well. The new model is in force only where it finds more at a
    false-positive rate whose interval holds the wanted one, or with `force`. Raises InputError,
    SettingsError, MissingExtra.
    """
    versions = Versions(models_folder(settings))
    base = versions.load()
    encoder = Encoder() if settings.mail.encoder == "on" and Encoder.available() else None
    told = _told_folder(settings)
    refusals = Refusals()
    with ExitStack() as stack:
        writer = _writer(settings, generator, stack)  # before mail is read: what is missing is told at once
        boxes = read_mailboxes(
            _sources([*malicious, *_there(told / "spam")]), _sources(ham),
            reported=_sources(_there(told / "ham")), known=known_of(settings.mail), encoder=encoder,
            progress=lambda done: progress("reading", done),
        )  # fmt: skip
        make = synthesiser(
            number, boxes.copies, seed=seed, writer=writer, encoder=encoder, refusals=refusals,
            progress=lambda done: progress("writing synthetic mail", done),
        )  # fmt: skip
        now = datetime.now(UTC)
        model, measured = improve(
            base, split(boxes.corpus, seed=seed), make, version=new_version(now), real=real, seed=seed,
            created=now.isoformat(timespec="seconds"), wanted_fpr=wanted_fpr,
        )  # fmt: skip
    better = force or is_better(measured, wanted_fpr)
    versions.add(model, put_in_force=better)
    measured = msgspec.structs.replace(measured, refused=sum(refusals.refused.values()))
    return Kept(
        version=model.card.version, in_force=better, generator=generator, refused=dict(refusals.refused),
        failures=boxes.failures, measured=measured,
    )  # fmt: skip


def is_better(measured: Improved, wanted_fpr: float) -> bool:
    """Whether more is found, at a false-positive rate that may be the wanted one."""
    after = measured.after
    return after.recall.hits > measured.before.recall.hits and after.false_positives.low <= wanted_fpr


def calibrate_from(
    settings: Settings,
    ham: Sequence[str],
    *,
    wanted_fpr: float = WANTED_FPR,
    progress: Progress = _quiet,
) -> tuple[str, Thresholds]:
    """Choose the threshold of the model in force by the user's own ham; a new version of it is in force then.

    Raises InputError for too little ham.
    """
    versions = Versions(models_folder(settings))
    model = versions.load()
    encoder = _encoder(settings, model)
    boxes = _ham_alone(settings, ham, encoder, progress)
    kind = kind_of(boxes.corpus.examples, model)
    found = thresholds_for(log_odds(model, boxes.corpus), wanted_fpr)
    version = f"{new_version()}-calibrated"
    card = msgspec.structs.replace(
        model.card, version=version, created=datetime.now(UTC).isoformat(timespec="seconds"),
        thresholds={**model.card.thresholds, kind: found},
        notes=f"{model.card.version} with a threshold by {found.ham} own mails of ham",
    )  # fmt: skip
    versions.add(model._replace(card=card))
    return version, found


def know_senders(settings: Settings, ham: Sequence[str], *, progress: Progress = _quiet) -> Learnt:
    """Let clean mail teach the sender sketches of the workspace. Raises InputError, StoreError."""
    with closing(SenderStore(senders_path(settings))) as store:
        return learn_senders(
            store, _sources(ham), trusted=settings.mail.trusted_servers,
            progress=lambda done: progress("getting to know senders", done),
        )  # fmt: skip


def _ham_alone(
    settings: Settings, ham: Sequence[str], encoder: Encoder | None, progress: Progress
) -> Mailboxes:
    return read_mailboxes(
        (), _sources(ham), known=known_of(settings.mail), encoder=encoder,
        progress=lambda done: progress("reading", done),
    )  # fmt: skip


def tell(settings: Settings, places: Sequence[str], *, spam: bool | None) -> int:
    """Keep mails with what a person says of them, for the next `improve`; how many. Raises InputError."""
    outbox = Outbox(_told_folder(settings))
    number = 0
    for record in _sources(places):
        if isinstance(record, Mail):
            outbox.tell(Told(record.raw, spam))
            number += 1
    if not number:
        raise InputError("no mail there", source=", ".join(places))
    return number


def _told_folder(settings: Settings) -> Path:
    return Workspace.of(settings).folder("mail") / "feedback"


def _there(folder: Path) -> list[str]:
    return [str(folder)] if folder.is_dir() and any(folder.iterdir()) else []


def _sources(places: Sequence[str]) -> Source:
    for place in places:
        if place != "-" and not Path(place).exists():
            raise InputError("no such file or folder", source=place)
    return chain.from_iterable(MailSource(place) for place in places)


def _encoder(settings: Settings, model: MailModel) -> Encoder | None:
    wanted = settings.mail.encoder == "on" and model.meaning is not None
    return Encoder() if wanted and Encoder.available() else None


def _writer(settings: Settings, generator: Generator, stack: ExitStack) -> Writer | None:
    """The model that writes synthetic mail; it is given intents and made-up people, never a real mail."""
    if generator == "compose":
        return None
    if generator == "embedded":
        from icelos.llm.embedded import EmbeddedServer

        return Writer(stack.enter_context(EmbeddedServer()).connect(), kind="embedded")
    llm = connect(settings)
    if llm is None:
        raise SettingsError("no model is configured to write mail", hint="set ICELOS_LLM_BASE_URL and _MODEL")
    return Writer(llm, kind="llm")
