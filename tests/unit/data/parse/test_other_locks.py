"""Lock files of .NET, Elixir and Dart, and installed gems."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icelos.data.parse.listed import Listed, Parser
from icelos.data.parse.other_locks import gemspec, mix_lock, nuget_lock, pubspec_lock
from icelos.errors import InputError

NUGET = json.dumps(
    {
        "version": 1,
        "dependencies": {
            "net6.0": {
                "Newtonsoft.Json": {"type": "Direct", "requested": "[12, )", "resolved": "12.0.1"},
                "shop": {"type": "Project"},
            },
            "net8.0": {"Newtonsoft.Json": {"resolved": "12.0.1"}, "Serilog": {"resolved": "3.0.0"}},
        },
    },
    indent=1,
).encode()
MIX = b"""%{
  "plug": {:hex, :plug, "1.3.2", "sum", [:mix], [], "hexpm", "sum"},
  "own": {:git, "https://example.com/own.git", "abc", []},
}
"""
PUB = b"""packages:
  http:
    dependency: "direct main"
    source: hosted
    version: "0.13.0"
  flutter:
    source: sdk
    version: "0.0.0"
"""
GEM = b"""# -*- encoding: utf-8 -*-
Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "2.0.1"
"""


@pytest.mark.parametrize(
    ("read", "data", "found"),
    [
        (nuget_lock, NUGET, [("pkg:nuget/Newtonsoft.Json@12.0.1", 5), ("pkg:nuget/Serilog@3.0.0", 18)]),
        (mix_lock, MIX, [("pkg:hex/plug@1.3.2", 2)]),
        (pubspec_lock, PUB, [("pkg:pub/http@0.13.0", 2)]),
        (gemspec, GEM, [("pkg:gem/rack@2.0.1", 4)]),
        (gemspec, b"s.name = evil()", []),
    ],
)
def test_lock_files(read: Parser, data: bytes, found: list[tuple[str, int]]) -> None:
    assert [(item.purl, item.line) for item in read(data) if isinstance(item, Listed)] == found


@given(
    st.sampled_from([(nuget_lock, NUGET), (mix_lock, MIX), (pubspec_lock, PUB), (gemspec, GEM)]),
    st.integers(0, 200),
    st.binary(max_size=6),
)
def test_any_damage_is_an_input_error_or_nothing(
    case: tuple[Callable[[bytes], object], bytes], place: int, noise: bytes
) -> None:
    read, data = case
    with suppress(InputError):
        list(read(data[:place] + noise + data[place:]))  # type: ignore[call-overload]
