"""`icelos mail`: what each command says and does, and one line where it is used wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli import main
from icelos.jobs.mail.improve import commands
from icelos.jobs.mail.improve.commands import Kept
from icelos.jobs.mail.improve.loop import Improved, Measured, Share
from icelos.jobs.mail.intents.taxonomy import BENIGN
from icelos.jobs.mail.synthesis.corpus import synthesise
from icelos.jobs.mail.synthesis.envelope import to_message

Captured = pytest.CaptureFixture[str]
HELLO = b"From: Ann <ann@corp.example>\nMessage-ID: <1@x>\nSubject: Hello\n\nAt noon?\n"


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mailboxes of simulated mail: 30 of extortion, 330 of ordinary kinds."""
    folder = tmp_path_factory.mktemp("boxes")
    good = dict.fromkeys(BENIGN, 1.0)
    for name, number, intents in (("bad", 30, {"extortion": 1.0}), ("ham", 330, good)):
        mails = map(to_message, synthesise(number, intents=intents, languages={"en": 1.0}, seed=number))
        lines = (mail.replace(b"\nFrom ", b"\n>From ") for mail in mails)
        (folder / name).write_bytes(b"".join(b"From x Thu Jan  1 00:00:00 2026\n" + m + b"\n" for m in lines))
    return folder


