"""The risk score: each term, what is not known, and its order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.intelligence import Intel
from icelos.jobs.vulns.risk import MEAN_EPSS, Exposure, Reach, Risk, risk
from icelos.jobs.vulns.severity import Severity, severity_of

CRITICAL = severity_of(["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"])
FULL = Exposure(listens=True, root=True)


def _score(intel: Intel, reach: Reach = Reach.REACHED, exposure: Exposure = FULL) -> float:
    return round(risk(intel, CRITICAL, reach, exposure).score, 4)


def test_every_term_counts() -> None:
    assert _score(Intel(in_kev=True, epss=0.1)) == 0.98
    assert _score(Intel(in_kev=False, epss=0.5)) == 0.49
    assert _score(Intel(exploitation="active", epss=0.1)) == 0.98
    assert _score(Intel(exploitation="poc", epss=0.1)) == 0.098
    assert _score(Intel(in_kev=True), Reach.NOT_REACHED) == 0.098
    assert _score(Intel(in_kev=True), exposure=Exposure(listens=False, root=False)) == 0.392


def test_an_epss_score_of_zero_is_not_an_unknown_one() -> None:
    zero, unknown = risk(Intel(epss=0.0), CRITICAL), risk(Intel(), CRITICAL)
    assert (zero.score, zero.high) == (0.0, 0.0)
    assert unknown.score > 0
    assert unknown.terms[0].value == MEAN_EPSS
    assert (unknown.low, round(unknown.high, 4)) == (0.0, 0.98)


def test_unknown_terms_are_named() -> None:
    found = risk(Intel(), None)
    assert [term.name for term in found.terms if not term.known] == [
        "threat", "severity", "reachability", "network", "user"
    ]  # fmt: skip
    assert str(found).count(" unknown (") == 5
    known = risk(Intel(in_kev=True, kev_added="2021-12-10", ransomware=True), CRITICAL, Reach.REACHED, FULL)
    assert str(known).startswith(
        "threat 1 (in CISA's KEV since 2021-12-10, used by ransomware); "
        "severity 0.98 (CVSS 3.1 9.8, critical)"
    )
    assert "unknown" not in str(known)
    assert known.low == known.score == known.high


_PROBABILITY = st.floats(0, 1)
_INTEL = st.builds(
    Intel, epss=st.none() | _PROBABILITY, in_kev=st.sampled_from([None, False, True]),
    exploitation=st.sampled_from(["", "none", "poc", "active"]),
)  # fmt: skip
_SEVERITY = st.none() | st.builds(Severity, _PROBABILITY, st.just("x"))
_EXPOSURE = st.builds(Exposure, st.sampled_from([None, True, False]), st.sampled_from([None, True, False]))


@given(_INTEL, _SEVERITY, st.sampled_from(Reach), _EXPOSURE)
def test_the_score_lies_in_its_range(
    intel: Intel, severity: Severity | None, reach: Reach, exposure: Exposure
) -> None:
    found = risk(intel, severity, reach, exposure)
    assert 0 <= found.low <= found.score <= found.high <= 1


@pytest.mark.parametrize("epss", [None, 0.2])
def test_finding_something_out_stays_in_the_range(epss: float | None) -> None:
    """What investigation can still tell never leads out of what was promised before it."""
    before = risk(Intel(epss=epss), CRITICAL)
    after: list[Risk] = [
        risk(Intel(epss=epss), CRITICAL, reach, Exposure(listens, root))
        for reach in (Reach.REACHED, Reach.NOT_REACHED)
        for listens in (True, False)
        for root in (True, False)
    ]
    assert all(before.low <= found.low and found.high <= before.high for found in after)
