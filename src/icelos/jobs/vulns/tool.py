"""`analyze`: one vulnerability judged again, against what is kept and what is known of it now.

What is kept are the components of earlier findings: nothing is read from images or hosts here. Their versions
are judged by the advisories of the workspace as they stand now, and what differs from the finding is told. A
verdict of an investigation, of a scanner's report or of a person rests on more than versions, and is never
overruled: it is told whether what it rested on is still the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from icelos.contracts import Fact, Observation, Principal, Right, Tier, Tool
from icelos.data.advisory_store import AdvisoryStore
from icelos.data.components import places_of
from icelos.data.intelligence import Intel
from icelos.data.query.findings import FindingsReader
from icelos.data.query.language import parsed
from icelos.data.query.views import VIEWS
from icelos.data.workspace import ADVISORIES
from icelos.findings import Failure, Finding
from icelos.jobs.vulns.basis import ATTRIBUTE, differences
from icelos.jobs.vulns.job import VulnsJob
from icelos.jobs.vulns.priority import Prioritiser
from icelos.llm.read_tools import ReadingTool, Scalar, digest, object_schema, plain, text_schema
from icelos.records import Component, record_id
from icelos.settings import Settings

MOST_FINDINGS = 200
MOST_COMPONENTS = 1000
"""Components of other findings that are looked through for ones that this is new for."""
_BY_VERSION = "version ranges"


class Analyze(ReadingTool):
    """`analyze {target?, vulnerability}`."""

    right = Right.RUN
    tool = Tool(
        "analyze",
        "Judge one vulnerability again, now: the components of kept findings by the advisories of the"
        " workspace, KEV and EPSS as they stand. Says what has changed since a finding, and what it rests on",
        object_schema(
            ("vulnerability",),
            vulnerability=text_schema("CVE or advisory id", most=80),
            target=text_schema("Only this target: an image, a bill of materials, a host", most=300),
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        home = settings.home
        self._reader = FindingsReader(home / "findings.sqlite", home / "casework.sqlite")

    def _found(self, given: dict[str, Any], principal: Principal) -> Observation:
        name, target = given["vulnerability"].strip(), given.get("target", "").strip()
        path = self._settings.home / ADVISORIES
        findings = self._kept(name, target, principal)
        if not path.is_file():
            hint = "there are no advisories in the workspace: `icelos feeds update osv alpine kev epss`"
            return Observation(facts=tuple(map(_as_it_was, findings)), total=len(findings), notices=(hint,))
        with AdvisoryStore(path, renew=False) as advisories:
            return self._judged(name, target, findings, advisories, principal)

    def _judged(
        self,
        name: str,
        target: str,
        findings: Sequence[Finding],
        advisories: AdvisoryStore,
        principal: Principal,
    ) -> Observation:
        known = _names(name, findings)
        intel = advisories.intelligence.about(known)
        job = VulnsJob(advisories, Prioritiser(advisories.intelligence, self._settings.vulns.mission_impact))
        again = [(one, _again(job, component_of(one))) for one in findings]
        facts = [_known(name, intel, advisories)]
        facts += [_compared(before, after, intel, advisories) for before, after in again]
        others, whole = self._others(findings, target, principal)
        for component in others:
            facts += [_new(one, intel) for one in _newly(component, known, job, advisories)]
        notices = [_RESTS.format(data=advisories.described)]
        if not whole:
            notices.append(f"only {MOST_COMPONENTS:,} components of other findings were looked through")
        if not findings and len(facts) == 1:
            about = f" on {target}" if target else ""
            notices.append(plain(f"no kept component{about} is named by an advisory of {name}", 300))
        return Observation(facts=tuple(facts[:100]), total=len(facts), notices=tuple(notices))

    def _kept(self, name: str, target: str, principal: Principal) -> list[Finding]:
        """Kept findings of the vulnerability by its name or an advisory's."""
        found: dict[str, Finding] = {}
        for field in ("vulnerability", "advisory"):
            where = [_condition(field, name), *([_condition("target", target)] if target else [])]
            asked = {"view": "vulnerabilities", "where": where, "limit": MOST_FINDINGS}
            for one in self._reader.whole(parsed(asked, VIEWS), principal=principal):
                found.setdefault(one.id, one)
        return list(found.values())[:MOST_FINDINGS]

    def _others(
        self, findings: Sequence[Finding], target: str, principal: Principal
    ) -> tuple[list[Component], bool]:
        """Components that other findings are of, and whether these are all."""
        judged = {(one.attributes.get("target", ""), one.attributes.get("purl", "")) for one in findings}
        where = [{"field": "purl", "is": "is_set"}, *([_condition("target", target)] if target else [])]
        names = ["target", "purl", "package", "version"]
        answer = self._reader.ask(
            {"view": "vulnerabilities", "where": where, "distinct": names, "limit": MOST_COMPONENTS},
            principal=principal,
        )
        components = [
            Component(
                id=record_id(of or "", purl), source=of or "", target=of or "", purl=purl, name=package or "",
                version=version or "",
            )
            for of, purl, package, version in answer.rows
            if (of or "", purl) not in judged
        ]  # fmt: skip
        return components, answer.total is not None and answer.total <= MOST_COMPONENTS

    def close(self) -> None:
        """Close the store."""
        self._reader.close()


