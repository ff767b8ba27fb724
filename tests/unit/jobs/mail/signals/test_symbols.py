"""The table of weights."""

from __future__ import annotations

import re
from pathlib import Path

import icelos.jobs.mail.signals.symbols as symbols
from icelos.jobs.mail.signals.symbols import BIAS, SYMBOLS, hit


def test_every_name_once_with_a_line_for_people() -> None:
    assert len(SYMBOLS) == len(symbols._TABLE)
    for name, symbol in SYMBOLS.items():
        assert symbol.description[:1].isalpha(), name
        assert -2 <= symbol.weight <= 4, name


def test_no_single_sign_but_those_of_programs_asks_for_a_review() -> None:
    alone = {name for name, symbol in SYMBOLS.items() if symbol.weight >= -BIAS}
    assert alone == {"attachment-runs", "not-read-whole"}


def test_every_name_in_the_code_is_in_the_table_and_the_other_way_round() -> None:
    folder = Path(symbols.__file__).parent
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.stem != "symbols"
    )
    for name in SYMBOLS:
        stem = name.partition("-")[2]
        assert f'"{name}"' in code or name.startswith("wording: ") or f'"{stem}"' in code, name
    for name in re.findall(r'hit\(\s*"([a-z-]+)"', code):
        assert name in SYMBOLS, name


def test_a_quote_is_bounded() -> None:
    assert len(hit("has-form", "why", "body", "x" * 10_000).quote) == 4000
