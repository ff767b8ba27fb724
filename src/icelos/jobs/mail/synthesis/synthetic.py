"""What the generators give: one simulated mail with its labels. Nothing here is ever sent.

`Scene` is one situation of a phrase bank; `SyntheticMail` is one mail made from it.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from icelos.jobs.mail.intents.taxonomy import is_malicious


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One situation: who writes, about what, with which wish. Every list holds interchangeable phrases."""

    intent: str
    name: str
    language: str
    style: str
    senders: tuple[str, ...]
    subjects: tuple[str, ...]
    openers: tuple[str, ...]
    details: tuple[str, ...]
    pressures: tuple[str, ...]
    asks: tuple[str, ...]
    actions: tuple[str, ...]
    extras: tuple[str, ...]
    twin: str = ""
    attachment: str = ""

    @property
    def malicious(self) -> bool:
        return is_malicious(self.intent)


class Span(NamedTuple):
    """Characters `start` to `end` of a mail's text carry the intent."""

    start: int
    end: int
    intent: str


class SyntheticLink(NamedTuple):
    """What a link shows, and where it leads."""

    text: str
    url: str


class SyntheticMail(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated mail. `text` is what its reader sees; `html`, where there is one, shows the same.

    `html_only` tells that the message has no plain part. `intents` has one id or two, the first is the
    scene's. `twin_of` is the id of the mail that this is the harmless twin of. `made_by` names the generator:
    "compose", "longer", or "llm:" or "embedded:" with the model's name. `attachment` is a file name or empty.
    """

    id: str
    subject: str
    sender_name: str
    sender_address: str
    recipient: str
    text: str
    html: str | None
    html_only: bool = False
    links: tuple[SyntheticLink, ...] = ()
    intents: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    language: str
    scene: str
    style: str
    seed: int
    twin_of: str = ""
    made_by: str = "compose"
    attachment: str = ""
    labelled_malicious: bool | None = None
    """Set only by the control without intents, where the label does not follow from the intents."""

    @property
    def malicious(self) -> bool:
        """The label to learn from."""
        if self.labelled_malicious is not None:
            return self.labelled_malicious
        return any(is_malicious(intent) for intent in self.intents)
