"""The views of findings: their fields, the SQL of each over the table `facts AS outcomes`, and what it is
worth.

`facts` has the columns; state and assignee come from the casework's own file, attached as `casework`.
"""

from __future__ import annotations

from collections.abc import Mapping

from icelos.contracts import Tier
from icelos.data.query import facts
from icelos.data.query.language import Field, Kind, View

STATE = "coalesce((SELECT state FROM casework.current WHERE finding_id = outcomes.id), 'open')"
ASSIGNEE = "coalesce((SELECT assignee FROM casework.current WHERE finding_id = outcomes.id), '')"
REASON = "coalesce((SELECT reason FROM casework.current WHERE finding_id = outcomes.id), '')"
_CLOSING = """(SELECT {what} FROM casework.events WHERE finding_id = outcomes.id
  AND step IN ('closed', 'merged')
  AND EXISTS (SELECT 1 FROM casework.current WHERE finding_id = outcomes.id AND state = 'closed')
  ORDER BY number DESC LIMIT 1)"""
CLOSED_BY = f"coalesce({_CLOSING.format(what='actor')}, '')"
CLOSED = _CLOSING.format(what="replace(at, '+00:00', 'Z')")
"""Who closed a finding that is closed, and when."""
_COMPUTED, _PUBLISHED, _OUTSIDE = Tier.COMPUTED, Tier.PUBLISHED, Tier.OUTSIDE


def _text(name: str, tier: Tier = _OUTSIDE, *, sql: str = "", own: str = "") -> Field:
    return Field(name, Kind.TEXT, sql or f"outcomes.{name}", tier, own)


_COMMON = (
    _text("id", _COMPUTED),
    _text("job", _COMPUTED),
    _text("record_id", _COMPUTED),
    _text("verdict", _COMPUTED),
    _text("label", _COMPUTED),
    Field("score", Kind.NUMBER, "outcomes.score", _COMPUTED),
    _text("summary"),
    _text("source"),
    Field("seen", Kind.TIME, "outcomes.seen", _COMPUTED),
    _text("state", _COMPUTED, sql=STATE),
    _text("assignee", Tier.OWN, sql=ASSIGNEE),
    _text("reason", _COMPUTED, sql=REASON),
    _text("closed_by", Tier.OWN, sql=CLOSED_BY),
    Field("closed", Kind.TIME, CLOSED, _COMPUTED),
)
_FAILURE = (
    _text("id", _COMPUTED),
    _text("job", _COMPUTED),
    _text("record_id", _COMPUTED),
    _text("error", sql="json_extract(CAST(outcomes.body AS TEXT), '$.error')"),
    _text("source"),
    Field("seen", Kind.TIME, "replace(outcomes.seen, '+00:00', 'Z')", _COMPUTED),
)
_TIME = Field("time", Kind.TIME, "outcomes.time", _COMPUTED)
_ENTITY = _text("entity", own=f"outcomes.who = {facts.own_part('{0}')}")
_EXPLOITABLE = "outcomes.status = 'affected' AND outcomes.verdict IN ('alert', 'review')"
"""As `facts.EXPLOITABLE`, whose index is found by it."""


def _view(name: str, *fields: Field) -> View:
    return View(name, {field.name: field for field in (*_COMMON, *fields)})


VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        _view("findings"),
        _view(
            "vulnerabilities",
            *(
                _text(name, _PUBLISHED)
                for name in ("vulnerability", "advisory", "purl", "package", "version", "fixed_in")
            ),
            _text("severity", _PUBLISHED),
            _text("status", _COMPUTED),
            Field("exploitable", Kind.BOOLEAN, f"coalesce({_EXPLOITABLE}, false)", _COMPUTED, _EXPLOITABLE),
            _text("kev", _COMPUTED),
            Field("epss", Kind.NUMBER, "outcomes.epss", _COMPUTED),
            _text("target"),
        ),
        _view(
            "mail",
            _text("sender", own=_ENTITY.own),
            _text("recipients"),
            _text("subject"),
            _text("intents", _COMPUTED),
            _TIME,
        ),
        _view(
            "log_alerts",
            _ENTITY,
            _text("source_ip"),
            _text("host"),
            _TIME,
            _text("technique", _COMPUTED),
            _text("incident", _COMPUTED),
            _text("resembles", _COMPUTED),
            _text("rule"),
        ),
        View("failures", {field.name: field for field in _FAILURE}),
    )
}
JOBS = {"vulnerabilities": "vulns", "mail": "mail", "log_alerts": "logs"}
"""The job whose findings a view has."""
