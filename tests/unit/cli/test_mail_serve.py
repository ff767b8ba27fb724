from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from icelos.cli import mail_serve
from icelos.errors import InputError, SettingsError
from icelos.findings import Verdict
from icelos.jobs.mail.delivery.quarantine import Held, Quarantine
from icelos.jobs.mail.judge import Judgement
from icelos.jobs.mail.signals.signals import Signal

RAW = b"From: =?utf-8?q?<b>x?= <a@b.c>\r\nSubject: \x1b[31mred\r\nX-Html: <script>\r\n\r\nlure\r\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def kept(home: Path) -> str:
    """The id of a mail in quarantine."""
    judgement = Judgement(
        score=1 / (1 + math.exp(-4)), verdict=Verdict.ALERT, sentence="It lures.",
        symbols=(Signal("link-to-ip", 8.0, "a link to 8.8.8.8", "body", "x"),),
    )  # fmt: skip
    held = Held(raw=RAW, sender="a@b.c", recipients=("d@e.f",), judgement=judgement)
    return Quarantine(home / "mail" / "quarantine").keep(held)


def command(*arguments: str, catch: bool = False) -> Result:
    app = typer.Typer()
    mail_serve.add_to(app)
    return CliRunner().invoke(app, arguments, catch_exceptions=catch)


def test_list(kept: str) -> None:
    assert command("quarantine", "list").stdout.startswith(kept[:12] + "\t")
    assert json.loads(command("quarantine", "list", "--json").stdout)["id"] == kept
    assert command("quarantine", "list", "--state", "released").stdout == ""


def test_show_is_safe_for_a_terminal(kept: str) -> None:
    shown = command("quarantine", "show", kept[:8]).stdout
    assert "why        It lures." in shown
    assert "link-to-ip" in shown
    assert "x-html: <script>" in shown
    assert "\x1b" not in shown
    assert json.loads(command("quarantine", "show", kept, "--json").stdout)["verdict"] == "alert"
    assert command("quarantine", "show", kept, "--raw").stdout_bytes == RAW


def test_release_to_a_maildir_and_report_as_false(kept: str, home: Path) -> None:
    command("quarantine", "release", kept, "--to", str(home / "box"), "--false")
    (path,) = (home / "box" / "new").iterdir()
    assert path.read_bytes().startswith(b"X-Icelos-Released: ")
    assert len(list((home / "mail" / "feedback" / "ham").iterdir())) == 1
    assert command("quarantine", "list").stdout == ""


def test_release_to_a_file(kept: str, home: Path) -> None:
    command("quarantine", "release", kept, "--file", "mail.eml")
    assert (home / "mail.eml").read_bytes().endswith(b"\r\n\r\nlure\r\n")
    with pytest.raises(InputError, match="takes one mail"):
        command("quarantine", "release", kept, kept, "--file", "mail.eml")


def test_expire(kept: str, home: Path) -> None:
    command("quarantine", "expire")
    assert command("quarantine", "list").stdout != ""
    command("quarantine", "expire", "--days", "0")
    assert command("quarantine", "list").stdout == ""


def test_report(home: Path) -> None:
    (home / "mail.eml").write_bytes(RAW)
    assert json.loads(command("report", "mail.eml").stdout)["verdict"] in set(Verdict)
    command("report", "mail.eml", "--format", "arf", "--output", "report.eml")
    assert b"multipart/report" in (home / "report.eml").read_bytes()
    assert json.loads(command("report", "mail.eml", "--format", "stix").stdout)["type"] == "bundle"


@pytest.mark.parametrize("place", ["none.eml", "."])
def test_report_of_what_is_no_file(home: Path, place: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        command("report", place)


def test_report_in_a_form_that_there_is_not(home: Path) -> None:
    (home / "mail.eml").write_bytes(RAW)
    with pytest.raises(InputError, match="no report format"):
        command("report", "mail.eml", "--format", "xml")


def test_serve_refuses_the_network_unless_it_is_asked_for(home: Path) -> None:
    with pytest.raises(SettingsError, match="not a loopback address"):
        command("serve", "--spamd", "0.0.0.0:0")
