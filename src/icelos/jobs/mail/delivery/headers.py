"""What a mail's new headers say: X-Spam-* as SpamAssassin writes them, and X-Icelos-* with the reasons.

Fields of these names that come in with a mail were written by strangers, and go.
"""

from __future__ import annotations

from icelos import __version__
from icelos.jobs.mail.delivery.fields import rewritten
from icelos.jobs.mail.delivery.points import REQUIRED, Points, points
from icelos.jobs.mail.delivery.policy import Action, Policy
from icelos.jobs.mail.judge import Judgement

ERROR = "X-Icelos-Error"
_OURS = ("x-spam-", "x-icelos-")
_MOST_SYMBOLS = 40


def is_ours(name: str) -> bool:
    """Whether a field, its name in lower case, is one that only this scanner may have written."""
    return name.startswith(_OURS)


def marked(raw: bytes, judgement: Judgement, policy: Policy) -> bytes:
    """The message with its headers. Else only the subject changes, where the policy has a tag for it."""
    tag = policy.subject_tag if policy.action(judgement) is Action.TAG else ""
    return rewritten(raw, verdict_fields(judgement, policy), unwanted=is_ours, tag=tag)


def not_judged(raw: bytes, reason: str) -> bytes:
    """The message as one that no verdict was reached on."""
    return rewritten(raw, [(ERROR, reason)], unwanted=is_ours)


def verdict_fields(judgement: Judgement, policy: Policy) -> list[tuple[str, str]]:
    """Name and value of each field, in the order in which they are prepended."""
    spam = policy.is_spam(judgement)
    told = points(judgement, policy.threshold, spam=spam)
    named = [("X-Spam-Flag", "YES")] if spam else []
    named += [
        ("X-Spam-Score", f"{told.total:.2f}"),
        ("X-Spam-Status", status(told, spam=spam)),
    ]
    if told.total >= 1:
        named.append(("X-Spam-Level", "*" * min(50, int(told.total))))
    named += [
        ("X-Icelos-Verdict", judgement.verdict.value),
        ("X-Icelos-Score", f"{judgement.score:.4f}"),
        ("X-Icelos-Symbols", " ".join(f"{name}={value:.2f}" for name, value in told.parts[:_MOST_SYMBOLS])),
        ("X-Icelos-Why", judgement.sentence),
    ]
    intents = sorted(judgement.intents.items(), key=lambda one: (-one[1], one[0]))[:5]
    if intents:
        named.append(("X-Icelos-Intents", " ".join(f"{name}={value:.2f}" for name, value in intents)))
    return [(name, value) for name, value in named if value]


def status(told: Points, *, spam: bool) -> str:
    """As milters and mail filters read it: "Yes, score=7.25 required=5.0 tests=A,B"."""
    tests = ", ".join(name for name, _ in told.parts[:_MOST_SYMBOLS]) or "none"
    answer = "Yes" if spam else "No"
    return f"{answer}, score={told.total:.2f} required={REQUIRED} tests={tests} version=icelos-{__version__}"


def report(judgement: Judgement, policy: Policy) -> str:
    """The reasons as a table for people, ASCII only: what `spamc -R` prints."""
    told = points(judgement, policy.threshold, spam=policy.is_spam(judgement))
    why = {name: one.why for (name, _), one in zip(told.parts, judgement.symbols, strict=False)}
    lines = [
        f"Icelos {__version__}: {judgement.verdict.value}, {told.total:.2f} of {REQUIRED} points",
        judgement.sentence,
        "",
        " pts  rule name              description",
        "----- ---------------------- --------------------------------------------------",
        *(f"{value:5.2f} {name:<22} {why.get(name, '')}" for name, value in told.parts[:_MOST_SYMBOLS]),
    ]
    return "\r\n".join(_ascii(line) for line in lines) + "\r\n"


def _ascii(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text[:1000])
