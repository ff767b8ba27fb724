"""A reported mail as a STIX 2.1 bundle: what was seen, and for a suspicious mail an indicator and a sighting.

The mail's text is not in it. Ids come from what the objects are, so that the same mail gives the same bundle.
"""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any

from icelos import __version__
from icelos.errors import MissingExtra
from icelos.findings import Verdict
from icelos.jobs.mail.delivery.report import Reported

if TYPE_CHECKING:
    from types import ModuleType

_SPACE = uuid.UUID("5d1f6d1c-3b57-5b0e-9c57-6f3d8a1f2f10")
"""Of our ids of objects whose ids STIX leaves to their producer."""


def as_stix(reported: Reported, *, now: datetime.datetime | None = None) -> bytes:
    """Raises MissingExtra."""
    try:
        import stix2
    except ImportError as error:
        raise MissingExtra("stix2", extra="mail") from error
    now = now or datetime.datetime.now(datetime.UTC)
    us = stix2.Identity(
        id=_id("identity", "icelos"), name="Icelos", identity_class="system", created=now, modified=now
    )
    seen = _observables(stix2, reported)
    observed = stix2.ObservedData(
        id=_id("observed-data", reported.sha256), created_by_ref=us, created=now, modified=now,
        first_observed=now, last_observed=now, number_observed=1, object_refs=[one.id for one in seen],
    )  # fmt: skip
    objects = [us, *seen, observed]
    if reported.verdict in {Verdict.ALERT, Verdict.REVIEW}:
        objects += _accusation(stix2, reported, us, observed, now)
    objects.append(_report(stix2, reported, us, objects, now))
    bundle = stix2.Bundle(id=_id("bundle", reported.sha256), objects=objects)
    return bundle.serialize(pretty=True).encode("utf-8") + b"\n"  # type: ignore[no-any-return]


def _observables(stix2: ModuleType, reported: Reported) -> list[Any]:
    """The mail and what is in it, each once."""
    found: list[Any] = []
    author = stix2.EmailAddress(value=reported.author_address) if reported.author_address else None
    if author:
        found.append(author)
    given = {"subject": reported.subject, "message_id": reported.message_id, "from_ref": author and author.id}
    found.append(
        stix2.EmailMessage(is_multipart=False, **{name: value for name, value in given.items() if value})
    )
    found += [stix2.URL(value=url) for url in reported.urls]
    found += [stix2.DomainName(value=host) for host in reported.domains if not _is_ip(host)]
    for file in reported.files:
        if file.sha256:
            named = {"name": file.name} if file.name else {}
            found.append(stix2.File(hashes={"SHA-256": file.sha256}, size=file.size, **named))
    return list({one.id: one for one in found}.values())


def _accusation(
    stix2: ModuleType, reported: Reported, us: Any, observed: Any, now: datetime.datetime
) -> list[Any]:
    indicator = stix2.Indicator(
        id=_id("indicator", reported.sha256), created_by_ref=us, created=now, modified=now, valid_from=now,
        name=f"Suspicious mail: {reported.subject or reported.author_address or reported.sha256[:12]}"[:200],
        description=reported.sentence, indicator_types=["malicious-activity"], pattern_type="stix",
        pattern=_pattern(reported), confidence=round(100 * reported.score), labels=_labels(reported),
    )  # fmt: skip
    sighting = stix2.Sighting(
        id=_id("sighting", reported.sha256), created_by_ref=us, created=now, modified=now, first_seen=now,
        last_seen=now, count=1, sighting_of_ref=indicator, observed_data_refs=[observed.id],
        where_sighted_refs=[us.id],
    )  # fmt: skip
    return [indicator, sighting]


def _report(
    stix2: ModuleType, reported: Reported, us: Any, objects: list[Any], now: datetime.datetime
) -> Any:
    told = "; ".join(f"{one.name} {one.weight:+.2f}: {one.why}" for one in reported.symbols[:20])
    return stix2.Report(
        id=_id("report", reported.sha256), created_by_ref=us, created=now, modified=now, published=now,
        name=f"Mail judged {reported.verdict.value} by Icelos {__version__}",
        description=f"{reported.sentence} {told}"[:4000], report_types=["threat-report"],
        object_refs=[one.id for one in objects], labels=_labels(reported),
    )  # fmt: skip


def _labels(reported: Reported) -> list[str]:
    likely = [name for name, value in reported.intents.items() if value >= 0.5]
    return [f"verdict:{reported.verdict.value}", *sorted(likely)[:10]]


def _pattern(reported: Reported) -> str:
    """What would find the same mail, its accused links or its files again."""
    parts = [f"[url:value = {_quoted(url)}]" for url in reported.accused[:20]]
    parts += [f"[file:hashes.'SHA-256' = '{file.sha256}']" for file in reported.files[:20] if file.sha256]
    if not parts and reported.message_id:
        parts = [f"[email-message:message_id = {_quoted(reported.message_id)}]"]
    elif not parts:
        parts = [f"[email-message:subject = {_quoted(reported.subject)}]"]
    return " OR ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _is_ip(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(_SPACE, f'{kind} {name}')}"
