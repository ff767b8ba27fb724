from __future__ import annotations

import pytest

from icelos.jobs.copilot.negation import disagreement, opposed


@pytest.mark.parametrize(
    ("claim", "line", "agrees"),
    [
        ("input is not checked", "the input is not checked", True),
        ("input is improperly checked", "the input is not properly checked", True),
        ("it lacks a check of input", "the input is not checked", True),
        ("input is checked", "the input is not checked", False),
        ("input is not checked", "the input is checked", False),
        ("it cannot be upgraded", "it is obsolete and cannot be upgraded", True),
    ],
)
def test_denials_must_agree(claim: str, line: str, agrees: bool) -> None:
    assert (disagreement(claim.split(), [line.split()]) == "") is agrees


def test_a_title_may_deny() -> None:
    assert disagreement(["sign", "in", "without", "mfa"], [["sign", "in"]]) != ""
    assert disagreement(["sign", "in", "without", "mfa"], [["sign", "in"]], ["login", "without", "mfa"]) == ""


def test_opposites() -> None:
    assert opposed(
        ["browsers", "let", "scripts", "read", "cookies"], ["browsers", "prevent", "scripts", "from", "it"]
    )
    assert not opposed(
        ["browsers", "let", "scripts", "read"], ["browsers", "do", "not", "prevent", "scripts"]
    )
    assert not opposed(["it", "may", "allow", "access"], ["it", "may", "enable", "access"])
