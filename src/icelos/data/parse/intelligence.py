"""What publishers say of one CVE: exploited (KEV), how likely (EPSS), how severe (CVSS), points of SSVC.

Formats: CISA's KEV catalogue, FIRST's EPSS scores (https://www.first.org/epss), CVE JSON 5 with the container
that CISA adds (https://github.com/cisagov/vulnrichment), NVD's API 2.0. What is not said stays absent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec

from icelos.data.parse.cve import record_of
from icelos.data.parse.fields import Object, day, dict_of, dicts_of, text_of, texts_of, unique
from icelos.data.parse.kev import is_kev, kev_weaknesses
from icelos.errors import InputError

CVE = re.compile(r"CVE-\d{4}-\d{4,19}")


class Facts(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One publisher's word on one name ("CVE-2021-44228"). Dates are YYYY-MM-DD, "" where not said.

    `epss` and `percentile` are from 0 to 1. `ransomware` is True where it is known, None where it is not.
    `exploitation` is none, poc or active; `automatable` yes or no; `technical_impact` partial or total. New
    fields go to the end: stores keep facts as arrays.
    """

    name: str
    vectors: tuple[str, ...] = ()
    rating: str = ""
    weaknesses: tuple[str, ...] = ()
    epss: float | None = None
    percentile: float | None = None
    kev_added: str = ""
    kev_due: str = ""
    ransomware: bool | None = None
    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""
    in_kev: bool | None = None


def joined(one: Facts, other: Facts) -> Facts:
    """What two records of one source say of the same name; of single values the second's count."""
    said = {
        field: value
        for field in Facts.__struct_fields__
        if (value := getattr(other, field)) not in (None, "", ())
    }
    said["vectors"] = unique((*one.vectors, *other.vectors))
    said["weaknesses"] = unique((*one.weaknesses, *other.weaknesses))
    return msgspec.structs.replace(one, **said)


def facts_of(row: Object) -> Facts:
    """The facts of one row of any of these formats. Raises InputError for what is none of them."""
    if is_kev(row):
        return _kev(row)
    if "epss" in row:
        return _epss(row)
    if "exploitation" in row and "cve" in row:
        return _decision_points(row)
    return _cve(row)


def _named(text: str) -> str:
    name = text.upper()
    if not CVE.fullmatch(name):
        raise InputError(f"not the id of a CVE: {text[:40]!r}")
    return name


def _kev(row: Object) -> Facts:
    return Facts(
        name=_named(text_of(row, "cveID")),
        in_kev=True,
        kev_added=day(text_of(row, "dateAdded")),
        kev_due=day(text_of(row, "dueDate")),
        ransomware=True if text_of(row, "knownRansomwareCampaignUse").lower() == "known" else None,
        weaknesses=kev_weaknesses(row),
    )


def _epss(row: Object) -> Facts:
    return Facts(
        name=_named(text_of(row, "cve")),
        epss=_probability(text_of(row, "epss")),
        percentile=_probability(text_of(row, "percentile")),
    )


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise InputError(f"not a probability: {text[:40]!r}")
    return value


def _decision_points(row: Object) -> Facts:
    """Vulnrichment in short: one flat object a CVE."""
    return Facts(
        name=_named(text_of(row, "cve")),
        vectors=unique([text_of(row, "cvss_adp")]),
        weaknesses=unique(texts_of(row, "cwe_adp")),
        exploitation=text_of(row, "exploitation").lower(),
        automatable=text_of(row, "automatable").lower(),
        technical_impact=text_of(row, "technical_impact").lower(),
    )


def _cve(row: Object) -> Facts:
    record = record_of(row)
    points: dict[str, str] = {}
    for container in dicts_of(dict_of(row, "containers"), "adp"):
        points |= dict(_ssvc(container))
    return Facts(
        name=_named(record.id),
        vectors=unique(record.vectors()),
        weaknesses=record.weaknesses(),
        exploitation=points.get("Exploitation", ""),
        automatable=points.get("Automatable", ""),
        technical_impact=points.get("Technical Impact", ""),
    )


def _ssvc(container: Object) -> Iterator[tuple[str, str]]:
    """CISA's decision points: metrics[].other, of type "ssvc", with a list of options of one pair each."""
    for metric in dicts_of(container, "metrics"):
        other = dict_of(metric, "other")
        if text_of(other, "type") == "ssvc":
            for option in dicts_of(dict_of(other, "content"), "options"):
                yield from ((name, value.lower()) for name, value in option.items() if isinstance(value, str))
