"""Markers are found however they come out, and kept for their owner alone."""

from __future__ import annotations

import base64
import codecs
from pathlib import Path

import pytest

from icelos.errors import InputError, StoreError
from icelos.llm import canary
from icelos.llm.canary import PROMPT, Canaries, leaked, new, prompt_token
from icelos.llm.fence import INSTRUCTION, without_tokens


def test_the_marker_is_in_every_instruction_and_not_in_cache_keys() -> None:
    assert prompt_token() in INSTRUCTION
    assert prompt_token() not in without_tokens(INSTRUCTION)


@pytest.mark.parametrize(
    "told",
    [
        lambda t: f"it is {t}",
        lambda t: t.upper(),
        lambda t: " ".join(t),
        lambda t: "-".join((t[:8], t[8:])),
        lambda t: t[::-1],
        lambda t: "\u200b".join(t),
        lambda t: f"https://x.example/?q={base64.b64encode(f'the marker {t}'.encode()).decode()}",
        lambda t: base64.urlsafe_b64encode(f"a?b>{t}".encode()).decode().rstrip("="),
        lambda t: t.encode().hex(),
        lambda t: {"q": [{"deep": t}]},
    ],
)
def test_a_marker_is_found_however_it_is_written(told: object) -> None:
    assert callable(told)
    assert leaked(told(prompt_token())) == (PROMPT,)


def test_other_text_is_no_leak() -> None:
    assert leaked(["d41d8cd98f00b204e9800998ecf8427e", codecs.encode("plain", "rot13"), {"n": 1}]) == ()


def test_groups_may_see_their_own_markers(tmp_path: Path) -> None:
    mine = new("board papers", groups=["board"])
    bait = new("bait")
    text = f"{mine.token} {bait.token}"
    assert leaked(text, [mine, bait], groups=["board"]) == ("bait",)
    assert leaked(text, [mine, bait], groups=["soc"]) == ("board papers", "bait")


def test_markers_are_kept(tmp_path: Path) -> None:
    kept = Canaries(tmp_path / "canaries.json")
    assert kept.all() == []
    first, second = new("a"), new("b", groups=["x"])
    kept.add(first)
    kept.add(second)
    assert Canaries(kept.path).all() == [first, second]
    assert kept.path.stat().st_mode & 0o077 == 0
    assert kept.remove("a") == first
    assert kept.all() == [second]
    with pytest.raises(InputError, match="no canary called 'a'"):
        kept.remove("a")


def test_a_broken_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "canaries.json").write_text("{", "utf-8")
    with pytest.raises(StoreError, match="cannot read the canaries"):
        Canaries(tmp_path / "canaries.json").all()


def test_instruction_names_what_is_private() -> None:
    assert "never write" in canary.instruction()
