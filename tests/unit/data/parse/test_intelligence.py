"""Rows of every feed as facts of one CVE; what is not said stays absent, and rubbish is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.intelligence import Facts, facts_of
from icelos.errors import InputError


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {
                "cveID": "cve-2021-44228",
                "dueDate": "2021-12-24",
                "dateAdded": "2021-12-10",
                "knownRansomwareCampaignUse": "Known",
                "cwes": ["CWE-20", "CWE-502"],
            },
            Facts(
                name="CVE-2021-44228",
                in_kev=True,
                kev_added="2021-12-10",
                kev_due="2021-12-24",
                ransomware=True,
                weaknesses=("CWE-20", "CWE-502"),
            ),
        ),
        ({"cveID": "CVE-2021-1", "dueDate": "", "knownRansomwareCampaignUse": "Unknown"}, None),
        (
            {"cveID": "CVE-2021-1000", "dueDate": "soon", "knownRansomwareCampaignUse": "Unknown"},
            Facts(name="CVE-2021-1000", in_kev=True),
        ),
        (
            {"cve": "CVE-2021-1000", "epss": "0.5", "percentile": "1"},
            Facts(name="CVE-2021-1000", epss=0.5, percentile=1.0),
        ),
        (
            {"cve": "CVE-2021-1000", "epss": 0, "percentile": 0.0},
            Facts(name="CVE-2021-1000", epss=0.0, percentile=0.0),
        ),
        ({"cve": "CVE-2021-1000", "epss": "", "percentile": "1"}, None),
        ({"cve": "CVE-2021-1000", "epss": "1.5", "percentile": "1"}, None),
        ({"cve": "CVE-2021-1000", "epss": "inf", "percentile": "1"}, None),
        (
            {
                "cve": "CVE-2021-1000",
                "exploitation": "PoC",
                "automatable": "yes",
                "technical_impact": "total",
            },
            Facts(name="CVE-2021-1000", exploitation="poc", automatable="yes", technical_impact="total"),
        ),
        ({"cveMetadata": {"cveId": "CVE-2021-1000", "state": "REJECTED"}}, Facts(name="CVE-2021-1000")),
        (
            {
                "cveMetadata": {"cveId": "CVE-2021-1000"},
                "containers": {
                    "adp": [
                        7,
                        {
                            "metrics": [
                                {
                                    "other": {
                                        "type": "ssvc",
                                        "content": {"options": [{"Exploitation": 7}, {"Automatable": "no"}]},
                                    }
                                }
                            ]
                        },
                    ]
                },
            },
            Facts(name="CVE-2021-1000", automatable="no"),
        ),
        ({"other": 1}, None),
        ({}, None),
    ],
)
def test_rows(row: dict[str, Any], expected: Facts | None) -> None:
    if expected is None:
        with pytest.raises(InputError):
            facts_of(row)
    else:
        assert facts_of(row) == expected


_KEYS = (
    "cveID",
    "dueDate",
    "dateAdded",
    "cwes",
    "cve",
    "epss",
    "percentile",
    "exploitation",
    "automatable",
    "cveMetadata",
    "cveId",
    "containers",
    "adp",
    "cna",
    "metrics",
    "other",
    "type",
    "content",
    "options",
    "descriptions",
    "id",
    "cvssV3_1",
    "vectorString",
    "problemTypes",
    "weaknesses",
    "sourceIdentifier",
    "cvssMetricV31",
    "cvssData",
)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("CVE-2021-1000"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6))
def test_no_row_breaks_it(row: dict[str, Any]) -> None:
    try:
        found = facts_of(row)
    except InputError:
        return
    assert found.name.startswith("CVE-")
    assert found.epss is None or 0 <= found.epss <= 1
