from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.gpt import generate as gpt_generate
from icelos.gpt.generate import Generated
from icelos.jobs.logs.generation import Wanted, generate_rows, is_json_row
from icelos.jobs.logs.outputs import meta_path
from icelos.jobs.logs.staging import Staging


def test_the_same_seed_gives_the_same_file(model: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_rows(model, tmp_path / name, Wanted(rows=5, seed=seed))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    assert (tmp_path / "a").read_bytes().count(b"\n") == 5
    assert len(list(tmp_path.iterdir())) == 6


def test_rows_that_do_not_parse_are_written_and_counted(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        Generated(b'{"a":1}', complete=True),
        Generated(b'{"a":', complete=True),
        Generated(b'{"a":\n2}', complete=True),
        Generated(b'{"a":3}', complete=False),
        Generated(b'{"a":1}', complete=True),
    ]
    monkeypatch.setattr(gpt_generate, "generate", lambda *_, **__: iter(made))
    meta = generate_rows(model, tmp_path / "a", Wanted(rows=5, seed=0, constrained=False))
    assert (meta.json_rows, meta.unfinished, meta.repeated, meta.written) == (2, 1, 1, 5)
    assert len((tmp_path / "a").read_bytes().splitlines()) == 5
    beside = json.loads(meta_path(tmp_path / "a").read_text())
    assert beside["simulated"] is True
    assert beside["model"] == "signins"
    meta = generate_rows(model, tmp_path / "a.csv", Wanted(rows=5, seed=0, constrained=False))
    assert meta.written == 4
    assert (tmp_path / "a.csv").read_text().splitlines() == ["a", "1", "2", "3", "1"]


def test_constrained_rows_all_parse_though_the_model_has_learned_little(model: Path, tmp_path: Path) -> None:
    meta = generate_rows(model, tmp_path / "a", Wanted(rows=20, seed=0))
    assert (meta.constrained, meta.json_rows, meta.written) == (True, 20, 20)
    rows = [json.loads(line) for line in (tmp_path / "a").read_bytes().splitlines()]
    assert {row["userPrincipalName"].partition("@")[2] for row in rows} <= {"northwind.example", ""}
    free = generate_rows(model, tmp_path / "b", Wanted(rows=20, seed=0, constrained=False))
    assert (free.constrained, free.json_rows) == (False, 0)


def test_conditions_hold_in_each_row_and_what_goes_with_them(
    model: Path, signins: Path, tmp_path: Path
) -> None:
    real = [json.loads(line) for line in gzip.decompress(signins.read_bytes()).splitlines()]
    user, name = real[7]["userPrincipalName"], real[7]["userDisplayName"]
    since, until = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 1, 11, 30, tzinfo=UTC)
    generate_rows(
        model, tmp_path / "a", Wanted(rows=12, seed=0, where={"user": user}, since=since, until=until)
    )
    rows = [json.loads(line) for line in (tmp_path / "a").read_bytes().splitlines()]
    assert {(row["userPrincipalName"], row["userDisplayName"]) for row in rows} == {(user, name)}
    assert all(since <= datetime.fromisoformat(row["createdDateTime"]) <= until for row in rows)


def test_a_run_that_was_killed_goes_on_and_gives_the_same_file(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted(rows=10, seed=4, batch=1)
    generate_rows(model, tmp_path / "whole", wanted)

    class Killed(BaseException):
        pass

    blocks = 0

    def killed(self: Staging, rows: list[bytes], *, json_rows: int, unfinished: int) -> None:
        nonlocal blocks
        blocks += 1
        if blocks == 2:
            self._file.write(b'{"half a ro')
            self._file.flush()
            raise Killed
        added(self, rows, json_rows=json_rows, unfinished=unfinished)

    added = Staging.add
    monkeypatch.setattr(Staging, "add", killed)
    with pytest.raises(Killed):
        generate_rows(model, tmp_path / "b", wanted)
    monkeypatch.undo()
    assert not (tmp_path / "b").exists()
    with pytest.raises(InputError, match="other options"):
        generate_rows(model, tmp_path / "b", Wanted(rows=10, seed=5, batch=1))
    seen: list[int] = []
    generate_rows(model, tmp_path / "b", wanted, progress=seen.append)
    assert seen == [4, 5, 6, 7, 8, 9, 10]
    assert (tmp_path / "b").read_bytes() == (tmp_path / "whole").read_bytes()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_model_without_a_grammar_writes_freely_unless_told_otherwise(model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    (bare / "grammar.json").unlink()
    assert not generate_rows(bare, tmp_path / "a", Wanted(rows=1, seed=0)).constrained
    with pytest.raises(InputError, match="no grammar"):
        generate_rows(bare, tmp_path / "b", Wanted(rows=1, seed=0, constrained=True))
    (bare / "grammar.json").write_text(
        '{"kind":"json","style":{},"root":{"keys":{"keys":[],"steps":[],"ends":[]}}}'
    )
    with pytest.raises(InputError, match="not a grammar"):
        generate_rows(bare, tmp_path / "b", Wanted(rows=1, seed=0))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b'{"a":{"b":[1]}}', True),
        (b"{}", True),
        (b"[1]", False),
        (b"", False),
        (b'{"a":1}x', False),
        (b'{"a":"\xff"}', False),
        (b'{"a":\n1}', False),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", False),
    ],
)
def test_json_rows(row: bytes, expected: bool) -> None:
    assert is_json_row(row) is expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"rows": 0}, "at least one row"),
        ({"format": "xml"}, "no format"),
        ({"where": {"nothing": "x"}}, "no field nothing"),
        ({"where": {"user": "nobody@example.org"}}, "no row has userPrincipalName"),
        ({"where": {"user": "x"}, "constrained": False}, "take no conditions"),
    ],
)
def test_values_out_of_range_are_clear_errors(
    model: Path, tmp_path: Path, values: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generate_rows(model, tmp_path / "a", Wanted(**{"rows": 1, "seed": 0, **values}))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
