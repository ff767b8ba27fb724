"""Names to things: known, unknown, claimed twice, broken."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from icelos import registry
from icelos.errors import SettingsError


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    registry.names.cache_clear()
    yield
    registry.names.cache_clear()


def _plug_in(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    def points(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, value, group)]

    monkeypatch.setattr(registry, "entry_points", points)


@pytest.mark.parametrize("group", ["jobs", "sources", "sinks"])
def test_every_built_in_name_resolves(group: str) -> None:
    for name in registry.BUILT_IN[group]:
        if (group, name) != ("jobs", "copilot"):
            assert callable(registry.resolve(group, name))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(SettingsError, match="jsonl, kafka, objects, parquet, postgres, sqlite"):
        registry.resolve("sinks", "csv")


def test_a_plug_in_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug_in(monkeypatch, "mine", "icelos.data.sinks:JsonLinesSink")
    assert registry.resolve("sinks", "mine").__name__ == "JsonLinesSink"


def test_a_name_claimed_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug_in(monkeypatch, "jsonl", "evil:Sink")
    with pytest.raises(SettingsError, match="two sinks are called 'jsonl'"):
        registry.names("sinks")


@pytest.mark.parametrize("value", ["no_such_module:Sink", "icelos.data.sinks:NoSuchSink"])
def test_a_broken_plug_in_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    _plug_in(monkeypatch, "broken", value)
    with pytest.raises(SettingsError, match="sink 'broken' cannot be loaded"):
        registry.resolve("sinks", "broken")
