"""One mail and what was found in it, for other programs: JSON here, STIX 2.1 and ARF in their own files."""

from __future__ import annotations

import hashlib

import msgspec

from icelos.errors import InputError
from icelos.findings import Verdict
from icelos.jobs.mail.delivery.lists import with_lists
from icelos.jobs.mail.delivery.points import points
from icelos.jobs.mail.delivery.policy import policy_of
from icelos.jobs.mail.judge import Judge, Judgement, clean
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.signals.domains import addresses, parse_url
from icelos.jobs.mail.signals.signals import Signal

FORMATS = ("json", "stix", "arf")
MAX_URLS = 100


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: decoded size in bytes, hash of its content."""

    name: str
    content_type: str
    size: int
    sha256: str


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a mail. Texts are bounded and without controls; `sha256` is that of the mail itself.

    `accused` are the addresses of `urls` that a symbol speaks of, as a lure links to genuine pages too.
    """

    sha256: str
    message_id: str
    author: str
    author_address: str
    subject: str
    verdict: Verdict
    score: float
    points: float
    sentence: str
    symbols: tuple[Signal, ...]
    intents: dict[str, float]
    urls: tuple[str, ...]
    accused: tuple[str, ...]
    files: tuple[File, ...]
    made_by: dict[str, str]

    @property
    def domains(self) -> tuple[str, ...]:
        """Hosts of the links, each once."""
        return tuple(dict.fromkeys(host for url in self.urls if (host := _host(url))))


def report_of(raw: bytes, judge: Judge, form: str) -> bytes:
    """A mail, judged, in one of `FORMATS`. Raises InputError, MissingExtra."""
    if form not in FORMATS:
        raise InputError(f"no report format {form!r}", hint="json, stix or arf")
    policy = policy_of(judge.settings)
    judgement = with_lists(judge.judge(raw), raw, policy)
    told = points(judgement, policy.threshold, spam=policy.is_spam(judgement)).total
    reported = reported_of(raw, read_message(raw), judgement, told)
    if form == "stix":
        from icelos.jobs.mail.delivery.stix import as_stix

        return as_stix(reported)
    if form == "arf":
        from icelos.jobs.mail.delivery.arf import as_arf

        return as_arf(reported, raw)
    return msgspec.json.format(msgspec.json.encode(reported)) + b"\n"


def reported_of(raw: bytes, message: Message, judgement: Judgement, total: float) -> Reported:
    """`total` is the score in points."""
    author = clean(message.first("from"), 300)
    found = addresses(author)
    urls = tuple(dict.fromkeys(url for link in message.links if (url := _shown_url(link.target))))[:MAX_URLS]
    return Reported(
        sha256=hashlib.sha256(raw).hexdigest(),
        message_id=clean(message.first("message-id"), 300),
        author=author,
        author_address=found[-1][0] if found else "",
        subject=clean(message.subject, 300),
        verdict=judgement.verdict,
        score=judgement.score,
        points=total,
        sentence=clean(judgement.sentence, 1000),
        symbols=tuple(_cleaned(one) for one in judgement.symbols[:200]),
        intents=dict(judgement.intents),
        urls=urls,
        accused=_accused(urls, judgement.symbols),
        files=tuple(
            File(
                name=clean(a.name, 200), content_type=clean(a.content_type, 100), size=a.size, sha256=a.sha256
            )
            for a in message.attachments[:100]
        ),
        made_by=dict(judgement.made_by),
    )


def _cleaned(signal: Signal) -> Signal:
    return Signal(
        name=clean(signal.name, 60), weight=signal.weight, why=clean(signal.why, 300),
        where=clean(signal.where, 100), quote=clean(signal.quote, 300),
    )  # fmt: skip


def _shown_url(target: str) -> str:
    return clean(target, 2000) if target.lower().startswith(("http://", "https://")) else ""


def _host(url: str) -> str:
    parsed = parse_url(url)
    return parsed.host if parsed else ""


def _accused(urls: tuple[str, ...], symbols: tuple[Signal, ...]) -> tuple[str, ...]:
    against = " ".join(f"{one.why} {one.quote}"[:3000] for one in symbols[:100] if one.weight > 0).lower()
    return tuple(url for url in urls if (host := _host(url)) and host in against)
