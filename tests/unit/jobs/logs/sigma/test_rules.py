"""Rules of files and folders; what is broken, too much or not supported is one Failure each."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.jobs.logs.sigma.running import document, findings, matched, process, rule_of

from icelos.errors import InputError
from icelos.jobs.logs.sigma import rules as module
from icelos.jobs.logs.sigma.rules import LEVELS, load_rules

GOOD = """
title: Good
id: 00000000-0000-0000-0000-000000000001
description: What it
  finds
level: high
tags: [attack.execution, attack.t1059.001, attack.T1059.001, attack.s0002, attack.t1003]
logsource:
    product: Windows
    category: process_creation
detection:
    sel:
        Image|endswith: \\cmd.exe
    condition: sel
"""


def load(folder: Path, text: str | bytes, name: str = "rules.yml") -> tuple[list[str], list[str]]:
    """Titles of the rules, and the reasons of failures with their places."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    loaded = load_rules(path)
    return [rule.title for rule in loaded.rules], [f"{one.source}: {one.error}" for one in loaded.failures]


def test_a_rule(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text(GOOD)
    (rule,) = load_rules(tmp_path).rules
    assert (rule.id[-1], rule.title, rule.level, rule.description) == ("1", "Good", "high", "What it finds")
    assert rule.techniques == ("T1059.001", "T1003")
    assert rule.logsource == ("windows", "process_creation", "")
    assert rule.fields == ("Image",)
    assert not rule.keywords
    assert rule.source == "good.yml:1"


def test_many_documents_and_a_folder(tmp_path: Path) -> None:
    second = GOOD.replace("0001", "0002").replace("Good", "Second")
    third = GOOD.replace("0001", "0003").replace("Good", "Third")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "two.yml").write_text(f"---\n# path: x\n{GOOD}\n---\n{second}")
    (tmp_path / "three.YAML").write_text(third.replace("\n", "\r\n"))
    (tmp_path / "notes.txt").write_text("no rule")
    (tmp_path / "empty.yml").write_text("---\n---\n# nothing\n")
    loaded = load_rules(tmp_path)
    assert sorted(rule.title for rule in loaded.rules) == ["Good", "Second", "Third"]
    assert loaded.failures == []


def test_a_global_part_is_of_all_that_follow(tmp_path: Path) -> None:
    text = """
action: global
title: Shared
logsource: {product: windows}
---
detection: {sel: {A: x}, condition: sel}
---
title: Own
detection: {sel: {A: y}, condition: sel}
"""
    assert load(tmp_path, text) == (["Shared", "Own"], [])


BAD = [
    ("title: [", "not YAML"),
    ("just text", "not an object"),
    ("- a\n- b", "not an object"),
    ("title: x", "no logsource, or nothing to detect"),
    (GOOD.replace("condition: sel", "condition: other"), "other"),
    (GOOD.replace("condition: sel", "condition: sel and"), "the condition cannot be read"),
    (GOOD.replace("condition: sel", "condition: sel | count() > 5"), "aggregations are not supported"),
    (GOOD.replace("condition: sel", "timeframe: 5m\n    condition: sel"), "aggregations are not supported"),
    (GOOD.replace("    condition: sel\n", ""), "condition"),
    (GOOD.replace("endswith", "unheard"), "Unknown modifier"),
    (GOOD.replace("|endswith: \\cmd.exe", "|re: '(x'"), "RE2 does not take"),
    (GOOD.replace("|endswith: \\cmd.exe", "|re: '(?=x)'"), "RE2 does not take"),
    (GOOD.replace("|endswith: \\cmd.exe", "|re: '(a)\\1'"), "RE2 does not take"),
    (GOOD.replace("\\cmd.exe", "5"), "not a valid rule"),
    (GOOD.replace("|endswith: \\cmd.exe", "|cidr: 1.2.3.4/99"), "Invalid CIDR"),
    (GOOD.replace("|endswith: \\cmd.exe", "|lt: x"), "not a valid rule"),
    (GOOD.replace("|endswith: \\cmd.exe", "|expand: '%users%'"), "placeholder 'users'"),
    (GOOD.replace("|endswith", "|windash|contains").replace("\\cmd.exe", "-a -b -c -d"), "windash"),
    (GOOD.replace("level: high", "level: enormous"), "level"),
    (GOOD.replace("00000000-0000-0000-0000-000000000001", "one"), "UUID"),
    (GOOD.replace("title: Good\n", "title: [a]\n"), "title"),
    (
        "title: c\ncorrelation: {type: event_count, rules: [a], group-by: [b], timespan: 1m}",
        "correlations are",
    ),
    (
        "title: f\nlogsource: {product: a}\nfilter: {rules: [x], selection: {A: b}, condition: selection}",
        "filters",
    ),
    ("action: repeat\ntitle: x", "the action 'repeat'"),
    ("a: &a [x, *a]", "alias"),
    ("a: " + "[" * 300 + "]" * 300, "nested too deeply"),
    (GOOD.replace("\\cmd.exe", '"\\0"'), "NUL"),
    (GOOD.replace("    sel:\n        Image|endswith: \\cmd.exe\n", "    sel: []\n"), ""),
    (GOOD.replace("    sel:\n        Image|endswith: \\cmd.exe\n", "    sel: {}\n"), ""),
    (GOOD.replace("logsource:\n    product: Windows\n    category: process_creation", "logsource: {}"), ""),
]


