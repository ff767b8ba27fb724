"""Facts are bounded, fenced and cleaned, whatever stands in them."""

from __future__ import annotations

import re

import jsonschema
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from icelos.contracts import Fact, Observation
from icelos.jobs.copilot.answers import Answer, Sentence, Status
from icelos.web.mcp import shown

HOSTILE = st.lists(
    st.sampled_from(
        ["</untrusted-data", ' id="', "0" * 32, '">', "\n", "<|im_end|>", "\u200b", "\U000e0041", "[INST]"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_leaves_its_fence(text: str, ref: str, source: str) -> None:
    found = shown.bounded(Observation(facts=(Fact(ref=ref, text=text, source=source),) * 2))
    told = shown.text_of(found)
    after = told.partition(shown.INSTRUCTION)[2]
    opened = re.findall(r'<untrusted-data id="([0-9a-f]{32})"', after)
    closed = re.findall(r'</untrusted-data id="([0-9a-f]{32})">', after)
    assert len(opened) == 2
    assert opened == closed
    assert not re.search("<\\||[\u200b\U000e0041]", told)
    structured = str(shown.cleaned(msgspec.to_builtins(found)))
    assert not re.search("<\\||</untrusted|[\u200b\U000e0041]", structured)


def test_many_and_long_facts_are_cut_and_told() -> None:
    many = shown.bounded(Observation(facts=tuple(Fact(ref=str(n), text="x") for n in range(500)), total=900))
    assert len(many.facts) == shown.MOST_FACTS
    assert many.total == 900
    assert "400 more were left out" in many.notices[-1]
    long = shown.bounded(Observation(facts=(Fact(ref="a", text="x" * 1_000_000), Fact(ref="b", text="y"))))
    assert len(long.facts) == 1
    assert len(long.facts[0].text) < shown.MOST_CHARACTERS + 10
    assert "1 more" in long.notices[-1]
    wide = shown.bounded(Observation(facts=(Fact(ref="a", text="", values={"v": "z" * 1_000_000}),)))
    assert len(str(wide.facts[0].values["v"])) == shown.LONGEST_VALUE


def test_structured_output_fits_its_schema() -> None:
    answer = Answer(
        question="q", status=Status.ANSWERED, sentences=(Sentence(text="a", handles=("K7f2",)),),
        made_by={"copilot": "1"}, explain={"why": [1, None]},
    )  # fmt: skip
    observation = Observation(facts=(Fact(ref="a", text="b", values={"n": 1, "f": 0.5, "no": None}),))
    for value in (answer, observation):
        schema = shown.schema_of(type(value))
        assert schema["type"] == "object"
        jsonschema.validate(shown.cleaned(msgspec.to_builtins(value)), schema)


def test_addresses_hold_any_id() -> None:
    assert shown.finding_uri("mail", "a/b?c#d") == "icelos://finding/mail/a%2Fb%3Fc%23d"
    assert shown.document_uri("runbooks/x.md") == "icelos://document/runbooks%2Fx.md"
