"""What comes first among findings: what is known of a vulnerability, its risk and CISA's decision."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from icelos.data.intelligence import Intel, Intelligence, combined
from icelos.data.parse.intelligence import Facts
from icelos.data.statement import Statement
from icelos.jobs.vulns.risk import Exposure, Reach, Risk, risk
from icelos.jobs.vulns.severity import severity_of
from icelos.jobs.vulns.ssvc import advice_on


class Priority(msgspec.Struct, frozen=True):
    """The risk of one finding, and the attributes that show it; those that nobody knows are not there."""

    risk: Risk
    attributes: dict[str, str]


class Prioritiser:
    """Looks up what is known of vulnerabilities; without a database, what their advisories say."""

    def __init__(self, intelligence: Intelligence | None = None, mission_impact: str = "") -> None:
        self._intelligence, self._mission_impact = intelligence, mission_impact

    def of(
        self,
        statements: Sequence[Statement],
        reach: Reach = Reach.UNKNOWN,
        exposure: Exposure | None = None,
    ) -> Priority:
        """The priority of what these statements are about. Raises StoreError."""
        return self._priority(self._intel(statements), reach, exposure)

    def of_names(self, names: Sequence[str], said: Sequence[Facts], exposure: Exposure) -> Priority:
        """The priority of a vulnerability without an advisory, by its ids and what is `said` of it."""
        if self._intelligence is None:
            return self._priority(combined(tuple(names), said, kev_known=False), Reach.UNKNOWN, exposure)
        return self._priority(self._intelligence.about(names, said), Reach.UNKNOWN, exposure)

    def _priority(self, intel: Intel, reach: Reach, exposure: Exposure | None) -> Priority:
        severity = severity_of(intel.vectors, intel.rating)
        found = risk(intel, severity, reach, exposure)
        advice = advice_on(intel, self._mission_impact)
        values = {
            "severity": severity.word if severity else "",
            "cvss": severity.vector if severity else "",
            "cvss_score": f"{severity.score * 10:.1f}" if severity and severity.vector else "",
            "weaknesses": " ".join(intel.weaknesses),
            "epss": _number(intel.epss),
            "epss_percentile": _number(intel.percentile),
            "kev": intel.kev_added,
            "kev_due": intel.kev_due,
            "ransomware": "known" if intel.ransomware else "",
            "ssvc": str(advice) if advice else "",
            "risk": f"{found.score:.4f}",
            "risk_low": f"{found.low:.4f}",
            "risk_high": f"{found.high:.4f}",
            "risk_terms": str(found),
        }
        return Priority(found, {name: value for name, value in values.items() if value})

    def _intel(self, statements: Sequence[Statement]) -> Intel:
        advisories = [advisory for advisory, _ in statements]
        names = tuple(dict.fromkeys(name for a in advisories for name in (*a.names, *a.cves)))
        said = [
            Facts(name=a.id, vectors=a.vectors, rating=a.rating, weaknesses=a.weaknesses) for a in advisories
        ]
        if self._intelligence is None:
            return combined(names, said, kev_known=False)
        return self._intelligence.about(names, said)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"
