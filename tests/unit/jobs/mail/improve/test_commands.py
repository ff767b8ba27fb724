"""From places of mail to a model in force, in a workspace of its own."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import msgspec
import pytest

from icelos.errors import InputError, SettingsError
from icelos.findings import Verdict
from icelos.jobs.mail.detector.versions import BUNDLED, Versions
from icelos.jobs.mail.improve.commands import Kept, calibrate_from, improve_from, is_better, tell
from icelos.jobs.mail.improve.loop import Improved, Measured, Share
from icelos.jobs.mail.judge import models_folder, open_judge
from icelos.jobs.mail.reading.message import read_message
from icelos.settings import MailSettings, Settings, load

NUMBER = 300


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return msgspec.structs.replace(load().settings, mail=MailSettings(senders=False))


def _versions(settings: Settings) -> Versions:
    return Versions(models_folder(settings))


# ---- improve


def test_improve_from_mailboxes_to_a_model_in_force(settings: Settings, boxes: Path) -> None:
    told: list[tuple[str, int]] = []
    kept = improve_from(
        settings, [str(boxes / "bad")], [str(boxes / "ham")], number=NUMBER, wanted_fpr=0.01, force=True,
        progress=lambda what, done: told.append((what, done)),
    )  # fmt: skip
    assert kept.in_force
    assert _versions(settings).in_force == kept.version
    assert kept.measured.synthetic == NUMBER
    assert kept.generator == "compose"
    assert kept.failures == 0
    assert kept.measured.after.recall.n + kept.measured.after.false_positives.n > 100
    assert ("reading", 420) in told
    assert told[-1] == ("writing synthetic mail", NUMBER)
    judge = open_judge(settings)
    assert judge.made_by["model"] == f"mail {kept.version} (words)"
    found = [judge.judge(path.read_bytes()).verdict for path in sorted((boxes / "bad").iterdir())[:20]]
    assert sum(one is not Verdict.CLEAR for one in found) > 10
    assert msgspec.json.encode(kept)


def test_what_users_told_is_learnt_from_and_what_is_not_better_is_not_in_force(
    settings: Settings, boxes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icelos.jobs.mail.improve.commands.is_better", lambda *_: False)
    assert tell(settings, [str(boxes / "bad")], spam=True) == 60
    one = str(next((boxes / "bad").iterdir()))
    told: list[int] = []
    kept: Kept = improve_from(
        settings, [one], [str(boxes / "ham")], number=200, wanted_fpr=0.01,
        progress=lambda what, done: told.append(done) if what == "reading" else None,
    )  # fmt: skip
    assert max(told) == 421, "one that was named, 60 that were told, 360 of ham"
    assert not kept.in_force
    assert _versions(settings).in_force == BUNDLED
    assert _versions(settings).load(kept.version).card.version == kept.version


def _share(hits: int, n: int, low: float = 0.0) -> Share:
    return Share(hits, n, low, 1.0)


def _improved(before: int, after: int, low: float) -> Improved:
    one, other = (
        Measured(recall=_share(hits, 100), false_positives=_share(1, 100, low), by_intent={}, by_language={})
        for hits in (before, after)
    )
    return Improved(missed={}, synthetic=1, refused=0, before=one, rethresholded=one, after=other)


@pytest.mark.parametrize(
    ("before", "after", "low", "better"),
    [
        (10, 11, 0.0, True),
        (10, 10, 0.0, False),
        (10, 9, 0.0, False),
        (10, 90, 0.01, False),
        (0, 1, 0.001, True),
    ],
)
def test_better_is_more_found_at_a_rate_that_may_be_the_wanted_one(
    before: int, after: int, low: float, better: bool
) -> None:
    assert is_better(_improved(before, after, low), wanted_fpr=0.001) == better


def test_too_little_is_told_before_a_model_is_kept(settings: Settings, boxes: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted((boxes / "bad").iterdir())[:2]:
        shutil.copy(path, few)
    with pytest.raises(InputError, match="only 2 malicious mails"):
        improve_from(settings, [str(few)], [str(boxes / "bad")], number=NUMBER)
    assert _versions(settings).cards()[0][1:] == []


@pytest.mark.parametrize("place", ["none.mbox", "empty"])
def test_places_without_mail_are_told(settings: Settings, boxes: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        improve_from(settings, [place], [str(boxes / "ham")], number=NUMBER)
    with pytest.raises(InputError):
        calibrate_from(settings, [place])
    with pytest.raises(InputError):
        tell(settings, [place], spam=True)


def test_a_generator_without_its_model_is_told_before_mail_is_read(settings: Settings, boxes: Path) -> None:
    told: list[str] = []
    with pytest.raises(SettingsError, match="no model is configured"):
        improve_from(
            settings, [str(boxes / "bad")], [str(boxes / "ham")], generator="llm",
            progress=lambda what, done: told.append(what),
        )  # fmt: skip
    assert told == []


# ---- calibrate


def test_calibrate_moves_the_threshold_alone(settings: Settings, boxes: Path) -> None:
    before = _versions(settings).load()
    version, found = calibrate_from(settings, [str(boxes / "ham")], wanted_fpr=0.02)
    after = _versions(settings).load()
    assert _versions(settings).in_force == version == after.card.version
    assert (found.ham, found.wanted_fpr) == (360, 0.02)
    assert after.card.thresholds["words"] == found != before.card.thresholds["words"]
    assert (after.text.weights == before.text.weights).all()
    assert after.card.mixtures == before.card.mixtures
    assert after.card.trained_on == before.card.trained_on
    ham = [read_message(path.read_bytes()) for path in (boxes / "ham").iterdir()]
    judged = open_judge(settings).judge_messages(ham)
    assert sum(one.verdict is not Verdict.CLEAR for one in judged) <= 0.02 * 360
    assert _versions(settings).roll_back() == BUNDLED


def test_calibrate_needs_ham(settings: Settings, boxes: Path) -> None:
    with pytest.raises(InputError, match="only 60 mails of ham"):
        calibrate_from(settings, [str(boxes / "bad")])


# ---- feedback


def _told(settings: Settings, tmp_path: Path, kind: str) -> list[Path]:
    folder = tmp_path / "home" / "mail" / "feedback" / kind
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_last_word_counts_and_can_be_taken_back(settings: Settings, boxes: Path, tmp_path: Path) -> None:
    mail = str(next((boxes / "bad").iterdir()))
    assert tell(settings, [mail], spam=True) == 1
    (kept,) = _told(settings, tmp_path, "spam")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert tell(settings, [mail], spam=False) == 1
    assert (len(_told(settings, tmp_path, "spam")), len(_told(settings, tmp_path, "ham"))) == (0, 1)
    assert tell(settings, [mail], spam=None) == 1
    assert _told(settings, tmp_path, "spam") == _told(settings, tmp_path, "ham") == []


def test_the_same_mail_told_twice_is_kept_once(settings: Settings, boxes: Path, tmp_path: Path) -> None:
    mail = str(next((boxes / "bad").iterdir()))
    assert tell(settings, [mail, mail], spam=True) == 2
    assert len(_told(settings, tmp_path, "spam")) == 1