_RESTS = (
    "it rests on the components of kept findings and on {data}; components that nothing was ever found of are"
    " not kept: `icelos vulns analyze TARGET` looks at all"
)


def _condition(field: str, value: str) -> dict[str, str]:
    return {"field": field, "is": "=", "value": value}


def component_of(finding: Finding) -> Component:
    """The component that a finding is of, as far as the finding tells."""
    said = finding.attributes.get
    return Component(
        id=finding.record_id,
        source=finding.source,
        target=said("target", ""),
        target_id=said("target_id", ""),
        purl=said("purl", ""),
        name=said("name", ""),
        version=said("version", ""),
        location=said("location", ""),
        owner=said("owner", ""),
        layer=said("layer", ""),
        advisory=said("advisory", ""),
    )


def _names(name: str, findings: Sequence[Finding]) -> tuple[str, ...]:
    """A vulnerability by all names that its findings know."""
    found = dict.fromkeys([name, name.upper()])
    for one in findings:
        said = one.attributes
        found |= dict.fromkeys(
            [said.get("vulnerability", ""), said.get("advisory", ""), *said.get("aliases", "").split()]
        )
    return tuple(one for one in found if one)


def _again(job: VulnsJob, component: Component) -> Finding | Failure:
    outcome = job.score([component])[0]
    assert outcome is not None  # noqa: S101 - the job has an outcome for every record
    return outcome


def _known(name: str, intel: Intel, advisories: AdvisoryStore) -> Fact:
    """What the feeds say of the vulnerability itself."""
    kev = intel.kev_added if intel.in_kev else None
    listed = f"in KEV since {kev}" if kev else "not in KEV" if intel.in_kev is False else "KEV is not loaded"
    likely = f"EPSS {intel.epss:.5f}" if intel.epss is not None else "no EPSS score is loaded"
    values: dict[str, Scalar] = {
        "vulnerability": name,
        "kev": kev,
        "kev_known": intel.in_kev is not None,
        "epss": intel.epss,
        "ransomware": intel.ransomware,
        "exploitation": intel.exploitation or None,
        "data": advisories.described,
    }
    return Fact(
        ref=digest("analyze", "known", name, advisories.described), text=f"{name}: {listed}; {likely}",
        source=advisories.described, values=values, tier=Tier.PUBLISHED,
    )  # fmt: skip


def _compared(before: Finding, after: Finding | Failure, intel: Intel, advisories: AdvisoryStore) -> Fact:
    said = before.attributes
    values: dict[str, Scalar] = _columns(said) | {
        "before": said.get("status") or before.label,
        "before_label": before.label,
        "verdict": before.verdict.value,
        "method": before.made_by.get("method"),
        "data_before": before.made_by.get("data"),
        "data": advisories.described,
    }
    if isinstance(after, Failure):
        now, changed, why = "", True, f"it cannot be judged now: {after.error}"
    elif before.made_by.get("method", _BY_VERSION) == _BY_VERSION and not _decided_otherwise(before):
        now = after.attributes.get("status") or after.label
        changes = [*_moved(said, after.attributes), *_raised(said, intel)]
        changed = bool(changes)
        why = "; ".join(changes) or "nothing has changed"
    else:
        now = said.get("status") or before.label
        parts = _ground(before, after)
        raised = _raised(said, intel)
        changed = bool(parts or raised)
        stands = (
            f"the ground of its verdict has changed ({', '.join(parts)}): analyse the target again"
            if parts
            else ("what its verdict rests on here is the same; versions alone do not overrule it")
        )
        why = "; ".join([stands, *raised])
    values |= {"now": now, "changed": changed, "why": why}
    text = f"{_named(said)}: was {values['before']}"
    return Fact(
        ref=f"finding:{before.job}/{before.record_id}", text=f"{text}{f', is {now}' if now else ''}: {why}",
        source=before.source, values=values, tier=Tier.PUBLISHED,
    )  # fmt: skip


