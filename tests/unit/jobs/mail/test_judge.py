"""The judgement that every way in shares: weights that add up, reasons for people, senders that it learns."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.errors import InputError
from icelos.findings import Verdict
from icelos.jobs.mail.detector.model import Linear, MailModel
from icelos.jobs.mail.detector.versions import BUNDLED, Versions
from icelos.jobs.mail.intents.taxonomy import ALL, MALICIOUS
from icelos.jobs.mail.judge import (
    Judge,
    ServingJudge,
    clean,
    known_of,
    logistic,
    models_folder,
    open_judge,
    senders_path,
    sentence,
    serving_judge,
)
from icelos.jobs.mail.reading.message import Message, read_message
from icelos.jobs.mail.senders.store import SenderStore
from icelos.jobs.mail.signals.authentication import Origin
from icelos.jobs.mail.signals.facts import Facts
from icelos.jobs.mail.signals.signals import Signal
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.envelope import to_message
from icelos.settings import MailSettings, Settings

LURE = (
    b'From: "service@bank.com" <office@compromised.net>\nReply-To: claims@gmail.com\n'
    b"Subject: Your account will be suspended\nContent-Type: text/html\n\n"
    b"<p>Please verify your password within 24 hours, or your account will be locked.</p>"
    b"<a href='http://8.8.8.8/login'>https://www.bank.com</a>"
)
LUNCH = b"From: Ann <ann@corp.example>\nTo: bob@corp.example\nSubject: Lunch\n\nHi Bob, lunch at noon? Ann\n"


@pytest.fixture
def judge(package_model: MailModel) -> Judge:
    return Judge(package_model)


# ---- what it comes to


def test_a_lure_is_an_alert_and_ordinary_mail_is_clear(judge: Judge) -> None:
    assert judge.judge(LURE).verdict is Verdict.ALERT
    assert judge.judge(LUNCH).verdict is Verdict.CLEAR


def test_weights_and_bias_sum_to_the_log_odds_of_the_score(judge: Judge) -> None:
    messages = [read_message(to_message(mail)) for mail in synthesise(200, seed=21)]
    for judgement in judge.judge_messages(messages):
        weights = [symbol.weight for symbol in judgement.symbols]
        log_odds = math.log(judgement.score) - math.log1p(-judgement.score)
        assert judgement.bias + sum(weights) == pytest.approx(log_odds, abs=1e-6)
        assert weights == sorted(weights, reverse=True)
        assert len({symbol.name for symbol in judgement.symbols}) == len(weights)
        assert all(symbol.why and math.isfinite(symbol.weight) for symbol in judgement.symbols)


def test_a_batch_gives_what_each_mail_gives_alone(judge: Judge) -> None:
    messages = [read_message(to_message(mail)) for mail in synthesise(200, seed=22)]
    assert judge.judge_messages(messages) == [judge.judge_messages([one])[0] for one in messages]
    assert judge.judge_messages([]) == []


def test_the_bias_is_the_offset_over_the_threshold(package_model: MailModel, judge: Judge) -> None:
    card = package_model.card
    assert judge.kind == "words"
    assert judge.bias == card.mixtures["words"].offset - card.thresholds["words"].review
    stricter = card.thresholds["words"]
    moved = msgspec.structs.replace(stricter, review=stricter.review + 1)
    changed = msgspec.structs.replace(card, thresholds={"words": moved})
    assert Judge(package_model._replace(card=changed)).bias == pytest.approx(judge.bias - 1)


def test_verdicts_follow_the_settings(package_model: MailModel, judge: Judge) -> None:
    score = judge.judge(LURE).score
    for settings, verdict in (
        (MailSettings(review=0.0, alert=score), Verdict.ALERT),
        (MailSettings(review=score, alert=1.0), Verdict.REVIEW),
        (MailSettings(review=1.0, alert=1.0), Verdict.CLEAR),
    ):
        judgement = Judge(package_model, settings).judge(LURE)
        assert (judgement.verdict, judgement.score) == (verdict, score)


def test_what_is_no_mail_is_refused(judge: Judge) -> None:
    for raw in (b"", b"no mail", b"\0" * 100):
        with pytest.raises(InputError):
            judge.judge(raw)


def test_who_judged_is_named(judge: Judge) -> None:
    made_by = judge.judge(LURE).made_by
    assert made_by["model"] == "mail bundled (words)"
    assert made_by["icelos"]


def test_a_model_without_meaning_does_without_the_encoder(package_model: MailModel) -> None:
    class Never:
        def encode(self, texts: object) -> None:
            raise AssertionError("nothing asks it")

    judge = Judge(package_model._replace(meaning=None), encoder=Never())  # type: ignore[arg-type]
    assert judge.kind == "words"
    assert judge.judge(LUNCH).verdict is Verdict.CLEAR


# ---- what is said


def test_reasons_name_words_intent_and_what_is_seen(judge: Judge) -> None:
    judgement = judge.judge(LURE)
    names = [symbol.name for symbol in judgement.symbols]
    assert {"words", "build", "link-to-ip", "display-name-address"} <= set(names)
    words = judgement.symbols[names.index("words")]
    assert words.quote
    assert all(word.strip("'") in LURE.decode().lower() for word in words.quote.split(", "))
    assert judgement.sentence.startswith(f"It scores {judgement.score:.2f} because ")
    assert judgement.sentence.endswith(".")
    assert "8.8.8.8" in judgement.sentence


def test_intents_are_those_that_are_likely_and_the_heaviest_is_quoted(judge: Judge) -> None:
    quoted = 0
    for mail in synthesise(60, intents={"gift-cards": 1, "extortion": 1}, languages={"en": 1}, seed=5):
        judgement = judge.judge(to_message(mail))
        likely = list(judgement.intents.values())
        assert likely == sorted(likely, reverse=True)
        assert all(0.5 <= one <= 1 for one in likely[1:]), "the likeliest is named in any case"
        assert set(judgement.intents) <= set(ALL)
        for symbol in judgement.symbols:
            if symbol.name.startswith("intent-"):
                assert symbol.name.removeprefix("intent-") in judgement.intents
                assert symbol.why == f"it {MALICIOUS[symbol.name.removeprefix('intent-')]}"
                quoted += bool(symbol.quote)
    assert quoted > 20


def test_parts_that_weigh_nothing_are_left_out(
    package_model: MailModel, letter: Callable[..., Message]
) -> None:
    nothing = Linear(0 * package_model.text.weights, 0 * package_model.text.offsets)
    built = Linear(0 * package_model.anatomy.weights, 0 * package_model.anatomy.offsets)
    judgement = Judge(package_model._replace(text=nothing, anatomy=built)).judge_messages(
        [letter("At noon?", subject="Lunch")]
    )[0]
    assert not {"words", "build", "meaning"} & {symbol.name for symbol in judgement.symbols}


def _signals(*weights: float) -> list[Signal]:
    return [Signal(f"sign-{n}", weight, f"it shows {n}", "body", "") for n, weight in enumerate(weights)]


def test_one_sentence_names_the_heaviest_and_counts_the_rest() -> None:
    assert sentence([], 0.01) == "Nothing speaks against this mail (0.01)."
    assert sentence(_signals(-1.0, -2.0), 0.01) == "Nothing speaks against this mail (0.01)."
    assert sentence(_signals(3.0, -2.0), 0.7) == "It scores 0.70 because it shows 0."
    assert sentence(_signals(3, 2, 1), 0.9) == "It scores 0.90 because it shows 0; it shows 1; it shows 2."
    assert sentence(_signals(5, 4, 3, 2, 1), 1.0).endswith("it shows 2; and 2 more.")


@pytest.mark.parametrize("log_odds", [-1e9, -700, -5, 0, 5, 700, 1e9])
def test_the_logistic_has_no_overflow(log_odds: float) -> None:
    assert 0 <= logistic(log_odds) <= 1
    assert logistic(log_odds) + logistic(-log_odds) == pytest.approx(1)


@given(st.text(), st.integers(1, 50))
def test_clean_text_can_be_stored_and_shown(text: str, most: int) -> None:
    cleaned = clean(text, most)
    assert len(cleaned) <= most
    assert cleaned.isprintable()
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


# ---- origin


def test_origin_is_checked_only_where_the_bytes_are_given(package_model: MailModel) -> None:
    class Checks:
        def __init__(self) -> None:
            self.seen: list[bytes] = []

        def origin(self, raw: bytes, facts: Facts) -> Origin | None:
            self.seen.append(raw)
            return None

    checks = Checks()
    judge = Judge(package_model, verifier=checks)  # type: ignore[arg-type]
    judge.judge_messages([read_message(LUNCH)])
    assert checks.seen == []
    judge.judge_messages([read_message(LUNCH), read_message(LURE)], [LUNCH, LURE])
    assert checks.seen == [LUNCH, LURE]


# ---- senders


class Learning(SenderStore):
    """A store that counts what it was taught."""

    taught = 0

    def observe_all(self, mails: object, *, share: float = 1.0) -> None:
        found = list(mails)  # type: ignore[call-overload]
        self.taught += len(found)
        super().observe_all(found, share=share)


@pytest.fixture
def store(tmp_path: Path) -> Learning:
    return Learning(tmp_path / "senders.sqlite")


def test_a_serving_judge_learns_from_clear_mail_alone(package_model: MailModel, store: Learning) -> None:
    judge = ServingJudge(package_model, senders=lambda: store)
    judge.judge(LUNCH)
    assert store.taught == 1
    judge.judge(LURE)
    assert store.taught == 1


def test_judging_alone_teaches_nobody(package_model: MailModel, store: Learning) -> None:
    judge = Judge(package_model, senders=lambda: store)
    judge.judge(LUNCH)
    assert store.taught == 0
    judge.learn([read_message(LUNCH)])
    judge.learn([])
    assert store.taught == 1


def test_without_a_store_nothing_is_learnt(judge: Judge) -> None:
    assert judge.senders is None
    judge.learn([read_message(LUNCH)])


def test_a_store_is_opened_once_for_each_process(
    package_model: MailModel, store: Learning, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    judge = Judge(package_model, senders=lambda: opened.append(1) or store)  # type: ignore[func-returns-value]
    assert judge.senders is judge.senders is store
    assert len(opened) == 1
    monkeypatch.setattr("icelos.jobs.mail.judge.os.getpid", lambda: -1)
    assert judge.senders is store
    assert len(opened) == 2, "a process that was forked needs one of its own"


# ---- opening


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    from icelos.settings import load

    return load().settings


def test_opened_with_the_model_in_force(settings: Settings, small_model: MailModel, tmp_path: Path) -> None:
    assert open_judge(settings).model.card.version == BUNDLED
    Versions(models_folder(settings)).add(small_model)
    assert open_judge(settings).model.card.version == "small"
    assert open_judge(settings, BUNDLED).model.card.version == BUNDLED
    with pytest.raises(InputError, match="no model 'none'"):
        open_judge(settings, "none")
    assert models_folder(settings).is_relative_to(tmp_path / "home")


def test_senders_are_kept_in_the_workspace_where_they_are_wanted(settings: Settings, tmp_path: Path) -> None:
    judge = open_judge(settings)
    assert isinstance(judge.senders, SenderStore)
    assert senders_path(settings).is_relative_to(tmp_path / "home")
    judge.senders.close()
    off = msgspec.structs.replace(settings, mail=MailSettings(senders=False))
    assert open_judge(off).senders is None


def test_a_serving_judge_takes_the_workspaces_settings(settings: Settings) -> None:
    judge = serving_judge(MailSettings(senders=False, review=0.25))
    assert isinstance(judge, ServingJudge)
    assert judge.settings.review == 0.25
    assert judge.senders is None


def test_what_is_known_of_the_organisation() -> None:
    known = known_of(
        MailSettings(
            trusted_servers=("mx.corp.example",), own_domains=("corp.example",),
            partner_domains=("bank.com",), vips=("Ada Lovelace",),
        )
    )  # fmt: skip
    assert known.servers == ("mx.corp.example",)
    assert known.domains == ("corp.example",)
    assert known.partners == ("bank.com",)
    assert known.people == ("Ada Lovelace",)