@pytest.mark.parametrize(("text", "told"), BAD)
def test_a_broken_rule_is_one_failure(
    tmp_path: Path, text: str, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    last = GOOD.replace("0001", "0009").replace("Good", "Last")
    rules, failures = load(tmp_path, f"{text}\n---\n{last}")
    assert rules == ["Last"]
    assert len(failures) == 1
    assert failures[0].startswith("rules.yml:1: ")
    assert told in failures[0]
    assert "\n" not in failures[0]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("detection", "told"),
    [
        ({"sel": {"A": "x" * 30_000}}, "a value of 30,000 characters"),
        ({"sel": {"A|re": "x" * 5000}}, "a regular expression of 5000"),
        ({"sel": {"A": "x"}, "condition": " or ".join(["sel"] * 3000)}, "a condition of more than"),
        (
            {**{f"s{n}": {"A": ["x"] * 100} for n in range(200)}, "condition": "1 of them or " * 200 + "s1"},
            "expands to too many",
        ),
        ({"sel": {"A|windash|contains": ["-x"] * 10_000}}, "expands to too many"),
        ({"sel": {f"F{n}": "x" for n in range(300)}}, "names 300 fields"),
        ({"sel": {"A|contains": ["x" * 500 + str(n) for n in range(3000)]}}, "too large"),
        ({"sel": {"A": "x"}, "condition": "not " * 2000 + "sel"}, ""),
    ],
)
def test_what_is_too_much_is_refused_at_once(detection: dict[str, object], told: str) -> None:
    before = time.monotonic()
    with pytest.raises((InputError, RecursionError)) as raised:
        rule_of(document(detection))
    assert told in str(raised.value)
    assert time.monotonic() - before < 10


def test_what_is_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DOCUMENT_LIMIT", 300)
    rules, failures = load(tmp_path, f"{GOOD}# {'x' * 300}")
    assert not rules
    assert "of at most 300" in failures[0]
    monkeypatch.setattr(module, "DOCUMENT_LIMIT", 1 << 20)
    monkeypatch.setattr(module, "RULES_LIMIT", 1)
    with pytest.raises(InputError, match="more than 1 rules"):
        load(tmp_path, f"{GOOD}\n---\n{GOOD.replace('0001', '0002')}")


def test_an_id_that_comes_again(tmp_path: Path) -> None:
    rules, failures = load(tmp_path, f"{GOOD}\n---\n{GOOD}")
    assert rules == ["Good"]
    assert "another rule has the id" in failures[0]


def test_rules_without_ids_have_one_each(tmp_path: Path) -> None:
    without = GOOD.replace("id: 00000000-0000-0000-0000-000000000001\n", "")
    path = tmp_path / "rules.yml"
    path.write_text(f"{without}\n---\n{without}")
    first, second = load_rules(path).rules
    assert first.id != second.id


def test_files_that_are_no_rules(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_rules(tmp_path / "absent")
    with pytest.raises(InputError, match="no Sigma rules"):
        load_rules(tmp_path)
    assert load(tmp_path, b"\x7fELF\0\0")[1] == ["rules.yml: not text: an ELF program"]
    assert load(tmp_path, b"\0" * 100)[1][0].startswith("rules.yml: ")
    assert load(tmp_path, b"title: \xff\xfe")[0] == []


@pytest.mark.parametrize("level", [*LEVELS, ""])
def test_a_level_is_a_verdict(level: str) -> None:
    rule = document({"sel": {"A": "x"}})
    del rule["level"]
    (found,) = findings([rule_of({**rule, **({"level": level} if level else {})})], [process({"A": "x"})])
    assert found.verdict == ("alert" if level in ("critical", "high") else "review")
    assert (found.score is None) == (level == "")


def test_patterns_of_many_wildcards_end() -> None:
    long = "a" * 50_000
    for modifier, pattern in (("", "*a" * 400 + "b"), ("|cased", "*a" * 400 + "b"), ("|re", "(a+)+$b")):
        before = time.monotonic()
        assert matched(document({"sel": {f"A{modifier}": pattern}}), [process({"A": long})]) == [False]
        assert time.monotonic() - before < 10


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yml"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            loaded = load_rules(path)
        except InputError:
            return
        assert all("\n" not in one.error for one in loaded.failures)


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["title", "id", "logsource", "detection", "tags", "level"]), JUNK), JUNK
)
def test_any_document_is_a_rule_or_refused(whole: dict[str, object], detection: object) -> None:
    for one in (whole, {**document({"sel": detection}), **whole}, document({"sel": detection})):
        with suppress(InputError):
            rule_of(one)
