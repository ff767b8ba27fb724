from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from icelos.data.parse.sigma import written
from icelos.findings import Failure
from icelos.records import Document, Relation

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import One, Parse

IDENTITY = "0a1b2c3d-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize("name", ["rule.yml", "rule.txt.yaml", "rule"])
def test_a_rule(one: One, samples: dict[str, bytes], name: str) -> None:
    found = one(name, samples["rule.yml"])
    assert (found.id, found.kind, found.identifiers) == (f"sigma/{IDENTITY}", "rule", (IDENTITY,))
    assert set(found.relations) == {
        Relation("detects", "T1110.003"),
        Relation("detects", "G0099"),
        Relation("detects", "CVE-2031-12345"),
        Relation("derived", "0a1b2c3d-0000-4000-8000-00000000abce"),
    }
    assert found.modified == datetime(2024, 3, 4, tzinfo=UTC)
    assert found.facts["level"] == "high"
    assert found.facts["author"] == "A. Defender"
    assert found.facts["product"] == "m365"
    text = found.text
    for part in (
        "Level: high",
        "Log source: product m365, service exchange",
        "Techniques: T1110.003",
        "Tactics: Credential Access",
        "- A scanner that is ours",
    ):
        assert part in text
    detection = next(s.text for s in found.sections if s.heading == "Detection")
    assert detection.startswith("selection:\n    Operation: UserLoginFailed")
    assert detection.endswith("# why\ncondition: selection | count() > 10")


def test_many_rules_and_one_broken(parse: Parse, samples: dict[str, bytes]) -> None:
    first, _, second = samples["rules.yaml"].decode().removeprefix("---\n").partition("---\n")
    text = f"---\n{first}---\ntitle: [broken\n---\n{second}"
    found = parse("rules.yaml", text)
    assert [type(item) for item in found] == [Document, Failure, Document]
    assert found[0].source == "rules.yaml:line 2"
    rows = text.split("\n")
    assert rows[int(found[2].source.rpartition(" ")[2]) - 1] == "title: Spraying Of Mailboxes"


def test_global_parts_are_merged_into_the_rules_that_follow(parse: Parse) -> None:
    text = (
        "action: global\ntitle: Both\nlevel: low\n---\nlogsource: {product: a}\ndetection: {condition: x}\n"
        "id: 1-a\n---\ndetection: {condition: y}\nid: 1-b\n"
    )
    first, second = (d for d in parse("g.yml", text) if isinstance(d, Document))
    assert (first.title, second.title) == ("Both", "Both")
    assert "condition: y" in second.text
    assert "Level: low" in second.text


def test_a_correlation_is_a_rule(one: One) -> None:
    found = one(
        "c.yml",
        "title: Many\nid: 2-a\ncorrelation:\n    type: event_count\n    rules: [base_rule]\n    timespan: 5m",
    )
    assert Relation("correlates", "base_rule") in found.relations
    assert "timespan: 5m" in found.text


def test_other_yaml_is_text_with_lines(one: One) -> None:
    found = one("compose.yml", "services:\n  web:\n    image: nginx\n")
    assert found.kind == "document"
    assert found.sections[0].place == "line 1"


def test_a_bomb_is_a_failure(parse: Parse) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (found,) = parse("bomb.yaml", bomb)
    assert isinstance(found, Failure)
    assert "bomb" in found.error


def test_characters_that_a_rule_looks_for_are_spelled_out(one: One) -> None:
    text = "title: RLO\nid: 3-a\ndetection:\n    s:\n        Image|contains: '\u202e'\n    condition: s\n"
    found = one("r.yml", text)
    assert "<U+202E>" in found.text
    assert "hidden-text" not in found.tags


def test_written_anew() -> None:
    assert written({"a": ["x", {"b": "1"}], "c": ""}) == "a:\n  - x\n  -\n    b: 1\nc:"
