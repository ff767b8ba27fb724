"""Wildcards: what they mean is what a shell means, in a stable order, each file once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.globs import Pattern, expand, has_wildcards, split_pattern
from icelos.errors import InputError

FILES = (
    "a.log", "b.jsonl", "b.jsonl.gz", ".hidden.jsonl", "day-1/a.jsonl", "day-1/x/b.jsonl", "day-2/a.jsonl",
    "day/a.jsonl", ".git/a.jsonl", "we[i]rd*.jsonl",
)  # fmt: skip


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    root = tmp_path / "logs"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.jsonl", ["b.jsonl", "we[i]rd*.jsonl"]),
        ("*.jsonl*", ["b.jsonl", "b.jsonl.gz", "we[i]rd*.jsonl"]),
        ("[ab].*", ["a.log", "b.jsonl", "b.jsonl.gz"]),
        (".*.jsonl", [".hidden.jsonl"]),
        ("day-?/a.jsonl", ["day-1/a.jsonl", "day-2/a.jsonl"]),
        ("day*/*.jsonl", ["day/a.jsonl", "day-1/a.jsonl", "day-2/a.jsonl"]),
        ("**/a.jsonl", ["day/a.jsonl", "day-1/a.jsonl", "day-2/a.jsonl"]),
        ("day-1/**/b.jsonl", ["day-1/x/b.jsonl"]),
        ("day-*", ["day-1", "day-2"]),
        ("day-*/", ["day-1", "day-2"]),
        ("**", [""]),
        ("day-1/**", ["day-1"]),
        ("we[i]rd*.jsonl", ["we[i]rd*.jsonl"]),
        ("b.jsonl", ["b.jsonl"]),
        ("//./day-1//*.jsonl", ["day-1/a.jsonl"]),
    ],
)
def test_expand(logs: Path, pattern: str, names: list[str]) -> None:
    assert sorted(expand(f"{logs}/{pattern}")) == sorted(logs / name for name in names)
    assert expand(f"{logs}/{pattern}") == sorted(expand(f"{logs}/{pattern}"), key=lambda one: one.parts)


def test_expand_from_where_one_stands(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(logs)
    assert expand("*.log") == [Path("a.log")]


@pytest.mark.parametrize("pattern", ["*.nothing", "no/such/*", "a.log/*", "none.jsonl", "x\0*", "*/../*"])
def test_nothing_there_is_said(logs: Path, pattern: str) -> None:
    with pytest.raises(InputError) as caught:
        expand(f"{logs}/{pattern}")
    assert caught.value.source
    assert "\0" not in str(caught.value)


def test_links_to_folders_are_followed_by_name_only(logs: Path) -> None:
    (logs / "day-1" / "round").symlink_to(logs)
    assert expand(f"{logs}/**/x/b.jsonl") == [logs / "day-1/x/b.jsonl"]
    assert expand(f"{logs}/day-1/roun?/a.log") == [logs / "day-1/round/a.log"]


NAMES = st.text(alphabet="ab.-", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
PARTS = st.one_of(NAMES, st.sampled_from(["*", "**", "?", "a*", "*b", "[ab]", ".*", "*.*"]))


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_a_pattern_means_what_the_standard_library_says(
    tmp_path_factory: pytest.TempPathFactory, pattern: list[str], name: list[str]
) -> None:
    import glob

    root = tmp_path_factory.mktemp("glob")
    file = root.joinpath(*name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    text = "/".join(pattern)

    def found_by(parts: list[str]) -> set[Path]:
        names = glob.glob("/".join(parts), root_dir=root, recursive=True)  # noqa: PTH207
        return {root / one for one in names if (root / one).exists()} - {root}

    found = found_by(pattern)
    if pattern[-1] == "**":  # which to the standard library is in a file, too
        while pattern[-2:] == ["**", "**"]:
            pattern = pattern[:-1]
        found -= {one for one in found_by(pattern[:-1]) if one.is_file()}
    ours = set(expand(f"{root}/{text}")) if found or set(pattern) == {"**"} else None
    if ours is None:
        with pytest.raises(InputError):
            expand(f"{root}/{text}")
        return
    # A folder that is meant stands for all in it.
    assert all(any(one == whole or whole in one.parents for whole in ours) for one in found)
    assert ours <= found | {root}


@given(st.text(alphabet="ab/*?[].", max_size=12))
def test_a_pattern_is_split_where_its_wildcards_begin(text: str) -> None:
    folder, below = split_pattern(text)
    assert not has_wildcards(folder)
    assert has_wildcards(below) == has_wildcards(text)
    if below:
        joined = f"{folder}/{below}" if folder else below
        assert os.path.normpath(joined).lstrip("/") == os.path.normpath(text).lstrip("/")
        assert joined.startswith("/") == text.startswith("/")


def test_every_name_below_a_folder_that_is_meant() -> None:
    pattern = Pattern("day-*")
    after = pattern.follow(pattern.start(), ("day-1", "x", "y.log"), is_folder=False)
    assert pattern.accepts(after)
    assert not pattern.follow(pattern.start(), ("nights", "y.log"), is_folder=False)
