"""A row's score as a finding: what was unusual, against what history, in words of the row's own fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from icelos.data.query.language import text_of_time
from icelos.findings import Evidence, Finding, How, Verdict
from icelos.jobs.logs.detect.behaviour import HOURS, Behaviour, Matrix
from icelos.jobs.logs.detect.columns import Floats
from icelos.jobs.logs.detect.feedback import FIELD
from icelos.jobs.logs.detect.feedback import Verdict as Benign
from icelos.jobs.logs.detect.model import Detector
from icelos.jobs.logs.profile.formats import seconds_of
from icelos.records import record_id

JOB = "logs"
LABEL = "unusual-behaviour"
HELD_BACK = "held-back"
UNKNOWN = "unknown-schema"
_REASONS = 4
"""Reasons told of a row."""
_SHOWN = 120
_SURPRISE, _NOVEL, _OTHERS = "surprise: ", "usual novelty: ", "others with it: "


def finding(
    detector: Detector, row: Matrix, score: float, shares: Floats, values: Mapping[str, object], *,
    id: str, source: str, incident: str,
) -> Finding:  # fmt: skip
    """The finding of one row: features (features), what each adds to its score, and the row's values by
    path."""
    reasons = _reasons(detector.behaviour, row, shares, values)
    calibration = detector.settings.calibration
    history = float(np.expm1(row[detector.behaviour.names.index("history")]))
    who = _shown(values.get(detector.settings.layout.user))
    judged = f"by {history:.0f} earlier rows of {who}"
    if history < 1:
        judged = f"by everybody's rows: {who} has no history"
        if peers := detector.settings.layout.peers:
            group = f"{peers} {_shown(values.get(peers))}"
            judged = f"by rows of its peers, those of {group}, and of all: {who} has no history"
    return Finding(
        record_id=id,
        job=JOB,
        verdict=Verdict.ALERT,
        label=LABEL,
        score=detector.share_below(score),
        summary=f"{'; '.join(reasons[:2])} (judged {judged})",
        evidence=tuple(Evidence(reason[:300], source, How.MODEL) for reason in reasons),
        made_by={
            "detector": detector.version,
            "threshold": f"{calibration.threshold:.3f} for {calibration.budget:g} alerts a day",
            **({"teacher": detector.settings.teacher} if detector.settings.teacher else {}),
        },
        source=source,
        attributes={
            "incident": incident, "entity": who, "resembles": detector.resembles(row),
            "time": _moment(values.get(detector.settings.layout.time)),
            **_address(values.get(detector.settings.layout.source)),
            **{f"{FIELD}{field}": value for field, value in unusual_values(detector, row, values).items()},
        },
    )  # fmt: skip


def unusual_values(detector: Detector, row: Matrix, values: Mapping[str, object]) -> dict[str, str]:
    """The values of a row that are new to its user, by field."""
    names = detector.behaviour.names
    facets = detector.settings.layout.facets
    return {one: _shown(values.get(one)) for one in facets if row[names.index(f"{_NOVEL}{one}")] > 0}


def held_back(finding: Finding, said: Benign) -> Finding:
    """The finding of a row whose unusual values an analyst has called benign: clear, and says so."""
    why = f"held back until {said.until} by the verdict on {said.incident}"
    note = f" ({said.note})" if said.note else ""
    return msgspec.structs.replace(
        finding, verdict=Verdict.CLEAR, label=HELD_BACK, summary=f"{why}{note}: {finding.summary}"
    )


def unknown(detector: Detector, *, id: str, source: str) -> Finding:
    """The finding of a row with none of the fields that are watched: nobody looked, so it is not clear."""
    return Finding(
        record_id=id,
        job=JOB,
        verdict=Verdict.UNKNOWN,
        label=UNKNOWN,
        summary="has none of the fields that the detector watches: train one on such rows",
        made_by={"detector": detector.version},
        source=source,
    )


def incident_of(who: str, first: str) -> str:
    """The id of an incident, by its entity and its first row."""
    return record_id("incident", who, first)[:12]


def _reasons(behaviour: Behaviour, row: Matrix, shares: Floats, values: Mapping[str, object]) -> list[str]:
    """What adds most to the score, each thing once."""
    found: dict[str, str] = {}
    features = dict(zip(behaviour.names, row.tolist(), strict=True))
    for place in np.argsort(-shares).tolist():
        if shares[place] <= 0 or len(found) == _REASONS:
            break
        subject, told = _told(behaviour.names[place], features, values)
        if told:
            found.setdefault(subject, told)
    return list(found.values()) or ["an unusual row as a whole"]


def _told(name: str, features: Mapping[str, float], values: Mapping[str, object]) -> tuple[str, str]:
    """What a feature is about, and what it says; "" where it says nothing alone."""
    for head in (_SURPRISE, _NOVEL, _OTHERS):
        if name.startswith(head):
            facet = name[len(head) :]
            return facet, _of_facet(facet, features, values)
    burst, _, horizon = name.rpartition(", ")
    if burst:
        count = np.expm1(features[name])
        told = {
            "failures of the user": f"{count:.0f} failures of this user within {horizon}",
            "failures of the source": f"{count:.0f} failures from this address within {horizon}",
            "new users of the source": f"{count:.0f} users are new to this address within {horizon}",
            "new sources of the user": f"{count:.0f} new addresses of this user within {horizon}",
            "same result": f"{count:.0f} times the same result within {horizon}",
            "same kind": f"{count:.0f} times the same within {horizon}",
            "rows of the user": f"{count:.0f} rows of this user within {horizon}",
            "rows of the source": f"{count:.0f} rows from this address within {horizon}",
            "more than usual": f"{2 ** features[name]:.1f} times as many rows as usual within {horizon}",
        }.get(burst, "")
        return burst, told if count >= 1 else ""
    return name, _overall(name, features[name])


def _of_facet(facet: str, features: Mapping[str, float], values: Mapping[str, object]) -> str:
    others = np.expm1(features[_OTHERS + facet])
    value = _shown(values.get(facet)) if facet != HOURS else "this time of the week"
    if features[_NOVEL + facet] > 0:
        users = "nobody has it" if others < 0.5 else f"about {max(1, round(others))} others have it"
        return f"{facet} {value}: new to this user, {users}"
    if features[_SURPRISE + facet] > 3:
        return f"{facet} {value}: rare for this user (1 of {2 ** features[_SURPRISE + facet]:.0f} rows)"
    return ""


def _overall(name: str, value: float) -> str:
    told = {
        "session moved": "the session has been used from another address",
        "speed": f"{np.expm1(value):,.0f} km/h from the last place",
        "distance": f"{np.expm1(value):,.0f} km from the last place",
        "new to the user": f"{_fields(value)} new to this user",
        "new to all": f"{_fields(value)} new to everybody",
        "new to peers": f"{_fields(value)} new to the user's peers",
        "step": "this user does not do this after what was before",
        "failure": "it failed",
    }.get(name, "")
    return told if value > 0 else ""


def _fields(count: float) -> str:
    return "1 field is" if round(count) == 1 else f"{count:.0f} fields are"


def _address(value: object) -> dict[str, str]:
    return {"source_ip": _shown(value)} if value else {}


def _moment(value: object) -> str:
    """A time as RFC 3339, UTC, where it can be read as one."""
    seconds = seconds_of(value, numbers=True) if isinstance(value, str | int | float) else None
    if seconds is None:
        return _shown(value)
    return text_of_time(datetime.fromtimestamp(seconds, UTC).replace(microsecond=0))


def _shown(value: object) -> str:
    text = "(none)" if value is None or value == "" else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def values_by_path(paths: Sequence[str], values: Sequence[Any]) -> dict[str, object]:
    """Values of a reader by their paths."""
    return {path: value for path, value in zip(paths, values, strict=True) if path}