def _refused(arguments: list[str], says: str, capsys: Captured) -> None:
    assert main.run(["mail", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("icelos: ")
    assert says in line


# ---- improve


def test_improve_tells_what_was_missed_and_gained(home: Path, boxes: Path, capsys: Captured) -> None:
    arguments = [
        "improve",
        str(boxes / "bad"),
        "--ham",
        str(boxes / "ham"),
        "--number",
        "200",
        "--fpr",
        "0.02",
    ]
    assert main.run(["mail", *arguments, "--force"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("missed of what was to learn from: ")
    assert "learnt from 200 synthetic mails; " in shown.out
    rows = [line.split("\t") for line in shown.out.splitlines() if "\t" in line]
    assert [row[0] for row in rows[:3]] == ["before", "threshold alone", "after"]
    assert "n = 10" in rows[0][2]
    assert "in force" in shown.err
    (model,) = (home / "models" / "mail").glob("*.npz")
    assert model.stem in shown.err
    assert main.run(["mail", "models", "--roll-back"]) == 0
    assert capsys.readouterr().err == "in force: bundled\n"


def _share(hits: int, n: int) -> Share:
    return Share(hits, n, 0.1, 0.9)


@pytest.fixture
def improved(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """In place of the loop, which takes long: what it was told, and a result."""
    told: dict[str, object] = {}
    measured = Measured(
        recall=_share(5, 10), false_positives=_share(1, 1000),
        by_intent={"extortion": _share(2, 4)}, by_language={"": _share(1, 2)},
    )  # fmt: skip
    result = Improved(
        missed={"gift-cards": 1, "extortion": 3}, synthetic=12_000, refused=7, before=measured,
        rethresholded=measured, after=measured,
    )  # fmt: skip
    kept = Kept(version="v1", in_force=False, generator="compose", refused={"near real mail": 7}, failures=2,
                measured=result)  # fmt: skip

    def improve_from(settings: object, malicious: object, ham: object, **options: object) -> Kept:
        told.update(options, malicious=malicious, ham=ham)
        return kept

    monkeypatch.setattr(commands, "improve_from", improve_from)
    return told


def test_improve_as_a_table(home: Path, improved: dict[str, object], capsys: Captured) -> None:
    assert main.run(["mail", "improve", "a", "b", "--ham", "c", "--ham", "d", "--real", "--seed", "3"]) == 0
    shown = capsys.readouterr()
    assert "missed of what was to learn from: 3 extortion, 1 gift-cards" in shown.out
    assert "12,000 synthetic mails; 7 near copies refused" in shown.out
    assert "after\t0.500\t0.100-0.900, n = 10\t0.0010\t0.1000-0.9000, n = 1,000" in shown.out
    assert "extortion\t0.500\t0.500\t4" in shown.out
    assert "unknown\t0.500\t0.500\t2" in shown.out
    assert "left out: 2 that could not be read as mail" in shown.err
    assert "not in force: it is not better" in shown.err
    assert (improved["malicious"], improved["ham"]) == (["a", "b"], ["c", "d"])
    assert (improved["real"], improved["seed"], improved["number"]) == (True, 3, 12_000)
    assert (improved["wanted_fpr"], improved["force"], improved["generator"]) == (0.001, False, "compose")


def test_improve_as_json(home: Path, improved: dict[str, object], capsys: Captured) -> None:
    assert main.run(["mail", "improve", "a", "--ham", "c", "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["version"] == "v1"
    assert found["measured"]["after"]["recall"] == {"hits": 5, "n": 10, "low": 0.1, "high": 0.9}
    assert shown.err == ""


def test_improve_used_wrongly(home: Path, boxes: Path, tmp_path: Path, capsys: Captured) -> None:
    bad, ham = str(boxes / "bad"), str(boxes / "ham")
    (tmp_path / "empty").mkdir()
    _refused(["improve", bad, "--ham", ham, "--generator", "x"], "no generator called 'x'", capsys)
    _refused(["improve", "none.mbox", "--ham", ham], "none.mbox: no such file or folder", capsys)
    _refused(["improve", bad, "--ham", str(tmp_path / "empty")], "no ham to learn from", capsys)
    _refused(["improve", bad, "--ham", ham, "--generator", "llm"], "no model is configured", capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["improve"],
        ["improve", "a"],
        ["improve", "a", "--ham", "b", "--number", "10"],
        ["improve", "a", "--ham", "b", "--fpr", "0"],
        ["calibrate"],
        ["calibrate", "a", "--fpr", "0.9"],
        ["feedback", "a"],
        ["nonsense"],
    ],
)
def test_arguments_that_are_missing_or_out_of_range(home: Path, arguments: list[str]) -> None:
    assert main.run(["mail", *arguments]) == 2


# ---- calibrate


def test_calibrate(home: Path, boxes: Path, capsys: Captured) -> None:
    assert main.run(["mail", "calibrate", str(boxes / "ham"), "--fpr", "0.001"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert "-calibrated is in force: reviews from log-odds " in first
    assert "by 330 mails of ham for 0.10% flagged" in first
    assert "330 mails cannot show a rate of 0.100%" in second
    assert main.run(["mail", "calibrate", str(boxes / "ham"), "--fpr", "0.02", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["thresholds"]["wanted_fpr"] == 0.02
    assert found["version"].endswith("-calibrated")


def test_calibrate_used_wrongly(home: Path, boxes: Path, capsys: Captured) -> None:
    _refused(["calibrate", "none.mbox"], "no such file or folder", capsys)
    _refused(["calibrate", str(boxes / "bad")], "only 30 mails of ham", capsys)


# ---- feedback


def test_feedback_is_kept_and_taken_back(home: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "hello.eml").write_bytes(HELLO)
    mail = str(tmp_path / "hello.eml")
    folder = home / "mail" / "feedback"
    for verdict, kinds in (("spam", ["spam"]), ("ham", ["ham"]), ("forget", [])):
        assert main.run(["mail", "feedback", mail, "--as", verdict]) == 0
        assert capsys.readouterr().err == f"1 mails: {verdict}\n"
        assert [path.parent.name for path in folder.rglob("*.eml")] == kinds


def test_feedback_used_wrongly(home: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "hello.eml").write_bytes(HELLO)
    (tmp_path / "empty").mkdir()
    _refused(["feedback", str(tmp_path / "hello.eml"), "--as", "bad"], "spam, ham or forget", capsys)
    _refused(["feedback", "none.eml", "--as", "spam"], "no such file or folder", capsys)
    _refused(["feedback", str(tmp_path / "empty"), "--as", "spam"], "no mail there", capsys)
    assert not list((home / "mail").rglob("*.eml"))


# ---- models


def test_models_are_listed_used_and_rolled_back(home: Path, boxes: Path, capsys: Captured) -> None:
    assert main.run(["mail", "models"]) == 0
    first = capsys.readouterr().out.splitlines()
    assert first[0].startswith("bundled  (in force)  made 20")
    assert any("synthetic mails" in line for line in first[1:])
    assert main.run(["mail", "calibrate", str(boxes / "ham"), "--json"]) == 0
    version = json.loads(capsys.readouterr().out)["version"]
    assert main.run(["mail", "models", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["card"]["version"], one["in_force"]) for one in listed] == [
        ("bundled", False),
        (version, True),
    ]
    assert main.run(["mail", "models", "--use", "bundled"]) == 0
    assert capsys.readouterr().err == "in force: bundled\n"
    assert main.run(["mail", "models", "--roll-back", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"in_force": version}


def test_models_used_wrongly(home: Path, capsys: Captured) -> None:
    _refused(["models", "--use", "none"], "no model 'none'", capsys)
    _refused(["models", "--use", "../x"], "is no name of a model", capsys)
    _refused(["models", "--use", "x" * 300], "is no name of a model", capsys)
    _refused(["models", "--roll-back"], "there is none before it", capsys)
    _refused(["models", "--roll-back", "--use", "bundled"], "do not go together", capsys)


def test_damaged_files_are_told_and_hide_nothing(home: Path, capsys: Captured) -> None:
    folder = home / "models" / "mail"
    folder.mkdir(parents=True)
    (folder / "bad.npz").write_bytes(b"no model")
    assert main.run(["mail", "models"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("bundled  (in force)")
    assert "bad.npz: not a mail model of this version" in shown.err
    (folder / "in-force.json").write_bytes(b"{")
    _refused(["models"], "in-force.json: cannot be read", capsys)


# ---- senders


def test_senders_are_learnt_exported_and_forgotten(home: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "hello.eml").write_bytes(HELLO)
    assert main.run(["mail", "senders", "learn", str(tmp_path / "hello.eml")]) == 0
    assert capsys.readouterr().err.startswith("1 mails; ")
    assert main.run(["mail", "senders", "export", "ann@corp.example"]) == 0
    kept = capsys.readouterr().out
    assert json.loads(kept)
    assert "noon" not in kept, "hashes and counts are kept, never words"
    assert main.run(["mail", "senders", "forget", "ann@corp.example"]) == 0
    assert capsys.readouterr().err == "ann@corp.example: forgotten\n"
    for command in ("export", "forget"):
        _refused(["senders", command, "ann@corp.example"], "nothing is kept of this sender", capsys)


def test_senders_learn_as_json(home: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "hello.eml").write_bytes(HELLO)
    assert main.run(["mail", "senders", "learn", str(tmp_path / "hello.eml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mails"] == 1
    _refused(["senders", "learn", "none.mbox"], "no such file or folder", capsys)
