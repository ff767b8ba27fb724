from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from icelos.errors import InputError, MissingExtra
from icelos.gpt import gpt2, tokenizers
from icelos.gpt.gpt2 import Gpt2Tokenizer

needs_vocabulary = pytest.mark.skipif(
    importlib.util.find_spec(gpt2.PACKAGE) is None, reason="the package with GPT-2's vocabulary is missing"
)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A package of that name whose files are in a folder of the test."""
    gpt2._merges.cache_clear()
    spec = ModuleSpec(gpt2.PACKAGE, None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    return tmp_path


@needs_vocabulary
def test_its_numbers_are_those_of_gpt2() -> None:
    tokenizer = Gpt2Tokenizer.fit([])
    assert tokenizer.size == 50_257
    assert (tokenizer.encode(b"hello world") - 1).tolist() == [31373, 995]
    assert (tokenizer.encode(b'{"a":1}') - 1).tolist() == [4895, 64, 1298, 16, 92]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    gpt2._merges.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"icelos\[gpt2\]"):
        Gpt2Tokenizer.fit([])


def test_another_file_is_refused(elsewhere: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        Gpt2Tokenizer.fit([])
    (elsewhere / "data").mkdir()
    (elsewhere / gpt2.FILE).write_text("#version: 0.2\na b\n")
    with pytest.raises(InputError, match="not GPT-2's vocabulary"):
        Gpt2Tokenizer.fit([])


def test_its_alphabet_has_a_letter_for_each_byte() -> None:
    letters = gpt2._alphabet()
    assert sorted(letters.values()) == list(range(256))
    assert letters["Ġ"] == ord(" ")
    assert tokenizers.END == 0