def _decided_otherwise(finding: Finding) -> bool:
    """Whether people or documents had the last word."""
    return any(name in finding.attributes for name in ("excepted", "decision", "vex", "decided_by"))


def _ground(before: Finding, after: Finding) -> list[str]:
    """What an investigated verdict rested on, of that which can be compared here."""
    if "data" not in before.made_by:  # by other advisories than those of the workspace
        return []
    unseen = {"fix", "rules", "files", "code", "names", "all", "component"}
    return differences(before.attributes.get(ATTRIBUTE, ""), after.attributes.get(ATTRIBUTE, ""), but=unseen)


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Differences of what versions and advisories decide."""
    told = {"status": "status", "fixed_in": "fixed versions", "affected": "affected versions"}
    return [
        f"{words} {before.get(name) or 'none'} -> {after.get(name) or 'none'}"
        for name, words in told.items()
        if before.get(name, "") != after.get(name, "")
    ]


def _raised(before: Mapping[str, str], intel: Intel) -> list[str]:
    """What is known of exploitation and was not, or the other way round."""
    found = []
    if intel.in_kev and not before.get("kev") and before.get("status") == "affected":
        found.append(f"listed in KEV since {intel.kev_added}")
    if intel.in_kev is False and before.get("kev"):
        found.append("no longer listed in KEV")
    old = before.get("epss")
    if old and intel.epss is not None and abs(float(old) - intel.epss) >= 0.01:
        found.append(f"EPSS {float(old):.3f} -> {intel.epss:.3f}")
    return found


def _named(said: Mapping[str, str]) -> str:
    return f"{said.get('name', '')} {said.get('version', '')} on {said.get('target', '')}"


def _columns(said: Mapping[str, str]) -> dict[str, Scalar]:
    return {
        "vulnerability": said.get("vulnerability"),
        "advisory": said.get("advisory"),
        "target": said.get("target"),
        "package": said.get("name"),
        "version": said.get("version"),
        "purl": said.get("purl"),
    }


def _newly(
    component: Component, names: Sequence[str], job: VulnsJob, advisories: AdvisoryStore
) -> Iterator[Finding]:
    """Findings of a component that had none of this vulnerability."""
    wanted = {name.casefold() for name in names}
    for place in places_of(component, advisories):
        for advisory, statements in advisories.about(place).items():
            named = {name.casefold() for one in statements for name in (one.advisory.id, *one.advisory.names)}
            if wanted & named:
                found = _again(job, msgspec.structs.replace(component, advisory=advisory))
                if isinstance(found, Finding):
                    yield found


def _new(found: Finding, intel: Intel) -> Fact:
    said = found.attributes
    values = _columns(said) | {
        "before": None,
        "now": said.get("status") or found.label,
        "changed": True,
        "verdict": found.verdict.value,
        "kev": intel.kev_added if intel.in_kev else None,
        "epss": intel.epss,
        "why": found.summary,
        "method": _BY_VERSION,
        "data": found.made_by.get("data"),
    }
    return Fact(
        ref=digest("analyze", "new", said.get("target"), said.get("purl"), said.get("advisory")),
        text=f"no finding yet for {_named(said)}: {found.summary}",
        source=found.source,
        values=values,
        tier=Tier.PUBLISHED,
    )


def _as_it_was(finding: Finding) -> Fact:
    """Where there is nothing to judge by."""
    said = finding.attributes
    values = _columns(said) | {
        "before": said.get("status") or finding.label,
        "now": None,
        "changed": None,
        "verdict": finding.verdict.value,
        "data_before": finding.made_by.get("data"),
    }
    return Fact(
        ref=f"finding:{finding.job}/{finding.record_id}", text=finding.summary, source=finding.source,
        values=values, tier=Tier.PUBLISHED,
    )  # fmt: skip


def build(settings: Settings) -> Analyze:
    """For the registry."""
    return Analyze(settings)
