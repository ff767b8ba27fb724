"""All signals of a message: each looks at one trick, quotes what it saw, and has a weight.

The looks live in a file for each kind of trick, and their weights in the table of `symbols`. Weights and
`BIAS` sum to the score's log-odds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from icelos.jobs.mail.reading.message import Message
from icelos.jobs.mail.signals import attachments, content, identity, links, origin
from icelos.jobs.mail.signals.authentication import Origin
from icelos.jobs.mail.signals.facts import Facts, Known, known_of
from icelos.jobs.mail.signals.symbols import BIAS, SYMBOLS, Signal

__all__ = ["BIAS", "SYMBOLS", "Facts", "Known", "Signal", "signals", "signals_of"]

_LOOKS: tuple[Callable[[Facts], Iterator[Signal]], ...] = (
    *identity.LOOKS, *links.LOOKS, *attachments.LOOKS, *content.LOOKS,
)  # fmt: skip


def signals(
    message: Message,
    *,
    trusted: Sequence[str] = (),
    known: Known | None = None,
    checked: Origin | None = None,
) -> list[Signal]:
    """All signals of a message, the heaviest first, each name once.

    `trusted` names the servers whose Authentication-Results count, besides those in `known`; empty = the
    topmost counts, for failures only. `checked` is what was checked here, where it was.
    """
    return signals_of(Facts(message, known_of(trusted, known)), checked)


def signals_of(facts: Facts, checked: Origin | None = None) -> list[Signal]:
    """As `signals`, for facts that serve others too."""
    found: dict[str, Signal] = {}
    for look in _LOOKS:
        for signal in look(facts):
            if signal.name not in found or found[signal.name].weight < signal.weight:
                found[signal.name] = signal
    found.update((signal.name, signal) for signal in origin.origin(facts, checked))
    return sorted(found.values(), key=lambda signal: (-signal.weight, signal.name))
