"""The logs job from end to end by its commands: simulate, train, generate, scan with a poisoned record."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icelos.cli import logs
from icelos.cli.main import run

POISONS = {
    "broken json": b'{"id":"00000000-1111","status":{"errorCode":',
    "not an object": b'["a","b"]',
    "NUL bytes": b'{"id":"00000000\x00\x00"}',
    "not UTF-8": b'{"id":"\xff\xfe\xfd"}',
    "9 MB": b'{"a":"' + b"x" * (9 << 20) + b'"}',
    "deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


def outcomes(path: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [x["finding"] for x in lines if "finding" in x], [x["failure"] for x in lines if "failure" in x]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("home")
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


@pytest.fixture(scope="module")
def rows(home: Path) -> list[bytes]:
    assert (
        run(["logs", "simulate", "--rows", "300", "--users", "8", "--seed", "2", "--output", "s.jsonl"]) == 0
    )
    return (home / "s.jsonl").read_bytes().splitlines()


@pytest.fixture(scope="module")
def model(home: Path, rows: list[bytes]) -> Path:
    simulate = ["logs", "simulate", "--rows", "2000", "--users", "8", "--seed", "2"]
    assert run([*simulate, "--output", "more.jsonl"]) == 0
    assert run(["logs", "train", "more.jsonl", "--model", "m", "--size", "pico", "--steps", "100"]) == 0
    return home / "m"


def scan(source: Path, *more: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    assert run(["scan", "logs", str(source), "--sink", "out.jsonl", *more]) == 0
    return outcomes(Path("out.jsonl"))


@pytest.mark.parametrize("poison", POISONS)
def test_a_poisoned_record_is_one_failure_and_the_rest_is_scored(
    home: Path, rows: list[bytes], poison: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = home / "clean.jsonl"
    clean.write_bytes(b"\n".join(rows) + b"\n")
    expected, none = scan(clean)
    assert not none
    source = home / "poisoned.jsonl"
    source.write_bytes(b"\n".join([*rows[:150], POISONS[poison], *rows[150:]]) + b"\n")
    found, failures = scan(source)
    assert [f["source"] for f in failures] == ["poisoned.jsonl:151"]
    assert failures[0]["error"]
    assert len(str(failures[0]["raw"])) <= 4096
    assert [f["record_id"] for f in found] == [f["record_id"] for f in expected]
    assert f"read {len(rows) + 1}," in capsys.readouterr().err


def test_a_truncated_gzip_is_one_failure_and_what_came_before_is_scored(
    home: Path, rows: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    source = home / "cut.jsonl.gz"
    whole = gzip.compress(b"\n".join(rows) + b"\n")
    source.write_bytes(whole[: len(whole) * 3 // 4])
    _, failures = scan(source)
    assert [f["source"] for f in failures] == ["cut.jsonl.gz"]
    read = int(capsys.readouterr().err.split("read ")[1].split(",")[0])
    assert len(rows) // 2 < read < len(rows)


def test_with_a_model_strange_rows_and_plain_text_are_scored(
    home: Path, rows: list[bytes], model: Path
) -> None:
    source = home / "mixed.log"
    cef = b"CEF:0|Vendor|Product|1.0|100|worm successfully stopped|10|src=10.0.0.1 dst=2.1.2.2"
    source.write_bytes(b"\n".join([*rows[200:210], cef, b"Jan  6 08:00:01 host sshd[1]: Accepted"]) + b"\n")
    found, failures = scan(source, "--format", "lines", "-o", f"model={model}")
    assert not failures
    by_place = {f["source"]: f["verdict"] for f in found}
    assert by_place["mixed.log:11"] == "alert"
    assert by_place["mixed.log:12"] == "alert"
    assert len(by_place) <= 4
    found, _ = scan(source, "--format", "lines")
    assert Counter(f["verdict"] for f in found) == {"unknown": 12}


def test_generate_is_seeded_and_reports_what_parses(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["logs", "generate", "--model", "m", "--rows", "6", "--seed", "3", "--json"]
    assert run([*command, "--output", "a.jsonl"]) == 0
    meta = json.loads(capsys.readouterr().out)
    assert run([*command, "--output", "b.jsonl"]) == 0
    assert (home / "a.jsonl").read_bytes() == (home / "b.jsonl").read_bytes()
    lines = (home / "a.jsonl").read_bytes().splitlines()
    assert meta["rows"] == len(lines) == 6
    assert 0 <= meta["json_rows"] <= 6


def test_ctrl_c_saves_the_run_and_resume_ends_it(
    home: Path, rows: list[bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = logs._training_line

    def interrupt(step: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return line(step)  # type: ignore[arg-type]

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(logs, "_training_line", interrupt)
    train = ["logs", "train", "s.jsonl", "--model", "stopped", "--size", "pico", "--steps", "3"]
    assert run(train) == 130
    assert "--resume" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.setattr(logs, "_training_line", line)
    assert run(train) == 2
    assert run([*train, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 3


@pytest.mark.parametrize(
    "command",
    [
        ["logs", "train", "none.jsonl", "--model", "x"],
        ["logs", "train", "s.jsonl", "--model", "x", "--size", "huge"],
        ["logs", "generate", "--model", "none", "--output", "x.jsonl"],
        ["scan", "logs", "s.jsonl", "-o", "model=none"],
        ["scan", "logs", "none.jsonl"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    rows: list[bytes], command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("icelos: ")
    assert "\n" not in error


REAL: dict[str, Callable[[Counter[str]], bool]] = {
    "nvidia_azure_signin_demo/azure_signin.jsonl.gz": lambda verdicts: not verdicts["unknown"],
    "aws_cloudtrail_stratus/invictus_aws.jsonl.gz": lambda verdicts: verdicts["alert"] >= 1,
    "aws_cloudtrail_stratus/stratus_detonation.jsonl.gz": lambda verdicts: verdicts["alert"] >= 1,
    "aws_cloudtrail_opensearch/cloudtrail.jsonl.gz": lambda verdicts: not verdicts["unknown"],
    "openstack_scm_activity/dev_users.jsonl.gz": lambda verdicts: not verdicts["unknown"],
}


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_real_rows_with_a_poisoned_record_among_them(home: Path, name: str) -> None:
    data = os.environ.get("ICELOS_DATA")
    if not data:
        pytest.skip("ICELOS_DATA is not set")
    with gzip.open(Path(data) / "logs" / name) as file:
        lines = [line for line, _ in zip(file, range(5000), strict=False)]
    source = home / "real.jsonl.gz"
    source.write_bytes(
        gzip.compress(b"".join([*lines[:100], POISONS["broken json"] + b"\n", *lines[100:]]), 1)
    )
    found, failures = scan(source)
    assert [f["source"] for f in failures] == ["real.jsonl.gz:101"]
    assert REAL[name](Counter(str(f["verdict"]) for f in found))
