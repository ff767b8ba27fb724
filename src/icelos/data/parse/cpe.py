"""Names of the Common Platform Enumeration, and what NVD says of them.

The formatted string of CPE 2.3 and the URI of 2.2 (NISTIR 7695, https://doi.org/10.6028/NIST.IR.7695), and
the `configurations` of NVD's API 2.0 (https://nvd.nist.gov/developers/vulnerabilities).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from icelos.data.parse.cve import record_of
from icelos.data.parse.fields import Object, dicts_of, text_of
from icelos.data.parse.osv_advisories import DETAILS, QUOTE, Advisory, Affected, Range

ECOSYSTEM = "CPE"
"""Where NVD's statements stand among those of package ecosystems; the name is "vendor:product"."""
MAX_CPE = 1024
ANY, NONE = "*", "-"
BOUNDS = ("versionStartIncluding", "versionStartExcluding", "versionEndIncluding", "versionEndExcluding")
CRITERIA, TOGETHER, NEGATED = "criteria", "together with", "negated"
_MAX_TOGETHER = 4
_PARTS = "aoh"
_FIELDS = 11
_BETWEEN = re.compile(r"(?<!\\):")


class Cpe(msgspec.Struct, frozen=True):
    """A name without its quoting, in lower case; "*" is any value, "-" none."""

    part: str
    vendor: str
    product: str
    version: str = ANY
    update: str = ANY
    edition: str = ANY
    language: str = ANY
    sw_edition: str = ANY
    target_sw: str = ANY
    target_hw: str = ANY
    other: str = ANY

    @property
    def name(self) -> str:
        """ "vendor:product"; empty where one of them is not said."""
        vague = {ANY, NONE, ""} & {self.vendor, self.product}
        return "" if vague else f"{self.vendor}:{self.product}"


@lru_cache(maxsize=65536)
def parse_cpe(text: str) -> Cpe | None:
    """The name in a text; None where it is none."""
    text = text.strip()
    if len(text) > MAX_CPE:
        return None
    if text.startswith("cpe:2.3:"):
        fields = [re.sub(r"\\(.)", r"\1", one).lower() for one in _BETWEEN.split(text)[2:]]
        complete = len(fields) == _FIELDS
    elif text.startswith("cpe:/"):
        packed = text.removeprefix("cpe:/").split(":")[:7]
        fields = [unquote(one).lower() or ANY for one in packed]
        complete = len(fields) >= 3 and all(one and not one.startswith("~") for one in packed[:3])
        fields = fields[:5]  # its edition packs what follows
    else:
        return None
    return Cpe(*fields) if complete and fields[0] in _PARTS else None


def advisory_of(row: Object, source: str) -> Advisory | None:
    """What NVD says of products, in its own words; None where it says nothing, or has rejected the record.

    Each `Affected` is one product; a range is one match: its criteria, bounds, and what else must be there.
    """
    record = record_of(row)
    inner = row.get("cve")
    said = inner if isinstance(inner, dict) else row
    if record.state.lower() == "rejected":
        return None
    products: dict[str, list[Range]] = {}
    for found in _matches(said):
        name = parse_cpe(found.events[0][1])
        if name is not None and name.part != "h" and name.name:
            products.setdefault(name.name, []).append(found)
    if not products:
        return None
    text = record.description()
    line = " ".join(text.split())
    return Advisory(
        id=record.id, source=source, cves=(record.id,), details=text[:DETAILS],
        summary=line if len(line) <= QUOTE else f"{line[: QUOTE - 1]}…",
        affected=tuple(Affected(ECOSYSTEM, "", n, tuple(dict.fromkeys(r)), ()) for n, r in products.items()),
        vectors=tuple(dict.fromkeys(record.vectors())), weaknesses=record.weaknesses(),
        modified=record.modified,
    )  # fmt: skip


def _matches(said: Object) -> Iterator[Range]:
    for configuration in dicts_of(said, "configurations"):
        nodes = dicts_of(configuration, "nodes")
        all_of = text_of(configuration, "operator").upper() == "AND"
        for number, node in enumerate(nodes):
            more = _others(nodes, number) if all_of else []
            if node.get("negate") is True or configuration.get("negate") is True:
                more.append((NEGATED, "true"))
            for match in dicts_of(node, "cpeMatch"):
                if match.get("vulnerable") is not False and text_of(match, CRITERIA):
                    bounds = [(name, text_of(match, name)) for name in BOUNDS if text_of(match, name)]
                    events = ((CRITERIA, text_of(match, CRITERIA)), *bounds, *more)
                    yield Range(ECOSYSTEM, events)


def _others(nodes: Sequence[Object], number: int) -> list[tuple[str, str]]:
    """What must be there besides, of a configuration whose nodes must all hold."""
    names = [
        name.name
        for other, node in enumerate(nodes)
        if other != number
        for match in dicts_of(node, "cpeMatch")
        if (name := parse_cpe(text_of(match, CRITERIA))) is not None and name.name
    ]
    return [(TOGETHER, name) for name in list(dict.fromkeys(names))[:_MAX_TOGETHER]]
