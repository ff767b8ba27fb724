from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.errors import InputError
from icelos.gpt import generate as gpt_generate
from icelos.gpt.generate import Generated
from icelos.jobs.logs.generation import generate_rows, is_json_row
from icelos.jobs.logs.simulation.simulate import meta_path


def test_the_same_seed_gives_the_same_file(model: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_rows(model, tmp_path / name, rows=5, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    assert (tmp_path / "a").read_bytes().count(b"\n") == 5


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
    meta = generate_rows(model, tmp_path / "a", rows=5, seed=0)
    assert (meta.json_rows, meta.unfinished, meta.repeated) == (2, 1, 1)
    assert len((tmp_path / "a").read_bytes().splitlines()) == 5
    beside = json.loads(meta_path(tmp_path / "a").read_text())
    assert beside["simulated"] is True
    assert beside["model"] == "signins"


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


def test_values_out_of_range_are_clear_errors(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="temperature"):
        generate_rows(model, tmp_path / "a", rows=1, seed=0, temperature=-1)
    with pytest.raises(InputError, match="at least one row"):
        generate_rows(model, tmp_path / "a", rows=0, seed=0)
    assert not list(tmp_path.iterdir())
