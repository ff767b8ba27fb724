import json

import pytest

from icelos.contracts import Message, Reply
from icelos.errors import BudgetError, ModelError
from icelos.jobs.mail.synthesis.bank import load_bank
from icelos.jobs.mail.synthesis.compose import Composer
from icelos.jobs.mail.synthesis.personas import Persona
from icelos.jobs.mail.synthesis.synthetic import Scene
from icelos.jobs.mail.synthesis.writer import Writer, request
from icelos.testing import ScriptedLLM


def scene(name: str = "mailbox-quota") -> Scene:
    return load_bank().named("en", name)


def answer(**changes: str) -> str:
    parts = {
        "subject": "Your mailbox",
        "opening": "Dear Ada,\n\nYour mailbox is nearly full and mail may bounce.",
        "request": "Please sign in with your password on the page below.",
        "closing": "Thank you.\n\nThe mail team",
        "link_text": "Sign in",
    }
    return json.dumps(parts | changes)


def test_a_good_reply_becomes_a_mail_with_its_span() -> None:
    writer = Writer(ScriptedLLM(answer()))
    mail = writer.write(scene(), seed=3, persona=Persona(first="Ada"))
    assert mail.made_by == "llm:scripted"
    assert mail.intents == ("credential-theft",)
    [span] = mail.spans
    assert (
        mail.text[span.start : span.end].split()
        == "Please sign in with your password on the page below.".split()
    )
    assert all(link.url.startswith(("https://example.", "http://example.")) for link in mail.links)
    assert writer.counts == {"written": 1}


def test_the_embedded_model_drafts_and_the_composer_asks() -> None:
    draft = "Since Tuesday your mailbox has grown by a lot. The Aurora files take most of it. And a third"
    writer = Writer(ScriptedLLM(draft), kind="embedded")
    mail = writer.write(scene(), seed=1)
    assert mail.made_by == "embedded:scripted"
    assert "Aurora files take most of it." in " ".join(mail.text.split())
    assert "And a third" not in mail.text
    assert mail.spans
    assert writer.write(load_bank().of("de", "invoice")[0], seed=1).made_by == "compose"
    assert writer.counts == {"written": 1, "not asked: writes English only": 1}


def test_an_embedded_model_that_says_nothing_is_replaced() -> None:
    writer = Writer(ScriptedLLM("Sure!"), kind="embedded")
    assert writer.write(scene(), seed=1).made_by == "compose"
    assert writer.counts == {"refused: empty": 1}


def test_the_model_is_told_an_intent_and_made_up_people_only() -> None:
    llm = ScriptedLLM(answer())
    Writer(llm).write(scene(), seed=3, persona=Persona(first="Ada", organisation="Quill"))
    told = "\n".join(message.content for message in llm.calls[0])
    assert "credential-theft" in told
    assert "Quill" in told
    phrases = (*scene().asks, *scene().openers, *scene().pressures)
    assert not any(phrase in told for phrase in phrases)


def test_prompts_differ_by_seed() -> None:
    made = {request(Composer(load_bank(), scene(), seed, Persona()))[1].content for seed in range(20)}
    assert len(made) == 20


@pytest.mark.parametrize("seed", range(12))
def test_links_and_addresses_are_forced_to_reserved_domains(seed: int) -> None:
    opening = (
        "Go to https://evil.xyz/login or www.bad.com/x or write to me@real-bank.com, see paypal-login.top"
    )
    mail = Writer(ScriptedLLM(answer(opening=opening))).write(scene(), seed=seed)
    whole = mail.text + (mail.html or "")
    for name in ("evil.xyz", "bad.com", "real-bank.com", "paypal-login.top"):
        assert name not in whole
    assert all("example." in link.url for link in mail.links)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("no json at all", "not the JSON asked for"),
        (answer(subject=""), "not the JSON asked for"),
        (answer(request="pay"), "a part is empty"),
        (answer(opening="x" * 9000), "not the JSON asked for"),
        (answer(subject="two\nlines"), "subject of several lines"),
        (answer(closing="Regards, [Your Name]"), "placeholders"),
        (answer(closing="As an AI I made this up"), "the model declined"),
        (
            answer(opening="1234 5678 !!!! ???? " * 20),
            "not text",
        ),
        (answer(opening="buy " * 200), "says the same again"),
        (answer(opening="The greeting and what it is about"), "repeats what it was told"),
        (json.dumps({"subject": "x"}), "not the JSON asked for"),
        ('{"subject": ' + "[" * 5000, "not the JSON asked for"),
    ],
)
def test_bad_replies_are_refused_counted_and_composed_instead(reply: str, why: str) -> None:
    writer = Writer(ScriptedLLM(reply))
    mail = writer.write(scene(), seed=3)
    assert mail.made_by == "compose"
    assert writer.counts == {f"refused: {why}": 1}


def test_unseen_characters_are_taken_out() -> None:
    mail = Writer(
        ScriptedLLM(answer(request="Please\u200b sign\u202e in\U000e0041 with your password now."))
    ).write(scene(), seed=3)
    assert "Please sign in with your password now." in " ".join(mail.text.split())


def test_a_reply_cut_off_is_refused() -> None:
    writer = Writer(ScriptedLLM(Reply(text=answer(), truncated=True)))
    assert writer.write(scene(), seed=3).made_by == "compose"
    assert writer.counts == {"refused: cut off": 1}


def test_errors_of_the_model_fall_back() -> None:
    writer = Writer(ScriptedLLM(ModelError("gone")))
    assert writer.write(scene(), seed=3).made_by == "compose"
    assert writer.counts == {"no reply": 1}


def test_an_empty_budget_is_not_asked_twice() -> None:
    llm = ScriptedLLM(BudgetError("used up"))
    writer = Writer(llm)
    for seed in range(3):
        assert writer.write(scene(), seed=seed).made_by == "compose"
    assert len(llm.calls) == 1
    assert writer.counts == {"not asked: budget used up": 3}


def test_harmless_scenes_are_asked_for_as_harmless() -> None:
    said: list[Message] = list(request(Composer(load_bank(), scene("status-report"), 1, Persona())))
    assert "honest and harmless" in said[1].content
    assert "fraud" not in said[1].content
