"""OSV's events, exact lists and Alpine's fixes, and that the undecided stays undecided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.osv_advisories import Affected, Range
from icelos.jobs.vulns.ranges import Standing, read


def _affected(*events: tuple[str, str], versions: tuple[str, ...] = (), kind: str = "ECOSYSTEM") -> Affected:
    return Affected("PyPI", "", "a", (Range(kind, events),) if events else (), versions)


TWO = (("introduced", "4.0"), ("fixed", "4.3"), ("introduced", "5.0"), ("fixed", "5.2"))


@pytest.mark.parametrize(
    ("events", "version", "standing"),
    [
        ((("introduced", "0"), ("fixed", "1.2")), "1.1", Standing.AFFECTED),
        ((("introduced", "0"), ("fixed", "1.2")), "1.2", Standing.FIXED),
        ((("introduced", "0"), ("last_affected", "1.2")), "1.2", Standing.AFFECTED),
        ((("introduced", "0"), ("last_affected", "1.2")), "1.2.1", Standing.OUTSIDE),
        ((("introduced", "1.0"),), "0.9", Standing.OUTSIDE),
        ((("introduced", "1.0"),), "1.0", Standing.AFFECTED),
        ((("introduced", "0"),), "999", Standing.AFFECTED),
        (TWO, "3.9", Standing.OUTSIDE),
        (TWO, "4.0", Standing.AFFECTED),
        (TWO, "4.5", Standing.FIXED),
        (TWO, "5.1", Standing.AFFECTED),
        (TWO, "5.2", Standing.FIXED),
        (tuple(reversed(TWO)), "5.1", Standing.AFFECTED),
        ((("introduced", "0"), ("fixed", "0")), "1.0", Standing.OUTSIDE),
        ((("fixed", "1.0"),), "0.9", Standing.UNDECIDED),
        ((("introduced", "0"), ("fixed", "unreadable!")), "1.0", Standing.UNDECIDED),
        ((("introduced", "0"), ("fixed", "1.2")), "not a version", Standing.UNDECIDED),
        ((("introduced", "0"), ("fixed", "1.2")), "", Standing.UNDECIDED),
    ],
)
def test_events(events: tuple[tuple[str, str], ...], version: str, standing: Standing) -> None:
    assert read([_affected(*events)], "PyPI", version).standing is standing


def test_commits_decide_nothing() -> None:
    found = read([_affected(("introduced", "0"), ("fixed", "abc123"), kind="GIT")], "PyPI", "1.0")
    assert found.standing is Standing.UNDECIDED
    assert "commits" in found.why


def test_an_exact_list() -> None:
    listed = _affected(versions=("1.0", "1.1"))
    assert read([listed], "PyPI", "1.0.0").standing is Standing.AFFECTED
    assert read([listed], "PyPI", "1.2").standing is Standing.OUTSIDE
    both = _affected(("introduced", "0"), ("fixed", "1.0"), versions=("2.0",))
    assert read([both], "PyPI", "2.0").standing is Standing.AFFECTED


def test_no_statement_is_no_verdict() -> None:
    assert read([], "PyPI", "1.0").standing is Standing.UNDECIDED
    assert read([_affected()], "PyPI", "1.0").standing is Standing.UNDECIDED


def test_affected_by_any_statement_is_affected_and_doubt_beats_clear() -> None:
    fixed = _affected(("introduced", "0"), ("fixed", "1.0"))
    later = _affected(("introduced", "0"), ("fixed", "3.0"))
    doubt = _affected(("introduced", "0"), ("fixed", "?"))
    assert read([fixed, later], "PyPI", "2.0").standing is Standing.AFFECTED
    assert read([fixed, doubt], "PyPI", "2.0").standing is Standing.UNDECIDED
    assert read([doubt, later], "PyPI", "2.0").standing is Standing.AFFECTED


def test_fixes_are_those_to_move_to() -> None:
    assert read([_affected(*TWO)], "PyPI", "4.1").fixes == ("4.3", "5.2")
    assert read([_affected(*TWO)], "PyPI", "5.1").fixes == ("5.2",)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True), st.integers(0, 31))
def test_against_brute_force(points: list[int], version: int) -> None:
    """Alternate introduced and fixed at sorted points: affected between an odd and the next even one."""
    ordered = sorted(points)
    events = [("introduced" if n % 2 == 0 else "fixed", str(point)) for n, point in enumerate(ordered)]
    expected = sum(point <= version for point in ordered) % 2 == 1
    found = read([_affected(*events)], "PyPI", str(version))
    assert (found.standing is Standing.AFFECTED) == expected
    assert found.standing is not Standing.UNDECIDED


def test_a_version_that_cannot_be_the_module_s_is_undecided() -> None:
    fixed = Range("SEMVER", (("introduced", "0"), ("fixed", "8.2.3")))
    affected = Affected("Go", "", "a.example/b/v8", (fixed,), ())
    found = read([affected], "Go", "v3.46.0")
    assert found.standing is Standing.UNDECIDED
    assert found.fixes == ("8.2.3",)
    assert "introduced 0, fixed 8.2.3" in found.words
    assert read([affected], "Go", "v8.2.2").standing is Standing.AFFECTED


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ("0.7.1", Standing.UNDECIDED),
        ("0.7.2", Standing.AFFECTED),
        ("0.9.0", Standing.FIXED),
        ("0.1.0", Standing.OUTSIDE),
    ],
)
def test_a_range_that_could_not_be_mapped_only_raises_doubt(version: str, standing: Standing) -> None:
    mapped = Range("SEMVER", (("introduced", "0.7.2"), ("fixed", "0.8.0")))
    unmapped = Range("ECOSYSTEM", (("introduced", "0.5.0"),))
    affected = Affected("Go", "", "a.example/b", (mapped,), (), (), (unmapped,))
    assert read([affected], "Go", version).standing is standing
