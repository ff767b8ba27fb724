"""The one place that prints: nothing from outside may steer a terminal."""

from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.cli import output


@given(st.text(alphabet=st.characters()))
def test_printable_text_has_no_controls(text: str) -> None:
    shown = output.printable(text)
    assert len(shown) == len(text)
    assert all(c in "\n\t" or c.isprintable() for c in shown)
    assert output.printable(shown) == shown
    shown.encode()


def test_rows_are_lines_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("a", "b"), [("one\ttab", "two\nlines"), (1, None)])
    assert capsys.readouterr().out == "one tab\ttwo lines\n1\tNone\n"


def test_a_table_for_people(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.table(("name", "value"), [("[bold]x[/bold]", "\x1b[31m")])
    shown = capsys.readouterr().out
    assert "[bold]x[/bold]" in shown, "markup in content is content"
    assert "\x1b[31m" not in shown


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.error("cannot read", hint="look", source="a:1")
    assert capsys.readouterr().err == "icelos: a:1: cannot read (look)\n"


def test_an_error_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    output.error("two\nlines", source="a\n:1")
    assert capsys.readouterr().err == "icelos: a :1: two lines\n"


def test_an_encoding_that_lacks_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.prepare()
    output.line("caf\u00e9")
    sys.stdout.flush()
    assert raw.getvalue() == b"caf?" + os.linesep.encode()
