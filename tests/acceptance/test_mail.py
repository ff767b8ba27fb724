"""The mail job from end to end by its command: an mbox with a poisoned record, and real mail."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from icelos.cli.main import run
from icelos.data.sources import MailSource
from icelos.findings import Failure, Finding
from icelos.jobs.mail.job import MailJob, build
from icelos.records import Mail
from icelos.settings import MailSettings, load
from icelos.testing import check_job


def good(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"Colleague {number} <colleague{number}@corp.example.com>"
    mail["To"] = "team@corp.example.com"
    mail["Subject"] = f"Minutes of meeting {number}"
    mail["Message-ID"] = f"<{number}@corp.example.com>"
    mail.set_content(f"Hello all,\nhere are the minutes of meeting {number}.\n")
    mail.add_alternative(f"<p>Hello all,</p><p>here are the minutes of meeting {number}.</p>", subtype="html")
    return mail.as_bytes()


def phishing() -> bytes:
    mail = EmailMessage()
    mail["From"] = '"service@bank.com" <office@compromised.net>'
    mail["Reply-To"] = "claims@gmail.com"
    mail["Subject"] = "Votre compte sera suspendu"
    mail["Message-ID"] = "<lure@compromised.net>"
    mail.set_content("Open this in a browser")
    lure = "<p>Veuillez confirmer vos données</p><a href='http://8.8.8.8/login'>https://www.bank.com</a>"
    mail.add_alternative(lure, subtype="html")
    return mail.as_bytes()


POISONS = {
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "an Outlook file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
    "no header": b"just words, and no header\n",
    "NUL bytes": b"\0" * 5000 + b"\n",
}


def mbox(path: Path, messages: list[bytes]) -> Path:
    """An mboxrd file: each message ends its last line, and an empty line follows."""
    quoted = (re.sub(rb"^(>*From )", rb">\1", message, flags=re.MULTILINE) for message in messages)
    path.write_bytes(
        b"".join(b"From x Thu Jan  1 00:00:00 2026\n" + m.removesuffix(b"\n") + b"\n\n" for m in quoted)
    )
    return path


def scan(*sources: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    out = Path("out.jsonl")
    assert run(["scan", "mail", *map(str, sources), "--sink", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    return [x["finding"] for x in lines if "finding" in x], [x["failure"] for x in lines if "failure" in x]


def counts(told: str) -> dict[str, int]:
    found = {name: re.search(rf"{name} (\d+)", told) for name in ("read", "findings", "clear", "failures")}
    return {name: int(match[1]) for name, match in found.items() if match}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("poison", POISONS)
def test_a_poisoned_record_is_one_failure_and_the_rest_is_scored(
    tmp_path: Path, poison: str, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [*map(good, range(5)), POISONS[poison], *map(good, range(5, 9)), phishing()]
    found, failures = scan(mbox(tmp_path / "in.mbox", messages))
    assert [failure["source"] for failure in failures] == ["in.mbox:6"]
    assert [finding["source"] for finding in found] == ["in.mbox:11"]
    told = counts(capsys.readouterr().err)
    assert told == {"read": 11, "findings": 1, "clear": 9, "failures": 1}
    assert told["read"] == told["findings"] + told["clear"] + told["failures"]


def test_a_finding_says_why_in_one_sentence(tmp_path: Path) -> None:
    [finding], _ = scan(mbox(tmp_path / "in.mbox", [good(1), phishing()]))
    assert finding["verdict"] == "alert"
    assert finding["made_by"]["model"] == "mail bundled (words)"  # type: ignore[index]
    summary = str(finding["summary"])
    assert summary.endswith(".")
    assert "8.8.8.8" in summary
    quotes = " ".join(evidence["quote"] for evidence in finding["evidence"])  # type: ignore[attr-defined]
    for seen in ("service@bank.com", "claims@gmail.com", "http://8.8.8.8/login", "confirmer vos données"):
        assert seen in quotes
    weights = [float(evidence["quote"].split()[0]) for evidence in finding["evidence"]]  # type: ignore[attr-defined]
    assert 1 / (1 + math.exp(-sum(weights))) == pytest.approx(finding["score"], abs=1e-3)


def test_the_outcome_is_the_same_from_every_container(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    messages = [good(1), phishing()]
    for number, message in enumerate(messages):
        (tmp_path / "folder" / f"{number}.eml").write_bytes(message)
    packed = tmp_path / "packed.mbox.gz"
    packed.write_bytes(gzip.compress(mbox(tmp_path / "in.mbox", messages).read_bytes()))
    told = [scan(source)[0][0] for source in (tmp_path / "folder", packed, tmp_path / "in.mbox")]
    assert len({str((f["record_id"], f["score"], f["summary"])) for f in told}) == 1


def test_the_workspace_keeps_findings_and_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = mbox(tmp_path / "in.mbox", [good(1), POISONS["no header"], phishing()])
    assert run(["scan", "mail", str(source), "--fail-on", "alert"]) == 1
    capsys.readouterr()
    assert run(["findings", "--job", "mail", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert run(["failures", "--json"]) == 0
    assert "no mail header" in capsys.readouterr().out


def test_bad_input_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["scan", "mail", "none.mbox"], ["scan", "mail", "-", "-o", "model=x"]):
        assert run(command) == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith("icelos: ")
        assert "\n" not in error


def test_a_second_scan_learns_senders_and_says_the_same(tmp_path: Path) -> None:
    """Clear mail teaches the sketches; what was flagged stays so, and what was clear stays clear."""
    source = mbox(tmp_path / "in.mbox", [*map(good, range(8)), phishing()])
    first, second = scan(source)[0], scan(source)[0]
    assert [finding["record_id"] for finding in first] == [finding["record_id"] for finding in second]
    assert (tmp_path / "home" / "mail" / "senders.sqlite").exists()


def test_models_are_listed_and_rolled_back_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mail", "models", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["in_force"] is True
    assert run(["mail", "models", "--roll-back"]) == 2
    assert "there is none before it" in capsys.readouterr().err


# ---- real mail


def corpus(name: str) -> Path:
    data = os.environ.get("ICELOS_DATA")
    if not data:
        pytest.skip("ICELOS_DATA is not set")
    return Path(data) / "mail" / name


def members(archive: Path, *, most: int, size: int = 32 << 20) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in islice((m for m in tar if m.isfile() and m.size <= size), most):
            file = tar.extractfile(member)
            assert file is not None
            yield member.name, file.read()


def job() -> MailJob:
    """The job of a workspace without sketches of senders, which every mail would change."""
    return build(msgspec.structs.replace(load().settings, mail=MailSettings(senders=False)), {})


def sums_up(told: dict[str, int], read: int) -> bool:
    return told["read"] == read == told["findings"] + told["clear"] + told["failures"]


@pytest.mark.data
def test_real_phishing_is_scored_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pot"
    folder.mkdir()
    source = corpus("phishing_pot/phishing_pot.tar.gz")
    mails = [data for name, data in members(source, most=300) if name.endswith(".eml")]
    for number, data in enumerate(mails):
        (folder / f"{number:04}.eml").write_bytes(data)
    found, failures = scan(folder)
    assert sums_up(counts(capsys.readouterr().err), len(mails))
    assert len(failures) == sum(not data.strip() for data in mails)
    assert found
    assert all(finding["evidence"] for finding in found)


@pytest.mark.data
def test_real_list_mail_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    source = MailSource(corpus("ham_usrp_users/usrp-users.mbox.gz"))
    records = [record for record in islice(source, 150) if isinstance(record, Mail)]
    assert len(records) == 150
    outcomes = check_job(job(), records)
    assert sum(outcome is not None for outcome in outcomes) <= 3


@pytest.mark.data
def test_every_mime_fixture_gets_an_outcome_in_time() -> None:
    judging = job()
    kinds: Counter[str] = Counter()
    for number, (name, raw) in enumerate(members(corpus("mime_fixtures/mime_fixtures.tar.gz"), most=5000)):
        start = time.process_time()
        [outcome] = judging.score([Mail(id=str(number), source=name, raw=raw)])
        assert time.process_time() - start < 5, name
        kinds[type(outcome).__name__] += 1
        if isinstance(outcome, Failure):
            assert outcome.error, name
    assert kinds.total() == 1928
    assert kinds[Finding.__name__] + kinds[Failure.__name__] + kinds["NoneType"] == 1928
