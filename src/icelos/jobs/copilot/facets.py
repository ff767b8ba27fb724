"""What can be asked of a typed thing: how people ask for it, and where the answer stands.

A facet answers from labelled lines ("Due date: ..."), from sections under a heading, or from relations
to other documents. The table is the whole knowledge of question types: a new one is one more row.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec


class Edge(msgspec.Struct, frozen=True):
    """A relation to follow: its `kind`, from ("in": the other points at us), to what kinds of document."""

    relation: str
    direction: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """What the thing does to its neighbours."""
        return _VERBS.get((self.relation, self.direction), "is related to")


_VERBS = {
    ("uses", "in"): "is used by", ("uses", "out"): "uses",
    ("mitigates", "in"): "is mitigated by", ("mitigates", "out"): "mitigates",
    ("detects", "in"): "is detected by", ("detects", "out"): "detects",
    ("attributed-to", "out"): "is attributed to",
}  # fmt: skip


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """One type of question. `asked` finds it in a question; `labels` and `headings` are lower case.

    `of` are the kinds of document that have it (empty: any); `noun` names it for people.
    `is_subject`: what asks for it may as well be what a question is about ("contain ransomware").
    """

    name: str
    noun: str
    asked: re.Pattern[str]
    labels: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    of: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_subject: bool = False


def _asked(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


_ATTACK = ("technique", "group", "software", "campaign", "mitigation", "tactic")
_VULNERABLE = ("vulnerability", "advisory")

FACETS = (
    Facet(
        name="rules", noun="detection rule",
        asked=_asked(
            r"""\b(?:sigma|rules?|rule\ coverage|detections?\ (?:for|do|content|of)|alerts?\ (?:for|on))\b"""
        ),
        edges=(Edge("detects", "in", ("rule",)),),
        of=("technique", "vulnerability", "software", "group", "tactic"),
    ),
    Facet(
        name="mitigations", noun="mitigation",
        asked=_asked(
            r"""\b(?:mitigat\w*|prevent\w*|protect\w*|defen[ds]\w*\ (?:against|from)
               |counter(?:measure)?s?|harden\w*|reduce\ (?:the\ )?(?:risk|impact|exposure)
               |stop\w*|workarounds?|remediat\w*|avoid\w*)\b"""
        ),
        labels=(
            "mitigations", "mitigation", "potential mitigations", "required action", "workaround",
            "remediation",
        ),
        headings=("mitigations", "mitigation", "potential mitigations", "remediation", "workarounds"),
        edges=(Edge("mitigates", "in", ("mitigation",)), Edge("mitigates", "out")),
    ),
    Facet(
        name="groups", noun="group or campaign",
        asked=_asked(
            r"""\b(?:groups?|threat\ actors?|actors?|apts?|intrusion\ sets?|campaigns?
               |who)\b.{0,40}\b(?:us\w+|employ\w*|leverag\w*|associated
               |known|seen|observed|abus\w*|perform\w*|rel(?:y|ies)|behind|adopt\w*|deploy\w*
               |wield\w*)\b|\bused\ by\ (?:which|what|whom)|\bwho\ (?:uses|is\ using|has\ used
               |employs|deploys)\b|\bby\ which\ (?:groups?|actors?)"""
        ),
        labels=("used by",),
        edges=(Edge("uses", "in", ("group", "campaign")), Edge("attributed-to", "out", ("group",))),
        of=("technique", "software", "campaign"),
    ),
    Facet(
        name="software", noun="software",
        asked=_asked(
            r"""\b(?:software|malware|tools?|tooling|implants?|backdoors?|famil(?:y|ies)|arsenal
               |toolset)\b"""
        ),
        edges=(Edge("uses", "out", ("software",)), Edge("uses", "in", ("software",))),
        of=("technique", "group", "campaign"),
    ),
    Facet(
        name="techniques", noun="technique",
        asked=_asked(
            r"""\b(?:techniques?|ttps?|tradecraft|procedures?|behaviou?rs?)\b.{0,40}\b(?:us\w+
               |employ\w*|associated|known|does|do|perform\w*|address\w*|mitigat\w*|cover\w*
               |detect\w*|tag\w*|map\w*|counter\w*|help\w*|see|look\w*)?|\bmapped\ to\b
               |\bhow\ does\b.{0,40}\boperate\b"""
        ),
        labels=("techniques", "technique", "att&ck", "tags", "attack techniques"),
        edges=(
            Edge("uses", "out", ("technique",)), Edge("mitigates", "out", ("technique",)),
            Edge("detects", "out", ("technique",)), Edge("", "out", ("technique",)),
        ),
        of=(
            "group", "software", "campaign", "mitigation", "rule", "attack-pattern", "tactic",
            "weakness", "detection",
        ),
    ),
    Facet(
        name="tactic", noun="tactic",
        asked=_asked(
            r"""\b(?:tactics?|kill[ -]chain|phases?|adversar\w+\ (?:goal|objective)s?
               |stage\ of\ (?:an\ )?attack|achieve\ which)\b"""
        ),
        labels=("tactics", "tactic", "kill chain", "kill chain phases"),
        of=("technique",),
    ),
    Facet(
        name="platforms", noun="platform",
        asked=_asked(
            r"""\b(?:platforms?|operating\ systems?|os(?:es)?|environments?|run(?:s)?\ on
               |works?\ on|apply\ to\ (?:which|what))\b"""
        ),
        labels=("platforms", "platform", "applicable platforms", "languages", "language", "technologies"),
    ),
    Facet(
        name="detection", noun="detection advice",
        asked=_asked(
            r"""\b(?:detect\w*|monitor\w*|spot|hunt\w*|look\ for|identify|notice|recogni[sz]e
               |signs?\ of|telltale|data\ sources?|logs?\ (?:show|needed))\b"""
        ),
        labels=("detection", "detection methods", "data sources", "indicators", "log source"),
        headings=("detection", "detection methods", "indicators", "identification", "detect"),
        edges=(Edge("detects", "in", ("detection", "data-source", "rule")),),
    ),
    Facet(
        name="due", noun="due date",
        asked=_asked(
            r"""\b(?:due|deadline|by\ when|until\ when|remediat\w+\ by|patch(?:ed)?\ by
               |time\ limit|how\ long\ do\ (?:we|agencies|they)\ have|when\ (?:must|should|do
               |does|is|are).{0,160}\b(?:fix|patch|remediat|mitigat|appl|address)\w*)\b"""
        ),
        labels=("due date", "due", "deadline"),
        of=_VULNERABLE,
    ),
    Facet(
        name="added", noun="date added",
        asked=_asked(
            r"""\b(?:when\b.{0,160}\b(?:added|listed|enter\w*|join\w*|put\ on|included)
               |date\ added|date\b.{0,160}\badded|added\ to\ (?:the\ )?(?:kev|catalog\w*)|(?:in
               |on|the)\ (?:kev|known\ exploited)\b.{0,20}(?:catalog\w*|list)?)\b"""
        ),
        labels=("date added", "added"),
        of=_VULNERABLE,
    ),
    Facet(
        name="ransomware", noun="ransomware use",
        asked=_asked(
            r"\bransomware(?:\ (?:gangs?|crews?|operators?|campaigns?|attacks?|use))?\b"
        ),
        labels=(
            "known ransomware campaign use", "ransomware campaign use", "known ransomware use",
            "ransomware use", "ransomware",
        ),
        of=_VULNERABLE,
        is_subject=True,
    ),
    Facet(
        name="action", noun="required action",
        asked=_asked(
            r"""\b(?:required\ actions?|what\ (?:must|should|do)\ (?:we|i|agencies|one|defenders
               |users|admins|operators|organi[sz]ations)\ do|actions?\ (?:is|are|does|required
               |to\ take))\b"""
        ),
        labels=("required action", "action", "mitigations", "remediation"),
        headings=("remediation", "mitigations", "required action"),
        of=_VULNERABLE,
    ),
    Facet(
        name="weakness", noun="weakness",
        asked=_asked(
            r"""\b(?:cwe|weakness(?:es)?|root\ cause|underlying\ (?:flaw|bug|class)
               |kind\ of\ (?:flaw|bug|vulnerability)|(?:bug|flaw|vulnerability)\ class
               |class\ of\ (?:bug|flaw|vulnerability)|type\ of\ (?:flaw|bug|vulnerability))\b"""
        ),
        labels=("weaknesses", "weakness", "cwe", "cwes", "related weaknesses"),
        edges=(Edge("weakness", "out", ("weakness",)), Edge("", "out", ("weakness",))),
        of=(*_VULNERABLE, "attack-pattern"),
    ),
    Facet(
        name="attack-patterns", noun="attack pattern",
        asked=_asked(r"\b(?:attack\ patterns?|capec)\b"),
        labels=("attack patterns", "related attack patterns", "capec"),
        edges=(Edge("", "", ("attack-pattern",)),),
        of=("weakness", "technique", "attack-pattern"),
    ),
    Facet(
        name="fix", noun="fix",
        asked=_asked(
            r"""\b(?:fix(?:ed|es)?|patch(?:ed|es)?|upgrade|updates?|updated|resolve[sd]?
               |remediat\w+|solution|correct(?:s|ed)|safe\ version|first\ good
               |which\ version)\b"""
        ),
        labels=(
            "fix", "fixed", "fixes", "fixed in", "fixed versions", "remediation", "remediations",
            "vendor fix", "mitigations", "required action",
        ),
        headings=("fix", "remediation", "remediations", "mitigations", "vendor fix", "solution"),
        of=_VULNERABLE,
    ),
    Facet(
        name="affected", noun="affected product",
        asked=_asked(
            r"""\b(?:affect\w*|vulnerable|impact(?:ed|s)|products?|versions?|applies\ to
               |exposed)\b"""
        ),
        labels=(
            "affected", "affected products", "affected versions", "products", "product",
            "affected product",
        ),
        headings=("affected", "affected products", "products"),
        of=_VULNERABLE,
    ),
    Facet(
        name="vendor", noun="vendor",
        asked=_asked(
            r"""\b(?:vendors?|manufacturer|maker|who\ makes|whose\ products?|compan(?:y|ies)
               |supplier|publisher)\b"""
        ),
        labels=("vendor", "vendors", "vendor project", "vendor/project", "supplier", "manufacturer"),
        of=_VULNERABLE,
    ),
    Facet(
        name="severity", noun="severity",
        asked=_asked(
            r"""\b(?:sever(?:e|ity)|cvss|(?:base\ )?scores?|how\ (?:bad|serious|critical
               |dangerous|grave)|critical(?:ity)?|rated|rating)\b"""
        ),
        labels=(
            "severity", "cvss", "cvss score", "base score", "score", "typical severity", "level",
            "cvss v3", "cvss base score",
        ),
        of=(*_VULNERABLE, "attack-pattern", "rule"),
    ),
    Facet(
        name="likelihood", noun="likelihood",
        asked=_asked(r"\b(?:likel(?:y|ihood)|probab\w+|chances?)\b"),
        labels=("likelihood of attack", "likelihood of exploit", "likelihood"),
        of=("attack-pattern", "weakness"),
    ),
    Facet(
        name="prerequisites", noun="prerequisite",
        asked=_asked(
            r"""\b(?:prerequisites?|pre-?conditions?|conditions?|require[ds]?|requirements?
               |needs?\ to\ (?:be|have)|needed|must\ (?:be\ (?:true|in\ place|present)|hold)
               |necessary|before\ (?:an\ attacker|someone))\b"""
        ),
        labels=(
            "prerequisites", "prerequisite", "permissions required", "skills required",
            "resources required",
        ),
        headings=("prerequisites", "prerequisite"),
        of=("attack-pattern", "technique", "runbook", "software"),
    ),
    Facet(
        name="consequences", noun="consequence",
        asked=_asked(
            r"""\b(?:consequences?|impacts?|results?\ in|leads?\ to|what\ (?:can|could|might
               |may)\ (?:an?\ )?(?:attacker|adversary|happen|go\ wrong)\w*|outcomes?|effects?
               |damage|risk\ evaluation)\b"""
        ),
        labels=("consequences", "common consequences", "impact", "risk evaluation", "scope"),
        headings=("consequences", "common consequences", "risk evaluation", "impact"),
        of=(*_VULNERABLE, "attack-pattern", "weakness", "technique"),
    ),
    Facet(
        name="level", noun="level",
        asked=_asked(r"\b(?:levels?|severity|priority|urgen\w+|critical(?:ity)?)\b"),
        labels=("level", "severity"),
        of=("rule",),
    ),
    Facet(
        name="status", noun="status",
        asked=_asked(r"\b(?:status|mature|maturity|stable|experimental|deprecated|revoked)\b"),
        labels=("status",),
        of=("rule", "weakness", "attack-pattern"),
    ),
    Facet(
        name="author", noun="author",
        asked=_asked(r"\b(?:author\w*|wrote|written\ by|who\ (?:made|created|contributed))\b"),
        labels=("author", "authors", "contributors"),
        of=("rule", "document", "runbook", "note"),
    ),
    Facet(
        name="false-positives", noun="false positive",
        asked=_asked(
            r"""\b(?:false[ -](?:positives?|alarms?)|benign\ (?:causes?|triggers?)|fp|fps
               |legitimate\ (?:causes?|reasons?|activity)|noise|noisy|misfire\w*)\b"""
        ),
        labels=("false positives", "falsepositives", "false positive"),
        headings=("false positives",),
        of=("rule",),
    ),
    Facet(
        name="log-source", noun="log source",
        asked=_asked(
            r"""\b(?:log\s?sources?|logs?|telemetry|events?|data\ sources?|product|category)\b"""
        ),
        labels=("log source", "logsource", "log sources", "data sources", "product", "category", "service"),
        of=("rule", "detection"),
    ),
    Facet(
        name="aliases", noun="other name",
        asked=_asked(
            r"""\b(?:alias(?:es)?|a\.?k\.?a\.?|(?:also|else|otherwise
               |alternatively)\b.{0,30}\b(?:known|called|named|tracked)|other\ names?
               |known\ as\ what|nicknames?|synonyms?)\b"""
        ),
        labels=("aliases", "also known as", "alias", "other names", "alternate terms"),
        headings=("alternate terms", "aliases"),
        of=("group", "software", "campaign", "weakness", "attack-pattern"),
    ),
    Facet(
        name="parent", noun="related entry",
        asked=_asked(
            r"""\b(?:parent|child(?:ren)?|sub-?techniques?|broader|narrower|variants?
               |more\ (?:general|specific))\b"""
        ),
        labels=("parent", "sub-technique of", "subtechnique of", "child of", "childof", "sub-techniques"),
        edges=(Edge("subtechnique-of", ""), Edge("child-of", "")),
    ),
    Facet(
        name="steps", noun="step",
        asked=_asked(
            r"""\b(?:steps?|how\ (?:do|should|can|would|could|must)\ (?:we|i|you|one
               |(?:the\ |our\ )?(?:analysts?|responders?|teams?|defenders?|admins?))\b|how\ to\b|procedures?
               |playbooks?|runbooks?|respond\w*|handle|investigat\w+|contain(?:ment)?
               |eradicat\w*|recover\w*|triag\w*|what\ (?:do|should)\ (?:we|i|you)\s(?:do|check)
               |first\ thing|checklist)\b"""
        ),
        of=("runbook", "document", "note", "ticket"),
    ),
    Facet(
        name="examples", noun="example",
        asked=_asked(r"\b(?:examples?|instances?|in\ the\ wild|real[ -]world|seen\ in)\b"),
        headings=(
            "procedure examples", "examples", "example instances", "demonstrative examples",
            "observed examples",
        ),
        edges=(Edge("uses", "in"),),
    ),
    Facet(
        name="date", noun="date",
        asked=_asked(
            r"""\b(?:when\b.{0,50}\b(?:publish|releas|issu|modif|updat|chang|creat|writ)\w*
               |(?:publication|release|last\ modified|modified)\ date)\b"""
        ),
        labels=(
            "date", "published", "released", "modified", "initial release", "release date",
            "current release date", "created", "last modified",
        ),
    ),
    Facet(
        name="definition", noun="description",
        asked=_asked(
            r"""^\W*(?:hey|hi|hello|please|so|ok(?:ay)?)?\W*(?:what(?:'s|\ is|\ are|\ does|\ do)
               |who(?:'s|\ is|\ are)|define|describe|explain|tell\ (?:me|us)\ about
               |summari[sz]e|give\ (?:me|us)\ (?:an?\ )?(?:overview|summary|rundown)
               |meaning\ of)\b|\b(?:mean(?:s|ing)?|definition|overview|in\ (?:short|brief
               |a\ nutshell)|stand\ for|all\ about|describe|explain)\b"""
        ),
        labels=("description", "summary", "short description"),
        headings=("description", "summary", "overview", "extended description"),
    ),
)  # fmt: skip

BY_NAME = {facet.name: facet for facet in FACETS}


@cache
def _literals(facet: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The words that a facet's pattern is written with, and those that it lets go on ("mitigat...")."""
    pattern = BY_NAME[facet].asked.pattern
    plain = re.sub(r"\\[a-zA-Z]", " ", pattern.replace("\\w*", "~"))
    shorter = re.findall(r"([a-z]{3,})[a-z]\?", plain)  # "tactics?" lets the last letter go
    words = (*re.findall(r"[a-z]{3,}", plain), *shorter)
    open_ended = re.findall(
        r"([a-z]{3,})(?=~|\))", re.sub(r"\\[a-vx-zA-Z]", " ", pattern.replace("\\w", "~"))
    )
    return frozenset(words), tuple(open_ended)


def asks_by(facet: Facet, word: str) -> bool:
    """Is this one of the words by which the facet is asked for?"""
    words, open_ended = _literals(facet.name)
    return word in words or any(word.startswith(one) for one in open_ended if len(one) > 3)
