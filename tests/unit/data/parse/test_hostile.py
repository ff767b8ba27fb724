"""Content made to take long or to grow: 128 KiB of each must be over in moments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from icelos.findings import Failure
from icelos.records import Document

if TYPE_CHECKING:
    from tests.unit.data.parse.conftest import Parse

SIZE = 1 << 17


def fill(piece: str) -> str:
    return piece * (SIZE // len(piece))


PIECES = [
    " ", "\n", "\t", "<", "<a ", "<!--", "<!---->", "<p hidden>", '<b style="font-size:0">', "<b>x",
    "hidden<", 'style="',
    "<xhtml:p ", "(Citation:", "[", "[x](", "![", "`", "> ", "- ", "* a\n", "|", "-|", "|-\n", "#", "# h\n",
    "{", '{"',
    "&a ", "*a ", "---\n", '"', '",', "a,b\n", "CVE-", "\u200b", "\u202e", "\u0301",
]  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.parametrize("suffix", ["md", "html", "txt", "yml", "csv", "jsonl"])
@pytest.mark.parametrize("piece", PIECES)
def test_repetition_is_read_in_one_pass(parse: Parse, piece: str, suffix: str) -> None:
    assert parse(f"a.{suffix}", fill(piece))


UUID = "11111111-2222-4333-8444-{:012d}"


def things(kind: str, count: int, family: str, **more: object) -> list[dict[str, object]]:
    return [
        {
            "type": kind,
            "id": f"{kind}--{UUID.format(n)}",
            "name": "n" * 50,
            "external_references": [{"source_name": "mitre-attack", "external_id": f"{family}{n:04d}"}],
            **more,
        }
        for n in range(count)
    ]


@pytest.mark.timeout(60)
def test_objects_that_all_point_at_each_other_do_not_multiply(parse: Parse) -> None:
    analytics = things("x-mitre-analytic", 200, "AN", description="long " * 400)
    strategies = things(
        "x-mitre-detection-strategy", 200, "DET", x_mitre_analytic_refs=[a["id"] for a in analytics]
    )
    techniques = things("attack-pattern", 100, "T")
    edges = [
        {"type": "relationship", "relationship_type": "detects", "source_ref": s["id"], "target_ref": t["id"]}
        for s in strategies
        for t in techniques
    ]
    bundle = {"type": "bundle", "objects": [*analytics, *strategies, *techniques, *edges]}
    data = json.dumps(bundle)
    found = parse("bomb.json", data)
    size = sum(len(item.text) for item in found if isinstance(item, Document))
    assert size < 5 * len(data) + (64 << 20)
    assert any(isinstance(item, Document) for item in found)


def test_what_grows_beyond_bounds_ends_with_a_failure(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icelos.data.parse.documents.GROWTH_FREE", 1000)
    base = "action: global\ntitle: t\ndescription: " + "x" * 4000 + "\n"
    rules = "".join(f"---\nid: {n}-a\ndetection: {{s: 1}}\nlogsource: {{a: b}}\n" for n in range(50))
    found = parse("rules.yml", base + rules)
    assert isinstance(found[-1], Failure)
    assert "times larger" in found[-1].error
    assert 0 < len(found) < 50
