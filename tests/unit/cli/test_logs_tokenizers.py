from __future__ import annotations

import json
from pathlib import Path

import pytest

from icelos.cli.main import run


def test_compare_prints_a_line_for_each_kind(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(b'{"user":"ada","n":%d}\n' % n for n in range(200)) + b"\xff\n")
    options = ["--kind", "char", "--kind", "json-bpe"]
    assert run(["logs", "tokenizers", "compare", str(path), *options, "--json"]) == 0
    out, err = capsysbinary.readouterr()
    char, pairs = (json.loads(line) for line in out.splitlines())
    assert (char["kind"], pairs["kind"]) == ("char", "json-bpe")
    assert pairs["characters_per_token"] > 2 * char["characters_per_token"]
    assert b"1 unreadable rows" in err
    assert run(["logs", "tokenizers", "compare", str(path), *options]) == 0
    assert capsysbinary.readouterr().out.startswith(b"char\t257\t1.00\t")


def test_an_unknown_kind_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"a\nb\n")
    assert run(["logs", "tokenizers", "compare", str(tmp_path / "rows"), "--kind", "words"]) == 2
