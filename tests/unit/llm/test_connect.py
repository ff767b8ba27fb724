"""From settings to a model, and what the settings switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from icelos.contracts import LLM, Message
from icelos.errors import BudgetError, SettingsError
from icelos.llm.budget import Budget
from icelos.llm.connect import connect
from icelos.llm.door import Door
from icelos.settings import LLMSettings, Settings, Workspace

SECRET = [Message("user", "bob@example.org")]


def built(tmp_path: Path, llm: LLMSettings) -> Settings:
    return Settings(workspace=Workspace(home=str(tmp_path)), llm=llm)


def test_nothing_configured_is_no_model(tmp_path: Path) -> None:
    assert connect(built(tmp_path, LLMSettings(model="m", api_key="k"))) is None
    assert list(tmp_path.iterdir()) == []


def test_endpoint_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"llm\.model is not"):
        connect(built(tmp_path, LLMSettings(base_url="http://h/v1")))


def test_model_is_asked_once_and_then_known(endpoint: Any, tmp_path: Path) -> None:
    endpoint.says("one", "two")
    settings = built(tmp_path, endpoint.settings())
    for _ in range(2):
        llm = connect(settings)
        assert isinstance(llm, LLM)
        assert llm.reply(SECRET).text == "one"
        assert isinstance(llm, Door)
        llm.close()
    assert len(endpoint.requests) == 1
    assert (tmp_path / "cache" / "replies.sqlite").exists()
    assert len(list((tmp_path / "cache" / "trace").glob("*.jsonl"))) == 1


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"cache": "auto", "temperature": 0.7}, False),
        ({"cache": "always", "temperature": 0.7}, True),
        ({"cache": "off"}, False),
    ],
)
def test_what_is_kept(endpoint: Any, tmp_path: Path, changes: dict[str, Any], kept: bool) -> None:
    endpoint.says("one", "two")
    llm = connect(built(tmp_path, endpoint.settings(**changes)))
    assert llm is not None
    assert [llm.reply(SECRET).text, llm.reply(SECRET).text] == ["one", "one" if kept else "two"]


@pytest.mark.parametrize(
    ("policy", "url", "hidden"),
    [
        ("remote", "", False),
        ("always", "", True),
        ("never", "", False),
        ("remote", "https://api.example.org/v1", True),
        ("never", "https://api.example.org/v1", False),
        ("remote", "http://10.0.0.5:8000/v1", True),
        ("remote", "http://localhost:8000/v1", False),
        ("remote", "http://[::1]:8000/v1", False),
        ("remote", "http://localhost.evil.example/v1", True),
    ],
)
def test_what_is_redacted(endpoint: Any, tmp_path: Path, policy: str, url: str, hidden: bool) -> None:
    settings = endpoint.settings(redact=policy)
    settings = msgspec.structs.replace(settings, base_url=url or settings.base_url)
    llm = connect(built(tmp_path, settings))
    assert isinstance(llm, Door)
    assert (llm._hidden(SECRET)[1][0].content == "<email-1>") is hidden


def test_trace_is_off(endpoint: Any, tmp_path: Path) -> None:
    endpoint.says("x")
    llm = connect(built(tmp_path, endpoint.settings(trace="off")))
    assert llm is not None
    llm.reply(SECRET)
    assert not (tmp_path / "cache" / "trace").exists()


def test_budget_is_shared(endpoint: Any, tmp_path: Path) -> None:
    endpoint.says("x")
    budget = Budget(calls=1)
    one, other = (connect(built(tmp_path, endpoint.settings(cache="off")), budget=budget) for _ in range(2))
    assert one is not None
    assert other is not None
    one.reply(SECRET)
    with pytest.raises(BudgetError):
        other.reply(SECRET)
