"""Drafts for gaps, in the template's words and in a model's: the detection is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from icelos.errors import ModelError
from icelos.jobs.logs.drafts import Draft, drafts
from icelos.jobs.logs.profile.rows import Row
from icelos.jobs.logs.sigma.rules import rules_of_text
from icelos.jobs.logs.whatif.playing import Label
from icelos.jobs.logs.whatif.scenario import load
from icelos.jobs.logs.wording import Wording
from icelos.testing import Answer, ScriptedLLM

WORDS = {
    "title": "A consent to an application",
    "description": "A person lets an application act in their name",
    "falsepositives": ["A new application that was announced", "Tests"],
}
TECHNIQUE = "T1528"


def _row(number: int, activity: str) -> Row:
    fields: dict[str, Any] = {
        "activityDateTime": "2026-01-05T08:00:00Z", "activityDisplayName": activity,
        "category": "ApplicationManagement", "loggedByService": "Core Directory",
        "initiatedBy.user.userPrincipalName": f"person{number % 3}@corp.example",
    }  # fmt: skip
    return Row(json.dumps(fields).encode(), fields, f"played:{number}")


def _label(number: int) -> Label:
    return Label(
        row=number, id="", record_id="", episode="1", scenario="oauth", stage="consent", technique=TECHNIQUE,
        user="", benign=False, difficulty=0.0,
    )  # fmt: skip


ROWS = [
    *(_row(number, "Update user") for number in range(1, 300)),
    *(_row(number, "Consent to application") for number in range(300, 304)),
]
LABELS = {number: _label(number) for number in range(300, 303)}


def _drafted(*answers: Answer) -> Draft:
    wording = Wording(ScriptedLLM(*answers)) if answers else None
    (draft,) = drafts(ROWS, LABELS, [TECHNIQUE], scenarios=[load("consent-phishing")], wording=wording)
    return draft


@pytest.fixture(scope="module")
def plain() -> Draft:
    return _drafted()


def test_a_draft_was_run_on_both(plain: Draft) -> None:
    assert (plain.matched, plain.of, plain.own_rows) == (3, 3, 1)
    rule = yaml.safe_load(plain.rule)
    assert rule["detection"]["selection"] == {"activityDisplayName": "Consent to application"}
    assert (plain.worded_by, plain.note) == ("", "")
    assert "author" not in rule
    assert list(drafts(ROWS, LABELS, ["T1110"])) == []


def test_a_model_words_it(plain: Draft) -> None:
    llm = ScriptedLLM(json.dumps(WORDS))
    (draft,) = drafts(ROWS, LABELS, [TECHNIQUE], scenarios=[load("consent-phishing")], wording=Wording(llm))
    rule, template = yaml.safe_load(draft.rule), yaml.safe_load(plain.rule)
    assert rule["title"] == WORDS["title"]
    assert rule["falsepositives"] == WORDS["falsepositives"]
    assert rule["description"].startswith(f"{WORDS['description']}. Drafted from simulated rows")
    assert rule["author"] == "Icelos, in words of the model scripted"
    assert rule["status"] == "experimental"
    assert all(rule[key] == template[key] for key in ("detection", "logsource", "level", "tags", "status"))
    assert (draft.worded_by, draft.note) == ("scripted", "")
    assert (draft.matched, draft.own_rows) == (plain.matched, plain.own_rows)
    told = llm.calls[0][1].content
    assert load("consent-phishing").title in told
    assert "1 of 300" in told
    assert "corp.example" not in told


@pytest.mark.parametrize(
    "title",
    [
        "Words\ndetection:\n  selection:\n    activityDisplayName: '*'\n  condition: selection",
        "Words'\n---\ntitle: 'Another",
        'Words": *x, "detection": {selection: {a: b}} #',
        "!!python/object/apply:os.system [true, yes]",
        "&anchor *anchor: - no @words % of YAML",
        "action: global",
        "- yes: null ~",
    ],
)
def test_words_never_reach_the_detection(plain: Draft, title: str) -> None:
    draft = _drafted(json.dumps({"title": title, "description": title, "falsepositives": [title]}))
    rule = yaml.safe_load(draft.rule)
    assert rule["detection"] == yaml.safe_load(plain.rule)["detection"]
    assert rule["title"] == " ".join(title.split())
    assert [one.title for one in rules_of_text(draft.rule, "draft.yml").rules] == [rule["title"]]
    assert (draft.matched, draft.of, draft.own_rows) == (plain.matched, plain.of, plain.own_rows)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ModelError("the endpoint\ncannot be reached"), "the endpoint cannot be reached"),
        ("I would rather not.", "the model's words were refused: not valid JSON"),
        (json.dumps({**WORDS, "title": "long " * 100}), "the model's words were refused: title:"),
    ],
)
def test_without_words_of_the_model_the_templates_stay(plain: Draft, answer: Answer, why: str) -> None:
    draft = _drafted(answer)
    assert draft.rule == plain.rule
    assert draft.note.startswith(why)
    assert "\n" not in draft.note
    assert draft.worded_by == ""
