"""`icelos users`, `tokens`, `groups` and `audit`, as they are typed."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from icelos.cli.main import run
from icelos.data.sinks import SqliteSink
from icelos.findings import Finding, Verdict
from icelos.people.store import People

WORDS = "three or four words"


class Done(NamedTuple):
    code: int
    out: str
    error: str


Icelos = Callable[..., Done]


@pytest.fixture
def icelos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Icelos:
    monkeypatch.setenv("ICELOS_HOME", str(tmp_path))
    monkeypatch.setenv("ICELOS_COPILOT_USER", "olga")

    def command(*arguments: str, typed: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = run(list(arguments))
        return Done(code, *capfd.readouterr())

    return command


def test_a_user_from_beginning_to_end(icelos: Icelos, tmp_path: Path) -> None:
    added = icelos("users", "add", "Ann", "--group", "soc", "--group", "it", "--json", typed=f"{WORDS}\n")
    assert added.code == 0
    assert json.loads(added.out)["groups"] == ["it", "soc"]
    assert icelos("users", "set", "ann", "--role", "admin", "--no-groups").code == 0
    listed = json.loads(icelos("users", "list", "--json").out)
    assert (listed["name"], listed["role"], listed["groups"], listed["disabled"]) == (
        "ann",
        "admin",
        [],
        False,
    )
    assert icelos("users", "password", "ann", typed="four other words\n").code == 0
    with People(tmp_path / "people.sqlite") as people:
        assert people.sign_in("ann", "four other words") is not None
    assert icelos("users", "disable", "ann").code == 0
    assert json.loads(icelos("users", "list", "--json").out)["disabled"] is True
    assert icelos("users", "set", "ann", "--enable").code == 0
    assert icelos("users", "remove", "ann").code == 0
    assert icelos("users", "list", "--json").out == ""
    again = icelos("users", "add", "ann", typed=f"{WORDS}\n")
    assert again.code == 2
    assert "was somebody's name" in again.error
    assert icelos("users", "add", "ann", "--returns", typed=f"{WORDS}\n").code == 0
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert WORDS.encode() not in kept


@pytest.mark.parametrize(
    ("arguments", "typed", "reason"),
    [
        (("users", "add", "ann"), "short\n", "shorter than 12"), (("users", "add", "ann"), "", "shorter"),
        (("users", "add", "a b"), WORDS, "no name for a user"), (("users", "add", "OLGA"), WORDS, "owner"),
        (("users", "add", "ann", "--role", "root"), WORDS, "no role"),
        (("users", "set", "ann"), "", "nothing"),
        (("users", "disable", "ann"), "", "no user"), (("users", "remove", "ann"), "", "no user"),
        (("users", "password", "ann"), WORDS, "no user"), (("tokens", "revoke", "x"), "", "no token"),
        (("tokens", "create", "x", "--scope", "root"), "", "no right"),
        (("tokens", "create", "x", "--user", "ann"), "", "no user"),
        (("groups", "share", "--job", "mail"), "", "who may see it"),
        (("groups", "share", "--job", "mail", "--record", "1", "--group", "soc"), "", "no finding"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(
    icelos: Icelos, arguments: tuple[str, ...], typed: str, reason: str
) -> None:
    done = icelos(*arguments, typed=typed)
    assert done.code == 2
    assert reason in done.error
    assert len(done.error.strip().splitlines()) == 1


def test_a_password_is_never_an_argument(icelos: Icelos) -> None:
    for extra in (("--password", WORDS), (WORDS,)):
        assert icelos("users", "add", "ann", *extra, typed=f"{WORDS}\n").code == 2


def test_tokens_are_shown_once(icelos: Icelos, tmp_path: Path) -> None:
    made = icelos("tokens", "create", "editor", "--scope", "read", "--days", "3")
    secret = made.out.strip()
    assert secret.startswith("icelos_")
    assert "olga" in made.error
    listed = icelos("tokens", "list", "--json")
    assert secret not in listed.out
    token = json.loads(listed.out)
    assert (token["user"], token["scopes"], token["label"]) == ("", ["read"], "editor")
    assert icelos("tokens", "revoke", token["id"]).code == 0
    with People(tmp_path / "people.sqlite") as people:
        assert people.tokens.find(secret) is None


def test_findings_are_shared_by_job_and_one_by_one(icelos: Icelos, tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "findings.sqlite") as store:
        store.write([Finding(record_id="1", job="mail", verdict=Verdict.ALERT, label="x", summary="s")])
    assert icelos("groups", "share", "--job", "mail", "--group", "soc").code == 0
    assert icelos("groups", "share", "--job", "mail", "--record", "1", "--group", "board").code == 0
    assert json.loads(icelos("groups", "list", "--json").out) == {"job": "mail", "groups": ["soc"]}
    assert icelos("groups", "share", "--job", "mail", "--everybody").code == 0
    assert icelos("groups", "list").out == ""


def test_everything_is_in_the_log_and_the_log_is_whole(icelos: Icelos, tmp_path: Path) -> None:
    icelos("users", "add", "ann", typed=f"{WORDS}\n")
    icelos("users", "set", "nobody", "--role", "admin")
    icelos("tokens", "create", "editor")
    icelos("groups", "share", "--job", "mail", "--group", "soc")
    listed = [json.loads(line) for line in icelos("audit", "list", "--json").out.splitlines()]
    assert [one["action"] for one in listed] == [
        "findings.share", "token.create", "user.change.failed", "user.change", "user.add", "audit.begin",
    ]  # fmt: skip
    assert {one["actor"] for one in listed[:-1]} == {"olga"}
    assert {one["how"] for one in listed[:-1]} == {"command line"}
    whole = icelos("audit", "verify")
    assert whole.code == 0
    head = whole.out.split()[-1]
    assert icelos("audit", "verify", "--head", head).code == 0
    assert icelos("audit", "verify", "--head", "1:" + "0" * 64).code == 1
    assert icelos("audit", "export", "--output", str(tmp_path / "log.jsonl")).code == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["action"] == "audit.export"
    assert json.loads(lines[5])["hash"] == head.partition(":")[2]
    with sqlite3.connect(tmp_path / "audit.sqlite") as database:
        database.executescript("DROP TRIGGER no_removal; DELETE FROM entries WHERE number = 3")
    changed = icelos("audit", "verify", "--json")
    assert changed.code == 1
    assert json.loads(changed.out)["problems"]


def test_what_is_asked_here_is_recorded(icelos: Icelos) -> None:
    assert icelos("ask", "what is T1110.003?", "--user", "bob", "--json").code == 0
    answered, asked = (
        json.loads(line) for line in icelos("audit", "list", "--json", "--actor", "bob").out.splitlines()
    )
    assert (asked["action"], asked["details"]["question"]) == ("ask", "what is T1110.003?")
    assert answered["action"] == "answer"
    assert answered["details"]["passages"]
